#include "compiler/lower/chain.h"

#include <algorithm>
#include <memory>

#include "compiler/lower/convolution.h"
#include "compiler/lower/window.h"
#include "compiler/plan/chain.h"
#include "compiler/plan/rows.h"
#include "isa/round.h"

namespace zahl::lower {
namespace {

constexpr int kMostRows = 16;    // of the last stage in a tick
constexpr int kFewestTicks = 4;  // fewer would leave the array waiting at the chain's begin and end

// One layer of a chain.
struct Stage {
  ir::NodeId node;
  std::unique_ptr<ConvLowering> conv;
  std::unique_ptr<WindowLowering> window;

  int64_t weight_bytes() const { return conv ? conv->weight_bytes() : window->weight_bytes(); }
  int64_t parameter_bytes() const {
    return conv ? conv->parameter_bytes() : window->parameter_bytes();
  }
  void do_rows(const std::vector<InputRows>& inputs, int64_t output_at, int r0, int r1,
               StripeResult* result) {
    if (conv) return conv->do_rows(inputs, output_at, r0, r1, result);
    window->do_rows(inputs[0], output_at, r0, r1, result);
  }
};

class ChainLowering {
 public:
  ChainLowering(const plan::Chain& chain, Context& context)
      : chain_(chain),
        context_(context),
        head_(plan::head_of(context.graph, chain)),
        layout_(choose_layout()),
        ticks_(context.graph, chain, layout_.rows),
        result_(context, chain.nodes.back(), layout_.result) {
    const auto sources = plan::sources_of(head_);
    for (size_t i = 0; i < sources.size(); ++i)
      inputs_.emplace_back(context, sources[i], layout_.inputs[i]);
    make_stages();
    keep_weights();
  }

  void run() {
    const int images = plan::output_shape(context_.graph, chain_.nodes.back()).n;
    const int last = static_cast<int>(stages_.size()) - 1;
    for (int image = 0; image < images; ++image) {
      for (int tick = 0; tick < ticks_.count() + last; ++tick) {
        for (int s = 0; s <= last; ++s) {
          if (tick - s >= 0 && tick - s < ticks_.count())
            do_stage(static_cast<size_t>(s), tick - s, image);
        }
      }
    }
  }

 private:
  plan::ChainLayout choose_layout() const {
    const int height = plan::output_shape(context_.graph, chain_.nodes.back()).h;
    const auto is_striped = [&](ir::TensorId t) { return !context_.home(t).is_on_chip; };
    plan::ChainLayout best;
    for (int rows = 1; rows <= std::min(kMostRows, std::max(1, height / kFewestTicks)); ++rows) {
      const plan::ChainLayout layout =
          plan::lay_out_chain(context_.graph, context_.plan.fusions, chain_, context_.config, rows,
                              context_.workspace().begin, is_striped);
      if (rows > 1 && layout.bytes > context_.workspace().bytes) break;
      best = layout;
    }
    return best;
  }

  void make_stages() {
    for (ir::NodeId node : chain_.nodes) {
      context_.layer = node;
      Stage stage;
      stage.node = node;
      if (const auto* conv = std::get_if<ir::Conv>(&plan::operation_of(context_.graph, node))) {
        stage.conv = std::make_unique<ConvLowering>(*conv, context_);
      } else {
        const auto& d = std::get<ir::Depthwise>(plan::operation_of(context_.graph, node));
        const ir::Shape& out = plan::output_shape(context_.graph, node);
        stage.window = std::make_unique<WindowLowering>(
            window_op(d, context_), std::vector<WindowArea>{{0, out.h, 0, out.w, d.requant}},
            context_);
      }
      stages_.push_back(std::move(stage));
    }
  }

  // One place for the weights of all stages, so that none pushes out another's.
  void keep_weights() {
    int64_t weights = 0, parameters = 0;
    for (const Stage& stage : stages_) {
      weights += round_up(stage.weight_bytes(), context_.config.line_bytes);
      parameters += stage.parameter_bytes();
    }
    int64_t weights_at = context_.weights.take(weights),
            parameters_at = context_.parameters.take(parameters);
    int line_base = 0;
    for (Stage& stage : stages_) {
      if (stage.conv) {
        stage.conv->keep_at(weights_at, parameters_at);
      } else {
        stage.window->keep_at(weights_at, parameters_at, line_base);
        line_base += stage.window->places();
      }
      weights_at += round_up(stage.weight_bytes(), context_.config.line_bytes);
      parameters_at += stage.parameter_bytes();
    }
  }

  int64_t slot(size_t stage, int tick) const {
    const plan::Region& region = layout_.between[stage];
    return region.begin + tick % 2 * (region.bytes / 2);
  }

  void do_stage(size_t s, int tick, int image) {
    const int r0 = ticks_.end(s, tick - 1), r1 = ticks_.end(s, tick);
    if (r0 >= r1) return;
    context_.layer = stages_[s].node;
    context_.begin_step();
    std::vector<InputRows> inputs;
    if (s > 0) {
      const int first = ticks_.end(s - 1, tick - 1);
      inputs = {{slot(s - 1, tick), first, ticks_.end(s - 1, tick) - first}};
    } else {
      for (TensorStripes& window : inputs_) {
        inputs.push_back(
            window.rows_for(image, r0 * head_.stride_h - head_.padding.top,
                            (r1 - 1) * head_.stride_h - head_.padding.top + plan::reach_of(head_)));
      }
    }
    if (s + 1 < stages_.size()) return stages_[s].do_rows(inputs, slot(s, tick), r0, r1, nullptr);
    const int64_t output_at = result_.open(image, r0, r1);
    stages_[s].do_rows(inputs, output_at, r0, r1, &result_);
  }

  const plan::Chain& chain_;
  Context& context_;
  const ir::Conv& head_;
  const plan::ChainLayout layout_;
  const plan::Ticks ticks_;
  std::vector<TensorStripes> inputs_;
  StripeResult result_;
  std::vector<Stage> stages_;
};

}  // namespace

void lower_chain(const plan::Chain& chain, Context& context) {
  ChainLowering(chain, context).run();
}

}  // namespace zahl::lower
