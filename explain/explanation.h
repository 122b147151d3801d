// What became of a quantized model: the file's nodes beside the integers that the device computes
// with. Everything that `zahl explain` prints and that level 1 of `zahl prove` checks is here; the
// scales come from the file, M0 and the shifts from the compiler's graph, so that comparing them
// says something.
#pragma once

#include <filesystem>
#include <optional>
#include <string>
#include <vector>

#include "compiler/driver/load_model.h"
#include "compiler/frontend/read_model.h"
#include "explain/rational.h"

namespace zahl::explain {

using frontend::SourceGraph;

// A factor M of a layer: exact, from the file's float32 scales, and as the device has it.
struct Factor {
  std::string of;       // "channel 3", "all channels", "a", "b", "sum"
  std::string formula;  // "Sx * Sw / Sy"
  Rational exact;
  // What the framework's own definition rounds: differs from `exact` where TFLite multiplies two
  // scales in float32.
  Rational defined;
  uint32_t m0 = 0;
  int shift = 0;
  Rational allowed;  // the largest |M0 * 2^-n - defined| that rounding to M0 explains
  Rational device() const { return fixed_point(m0, shift); }
  Rational error() const { return exact == 0 ? Rational(0) : relative_error(device(), exact); }
  bool holds() const { return boost::multiprecision::abs(Rational(device() - defined)) <= allowed; }
};

struct LayerFacts {
  ir::NodeId node;   // of the graph
  std::string kind;  // "conv", "depthwise", "max_pool", "average_pool", "add", "sub", "mul",
                     // "table", "softmax", "move"
  std::vector<int>
      source;           // nodes of the file that it stands for, Quantize and Dequantize left out
  int main = -1;        // the one that names its operator; -1 where none is found
  std::string formula;  // in symbols
  std::string numbers;  // the same with this layer's own numbers
  std::string clamp;    // what the clamp means in real numbers
  std::optional<isa::Rounding> rounding;
  int zx = 0, zw = 0, zy = 0, low = -128, high = 127;
  bool has_table = false;
  std::vector<float> sx, sw;  // one, or one an operand; one, or one a channel
  std::optional<float> sy;    // before the table, where there is one
  std::vector<Factor> factors;
  std::optional<Integer> accumulator_low, accumulator_high;  // over all inputs
  int accumulator_bits = 32;                                 // that the device has for it
  std::vector<std::string> problems;  // where file and graph do not fit together
};

// A QuantizeLinear or DequantizeLinear of the file (TFLite: QUANTIZE, DEQUANTIZE), and what became
// of it.
struct Absorbed {
  enum class Place { Layer, HostInput, HostOutput, Float, Vanished };
  int node = -1;  // of the file
  Place place = Place::Vanished;
  ir::NodeId layer{};     // where place is Layer
  std::string role{};     // "requantization", "input", "weights", "bias", "table", "moves"
  std::string what{};     // a sentence part: what its scale and zero point became
  std::string problem{};  // empty, or how its numbers differ from the edge's
};

struct Explanation {
  std::string name, path;
  std::string format;  // "onnx-qdq", "onnx-qoperator", "onnx-dynamic", "onnx-float", "tflite",
                       // "tflite-float"
  SourceGraph source;
  ir::Graph graph;
  std::vector<frontend::LeftInFloat> left;
  ir::Indexed<ir::NodeId, LayerFacts> layers;
  std::vector<ir::NodeId> layer_of_source;  // by node of the file: the layer, or none
  std::vector<Absorbed> absorbed;
  std::vector<std::string> notes;  // what was taken for granted about the file
  int dynamic_nodes = 0;           // DynamicQuantizeLinear and the like
};

// Reads the model twice, as the file has it and as the compiler lowers it, and brings both
// together. Throws UserError for a file that cannot be read at all.
Explanation explain_model(const frontend::ModelFile& file);

// The same for parts that are given; `graph` may have been changed by a test.
Explanation explain_parts(SourceGraph source, compiler::PartialModel model);

// Scale and zero point (of the int8 form) where the file states them for a node's operand or
// result.
struct SourceScaling {
  std::vector<float> scales;
  std::vector<int64_t> zero_points;
  bool is_by_input = false;  // weights: along another axis than the output channels
};
bool is_quantize(const frontend::SourceNode& node);
bool is_dequantize(const frontend::SourceNode& node);
SourceScaling scaling_of_pair(const SourceGraph& source, int node);
std::optional<SourceScaling> weight_scaling(const SourceGraph& source, int node);
// Each that a Quantize behind the node states: several where its result is quantized anew.
std::vector<SourceScaling> result_scalings(const SourceGraph& source, int node);

// Whether a node only rearranges or renames, so that no layer need be left of it.
bool keeps_bytes(const SourceGraph& source, const frontend::SourceNode& node);

// The steps of explain_parts, each in a file of its own.
void assign_owners(Explanation& e);                                            // ownership.cpp
void follow_pairs(Explanation& e);                                             // absorbed.cpp
LayerFacts facts_of(const Explanation& e, ir::NodeId node, LayerFacts facts);  // layer_facts.cpp
void write_formulas(const Explanation& e, LayerFacts& facts);                  // formulas.cpp

}  // namespace zahl::explain
