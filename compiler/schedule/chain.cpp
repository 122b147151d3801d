#include "compiler/schedule/chain.h"

#include <algorithm>
#include <memory>

#include "compiler/schedule/conv_lowering.h"
#include "compiler/schedule/window_lowering.h"

namespace zahl::schedule {
namespace {

constexpr int kMostRows = 16;    // of the last stage in a tick
constexpr int kFewestTicks = 4;  // fewer would leave the array waiting at the chain's begin and end
constexpr int kTables = 2;       // that post holds

int64_t align(int64_t value, int64_t to) { return (value + to - 1) / to * to; }

const ir::Operation& operation_of(const ir::Graph& graph, int node) {
  return graph.nodes[static_cast<size_t>(node)].operation;
}

const ir::Shape& output_shape(const ir::Graph& graph, int node) {
  return graph.tensors[static_cast<size_t>(ir::output_of(operation_of(graph, node)))].shape;
}

// What a stage holds on chip from its first tick to its last.
struct Holdings {
  int64_t weights = 0, parameters = 0, places = 0, tables = 0;
};

Holdings holdings_of(const ir::Graph& graph, int node, const hw::Config& config) {
  const ir::Shape& out = output_shape(graph, node);
  Holdings h;
  const auto count = [&](const ir::Requant& requant, int64_t blocks, int64_t tiles) {
    h.weights = align(blocks * tiles * config.weight_tile_bytes(), config.line_bytes);
    h.parameters = blocks * parameter_lines(is_uniform(requant), config) * config.line_bytes;
    h.tables = requant.table ? 1 : 0;
  };
  if (const auto* conv = std::get_if<ir::Conv>(&operation_of(graph, node))) {
    int64_t tiles = 0;
    for (ir::TensorId source : ConvLowering::sources_of(*conv)) {
      tiles += reduction_of(*conv, graph.tensors[static_cast<size_t>(source)].shape.c, out, config).tiles();
    }
    const int64_t blocks = int64_t{conv->groups} * ((out.c / conv->groups + config.columns - 1) / config.columns);
    count(conv->requant, blocks, tiles);
  } else if (const auto* d = std::get_if<ir::Depthwise>(&operation_of(graph, node))) {
    const int64_t blocks = (out.c + config.columns - 1) / config.columns;
    count(d->requant, blocks, 1);
    h.places = blocks * line_places((out.w - 1) * d->stride_w + d->kernel_w);
  }
  return h;
}

bool takes_rows(const ir::Operation& operation, const hw::Config& config) {
  if (const auto* conv = std::get_if<ir::Conv>(&operation)) {
    return conv->kernel_h == 1 && conv->stride_h == 1 && conv->more_inputs.empty() && conv->padding.top == 0 &&
           conv->padding.bottom == 0;
  }
  const auto* d = std::get_if<ir::Depthwise>(&operation);
  return d != nullptr && d->kernel_h > 1 && d->kernel_h >= d->stride_h && is_one_pass(d->kernel_h, d->kernel_w, config);
}

// Which rows each stage makes in which tick.
class Ticks {
 public:
  Ticks(const ir::Graph& graph, const Chain& chain, int rows) : graph_(graph), chain_(chain), rows_(rows) {}

  int count() const { return (output_shape(graph_, chain_.nodes.back()).h + rows_ - 1) / rows_; }

  // Rows of the stage that are made when its tick `tick` is over.
  int end(size_t stage, int tick) const {
    if (tick < 0) return 0;
    int end = std::min(output_shape(graph_, chain_.nodes.back()).h, (tick + 1) * rows_);
    for (size_t next = chain_.nodes.size() - 1; next > stage; --next) {
      if (const auto* d = std::get_if<ir::Depthwise>(&operation_of(graph_, chain_.nodes[next]))) {
        end = (end - 1) * d->stride_h - d->padding.top + d->kernel_h;
      }
      end = std::clamp(end, 0, output_shape(graph_, chain_.nodes[next - 1]).h);
    }
    return end;
  }

  // The most rows that a stage makes in a tick.
  int most(size_t stage) const {
    int most = 1;
    for (int t = 0; t < count(); ++t) most = std::max(most, end(stage, t) - end(stage, t - 1));
    return most;
  }

 private:
  const ir::Graph& graph_;
  const Chain& chain_;
  int rows_;
};

const ir::Conv& head_of(const ir::Graph& graph, const Chain& chain) {
  return std::get<ir::Conv>(operation_of(graph, chain.nodes.front()));
}

}  // namespace

bool can_be_chained(const ir::Graph& graph, const Fusions& fusions, const Chain& chain, const hw::Config& config,
                    const Options& options) {
  Holdings all;
  for (size_t i = 0; i < chain.nodes.size(); ++i) {
    const int node = chain.nodes[i];
    if (fusions.chain[static_cast<size_t>(node)] >= 0) return false;
    if (i > 0 && !takes_rows(operation_of(graph, node), config)) return false;
    const Holdings h = holdings_of(graph, node, config);
    all.weights += h.weights, all.parameters += h.parameters, all.places += h.places, all.tables += h.tables;
  }
  const int follower = fusions.follower[static_cast<size_t>(chain.nodes.back())];
  if (follower >= 0 && std::get<ir::Eltwise>(operation_of(graph, follower)).table) ++all.tables;
  const auto everything_streams = [](ir::TensorId) { return true; };
  const int64_t most = weight_ring_begin(config, options) - config.scratchpad_bank_bytes;
  return all.weights <= weight_ring_bytes(config, options) * 3 / 4 &&
         all.parameters + kTables * 256 <= config.scratchpad_bank_bytes && all.places <= config.line_buffer_pixels &&
         all.tables <= kTables && lay_out_chain(graph, fusions, chain, config, 1, 0, everything_streams).bytes <= most;
}

ChainLayout lay_out_chain(const ir::Graph& graph, const Fusions& fusions, const Chain& chain, const hw::Config& config,
                          int rows, int64_t begin, const std::function<bool(ir::TensorId)>& is_streamed) {
  ChainLayout layout;
  layout.rows = rows;
  const Ticks ticks(graph, chain, rows);
  const size_t last = chain.nodes.size() - 1;
  int64_t at = begin;
  const auto row_bytes = [&](ir::TensorId t) {
    const ir::Shape& shape = graph.tensors[static_cast<size_t>(t)].shape;
    return int64_t{shape.w} * shape.c;
  };
  // What goes to or comes from DRAM has banks of its own.
  const auto take_banks = [&](ir::TensorId tensor, int64_t slot_rows) {
    if (!is_streamed(tensor)) return Region{begin, 0};
    const Region region{at, align(2 * slot_rows * row_bytes(tensor), config.scratchpad_bank_bytes)};
    at += region.bytes;
    return region;
  };
  const ir::Conv& head = head_of(graph, chain);
  for (ir::TensorId source : ConvLowering::sources_of(head)) {
    const int64_t most = (ticks.most(0) - 1) * int64_t{head.stride_h} + ConvLowering::reach_of(head);
    layout.inputs.push_back(take_banks(source, most));
  }

  const ir::TensorId output = ir::output_of(operation_of(graph, chain.nodes[last]));
  const int follower = fusions.follower[static_cast<size_t>(chain.nodes[last])];
  std::vector<Region> followed;
  if (follower < 0) {
    layout.result = {take_banks(output, rows)};
  } else {
    const auto& next = std::get<ir::Eltwise>(operation_of(graph, follower));
    followed = {take_banks(other_operand(next, output), rows), take_banks(next.output, rows)};
  }
  // A window's last block may read past the last channel of the last pixel.
  const auto take_slots = [&](ir::TensorId tensor, int64_t slot_rows) {
    const int64_t slot = align(slot_rows * row_bytes(tensor) + config.columns, config.line_bytes);
    at += 2 * slot;
    return Region{at - 2 * slot, 2 * slot};
  };
  for (size_t i = 0; i < last; ++i) {
    layout.between.push_back(take_slots(ir::output_of(operation_of(graph, chain.nodes[i])), ticks.most(i)));
  }
  if (follower >= 0) {
    const auto& next = std::get<ir::Eltwise>(operation_of(graph, follower));
    if (is_streamed(other_operand(next, output)) || is_streamed(next.output)) {
      layout.result = {take_slots(output, rows)};
    } else {  // batches, of at most an accumulator bank
      const int64_t slots = 2 * int64_t{config.accumulator_bank_vectors} * config.columns;
      layout.result = {{at, slots}};
      at += slots;
    }
    layout.result.insert(layout.result.end(), followed.begin(), followed.end());
  }
  layout.bytes = at - begin;
  return layout;
}

namespace {

// One layer of a chain.
struct Stage {
  int node = 0;
  std::unique_ptr<ConvLowering> conv;
  std::unique_ptr<WindowLowering> window;

  int64_t weight_bytes() const { return conv ? conv->weight_bytes() : window->weight_bytes(); }
  int64_t parameter_bytes() const { return conv ? conv->parameter_bytes() : window->parameter_bytes(); }
  void do_rows(const std::vector<InputRows>& inputs, int64_t output_at, int r0, int r1, StripeResult* result) {
    if (conv) return conv->do_rows(inputs, output_at, r0, r1, result);
    window->do_rows(inputs[0], output_at, r0, r1, result);
  }
};

class ChainLowering {
 public:
  ChainLowering(const Chain& chain, Context& context)
      : chain_(chain),
        c_(context),
        head_(head_of(context.graph, chain)),
        layout_(choose_layout()),
        ticks_(context.graph, chain, layout_.rows),
        result_(context, chain.nodes.back(), layout_.result) {
    const auto sources = ConvLowering::sources_of(head_);
    for (size_t i = 0; i < sources.size(); ++i) inputs_.emplace_back(context, sources[i], layout_.inputs[i]);
    make_stages();
    keep_weights();
  }

  void run() {
    const int images = output_shape(c_.graph, chain_.nodes.back()).n;
    const int last = static_cast<int>(stages_.size()) - 1;
    for (int image = 0; image < images; ++image) {
      for (int tick = 0; tick < ticks_.count() + last; ++tick) {
        for (int s = 0; s <= last; ++s) {
          if (tick - s >= 0 && tick - s < ticks_.count()) do_stage(static_cast<size_t>(s), tick - s, image);
        }
      }
    }
  }

 private:
  ChainLayout choose_layout() const {
    const int height = output_shape(c_.graph, chain_.nodes.back()).h;
    const auto is_streamed = [&](ir::TensorId t) { return !c_.home(t).is_on_chip; };
    ChainLayout best;
    for (int rows = 1; rows <= std::min(kMostRows, std::max(1, height / kFewestTicks)); ++rows) {
      const ChainLayout layout =
          lay_out_chain(c_.graph, c_.plan.fusions, chain_, c_.config, rows, c_.workspace().begin, is_streamed);
      if (rows > 1 && layout.bytes > c_.workspace().bytes) break;
      best = layout;
    }
    return best;
  }

  void make_stages() {
    for (int node : chain_.nodes) {
      c_.layer = node;
      Stage stage;
      stage.node = node;
      if (const auto* conv = std::get_if<ir::Conv>(&operation_of(c_.graph, node))) {
        stage.conv = std::make_unique<ConvLowering>(*conv, c_);
      } else {
        const auto& d = std::get<ir::Depthwise>(operation_of(c_.graph, node));
        const ir::Shape& out = output_shape(c_.graph, node);
        stage.window = std::make_unique<WindowLowering>(window_op(d, c_),
                                                        std::vector<WindowArea>{{0, out.h, 0, out.w, d.requant}}, c_);
      }
      stages_.push_back(std::move(stage));
    }
  }

  // One place for the weights of all stages, so that none pushes out another's.
  void keep_weights() {
    int64_t weights = 0, parameters = 0;
    for (const Stage& stage : stages_) {
      weights += align(stage.weight_bytes(), c_.config.line_bytes);
      parameters += stage.parameter_bytes();
    }
    int64_t weights_at = c_.weights.take(weights), parameters_at = c_.parameters.take(parameters);
    int line_base = 0;
    for (Stage& stage : stages_) {
      if (stage.conv) {
        stage.conv->keep_at(weights_at, parameters_at);
      } else {
        stage.window->keep_at(weights_at, parameters_at, line_base);
        line_base += stage.window->places();
      }
      weights_at += align(stage.weight_bytes(), c_.config.line_bytes);
      parameters_at += stage.parameter_bytes();
    }
  }

  int64_t slot(size_t stage, int tick) const {
    const Region& region = layout_.between[stage];
    return region.begin + tick % 2 * (region.bytes / 2);
  }

  void do_stage(size_t s, int tick, int image) {
    const int r0 = ticks_.end(s, tick - 1), r1 = ticks_.end(s, tick);
    if (r0 >= r1) return;
    c_.layer = stages_[s].node;
    c_.begin_step();
    std::vector<InputRows> inputs;
    if (s > 0) {
      const int first = ticks_.end(s - 1, tick - 1);
      inputs = {{slot(s - 1, tick), first, ticks_.end(s - 1, tick) - first}};
    } else {
      for (RowWindow& window : inputs_) {
        inputs.push_back(
            window.rows_for(image, r0 * head_.stride_h - head_.padding.top,
                            (r1 - 1) * head_.stride_h - head_.padding.top + ConvLowering::reach_of(head_)));
      }
    }
    if (s + 1 < stages_.size()) return stages_[s].do_rows(inputs, slot(s, tick), r0, r1, nullptr);
    const int64_t output_at = result_.open(image, r0, r1);
    stages_[s].do_rows(inputs, output_at, r0, r1, &result_);
  }

  const Chain& chain_;
  Context& c_;
  const ir::Conv& head_;
  const ChainLayout layout_;
  const Ticks ticks_;
  std::vector<RowWindow> inputs_;
  StripeResult result_;
  std::vector<Stage> stages_;
};

}  // namespace

void lower_chain(const Chain& chain, Context& context) { ChainLowering(chain, context).run(); }

}  // namespace zahl::schedule
