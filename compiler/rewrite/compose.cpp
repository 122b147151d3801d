#include "compiler/rewrite/compose.h"

#include <map>

#include "compiler/arithmetic/requantize.h"
#include "compiler/rewrite/prune.h"

namespace zahl::rewrite {
namespace {

using Table = std::array<int8_t, 256>;

Table then(const Table& first, const Table& second) {
  Table both{};
  for (size_t i = 0; i < 256; ++i) both[i] = second[static_cast<size_t>(first[i] + 128)];
  return both;
}

Table identity() {
  Table table{};
  for (size_t i = 0; i < 256; ++i) table[i] = static_cast<int8_t>(static_cast<int>(i) - 128);
  return table;
}

// The tensors from which `id` follows by tables alone, itself first.
std::map<ir::TensorId, Table> ancestors(const std::map<ir::TensorId, ir::Lookup>& lookups,
                                        ir::TensorId id) {
  std::map<ir::TensorId, Table> found{{id, identity()}};
  Table table = identity();
  for (auto it = lookups.find(id); it != lookups.end(); it = lookups.find(id)) {
    table = then(it->second.table, table);
    id = it->second.input;
    found.emplace(id, table);
  }
  return found;
}

}  // namespace

void compose(ir::Graph& graph) {
  std::map<ir::TensorId, ir::Lookup> lookups;
  for (ir::Node& node : graph.nodes) {
    if (const auto* op = std::get_if<ir::Eltwise>(&node.operation)) {
      const auto of_a = ancestors(lookups, op->a), of_b = ancestors(lookups, op->b);
      // The nearest common one: the ancestor whose own ancestors are fewest steps away has the
      // largest chain left.
      std::optional<ir::Lookup> merged;
      for (ir::TensorId id = op->a;;) {
        if (const auto b = of_b.find(id); b != of_b.end()) {
          merged = ir::Lookup{.input = id, .output = op->output, .table = {}};
          for (size_t i = 0; i < 256; ++i)
            merged->table[i] = arithmetic::evaluate(*op, of_a.at(id)[i], b->second[i]);
          break;
        }
        const auto up = lookups.find(id);
        if (up == lookups.end()) break;
        id = up->second.input;
      }
      if (merged) {
        for (const ir::TensorId operand : {op->a, op->b}) {
          for (const ir::Node& other : graph.nodes) {
            if (operand != merged->input && ir::output_of(other.operation) == operand)
              node.name = other.name + " + " + node.name;
          }
        }
        node.operation = *merged;
      }
    }
    if (const auto* lookup = std::get_if<ir::Lookup>(&node.operation))
      lookups.emplace(lookup->output, *lookup);
  }
  prune(graph);
}

}  // namespace zahl::rewrite
