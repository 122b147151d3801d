// What the host does before and after the device: quantize and dequantize, transpose, place bytes
// in DRAM. All floating point of a run is here.
#pragma once

#include <map>
#include <string>
#include <vector>

#include "contract/program.h"
#include "host/npy.h"

namespace zahl::host {

// Seeded values: quantized forms drawn uniformly from -128 to 127.
std::map<std::string, Array> random_inputs(const Program& program, uint64_t seed);

// Checks names, shapes and types and writes the int8 forms into `memory`. A single array without a
// name serves a graph with one input. A float array is quantized; an integer array must already
// hold the quantized values.
void place_inputs(const Program& program, const std::map<std::string, Array>& arrays,
                  MemoryImage& memory);

// The device as it starts: the program with these inputs in place. `file`, where the inputs are
// from one, goes before the sentence that they do not fit with.
DeviceProgram loaded_device(const Program& program, const std::map<std::string, Array>& inputs,
                            const std::string& file);

// Outputs by name, in the type and shape that the user's graph declares.
std::map<std::string, Array> take_outputs(const Program& program, const MemoryImage& memory);

}  // namespace zahl::host
