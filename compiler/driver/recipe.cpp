#include "compiler/driver/recipe.h"

#include <fmt/format.h>

#include <array>
#include <stdexcept>

#include "compiler/check/check_program.h"
#include "compiler/driver/image.h"
#include "compiler/emit/order.h"
#include "compiler/emit/tokens.h"
#include "compiler/frontend/network/fold_padding.h"
#include "compiler/frontend/read_model.h"
#include "compiler/integerize/integerize.h"
#include "compiler/plan/memory_plan.h"
#include "compiler/rewrite/arrange.h"
#include "compiler/rewrite/compose.h"
#include "compiler/rewrite/delay_shortcuts.h"
#include "compiler/rewrite/fuse.h"
#include "compiler/rewrite/prune.h"

namespace zahl::compiler {
namespace {

void read(Compilation& c) { c.network = frontend::read_model(c.file, c.left, c.notes); }

void fold_padding(Compilation& c) { frontend::fold_padding(c.network); }

void integerize(Compilation& c) {
  c.graph = integerize::integerize(c.network, c.left);
  c.graph.name = c.file.path.stem().string();
  // What the file itself says wrong shows here first: it is the user's to mend.
  if (const std::string reason = ir::verify(c.graph); !reason.empty()) {
    frontend::refuse(fmt::format("after 'integerize': {}", reason),
                     "use an intact file in which every tensor is computed before it is read");
  }
}

void prune(Compilation& c) { rewrite::prune(c.graph); }
void compose(Compilation& c) { rewrite::compose(c.graph); }
void fuse(Compilation& c) { rewrite::fuse(c.graph); }
void arrange(Compilation& c) { rewrite::arrange(c.graph); }

void plan(Compilation& c) { c.plan = plan::plan_memory(c.graph, c.config, c.options); }

// Shortcuts run late where the plan then moves fewer bytes.
void delay_shortcuts(Compilation& c) {
  if (c.plan.traffic == 0) return;
  ir::Graph late = rewrite::with_late_shortcuts(c.graph);
  plan::MemoryPlan plan = plan::plan_memory(late, c.config, c.options);
  if (plan.traffic >= c.plan.traffic) return;
  c.graph = std::move(late);
  c.plan = std::move(plan);
}

void lower(Compilation& c) { c.schedule = lower::schedule_graph(c.graph, c.config, c.plan); }

void order(Compilation& c) {
  c.sequence = emit::order_steps(std::move(c.schedule.steps), c.options.load_ahead);
}

void assign_tokens(Compilation& c) { emit::assign_tokens(c.sequence, c.config); }

void write_image(Compilation& c) {
  c.program = program_image(c.graph, c.config, c.plan, c.schedule, std::move(c.sequence));
}

void check(Compilation& c) {
  const std::string error = check::check_program(c.program);
  if (!error.empty()) {
    throw std::logic_error(
        fmt::format("the compiler made an unsound program for {}: {}", c.graph.name, error));
  }
}

constexpr std::array kReading = {
    Pass{"read", "compiler/frontend", read},
    Pass{"fold_padding", "compiler/frontend", fold_padding},
    Pass{"integerize", "compiler/integerize", integerize},
    Pass{"prune", "compiler/rewrite", prune},
    Pass{"compose", "compiler/rewrite", compose},
    Pass{"fuse", "compiler/rewrite", fuse},
};

constexpr std::array kScheduling = {
    Pass{"arrange", "compiler/rewrite", arrange},
    Pass{"plan", "compiler/plan", plan},
    Pass{"delay_shortcuts", "compiler/rewrite", delay_shortcuts},
    Pass{"lower", "compiler/lower", lower},
    Pass{"order", "compiler/emit", order},
    Pass{"assign_tokens", "compiler/emit", assign_tokens},
    Pass{"write_image", "compiler/driver", write_image},
    Pass{"check", "compiler/check", check},
};

}  // namespace

std::span<const Pass> reading_passes() { return kReading; }
std::span<const Pass> scheduling_passes() { return kScheduling; }

void run_passes(std::span<const Pass> passes, Compilation& compilation) {
  for (const Pass& pass : passes) {
    pass.run(compilation);
    if (compilation.graph.nodes.empty()) continue;
    const std::string reason = ir::verify(compilation.graph);
    if (!reason.empty()) throw std::logic_error(fmt::format("after '{}': {}", pass.name, reason));
  }
}

}  // namespace zahl::compiler
