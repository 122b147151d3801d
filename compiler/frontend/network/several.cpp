#include "compiler/frontend/network/several.h"

namespace zahl::frontend {

std::vector<int64_t> place_dims(const Value& value) {
  const ir::Shape shape = memory_shape(value);
  return {1, shape.elements() / shape.c, 1, shape.c};
}

ValueId beside_each_other(Network& network, const NodeName& node, const std::vector<ValueId>& ids) {
  ConcatLayer layer{.inputs = {}, .output = -1, .axis = 2};
  Value place;
  for (ValueId id : ids) {
    place = network.value(id);
    place.dims = place_dims(place);
    place.order = plain_order(4);
    if (place.constant) {
      layer.inputs.push_back(network.add(place));
      continue;
    }
    layer.inputs.push_back(network.add(place));
    network.layers.push_back({node, ReshapeLayer{id, layer.inputs.back()}});
  }
  Value whole = network.value(layer.inputs.front());
  whole.constant.reset();
  whole.dims[2] = static_cast<int64_t>(ids.size());
  layer.output = network.add(std::move(whole));
  const ValueId result = layer.output;
  network.layers.push_back({node, std::move(layer)});
  return result;
}

ValueId put_back(Network& network, const NodeName& node, ValueId id, const Value& like) {
  Value value = network.value(id);
  value.dims = like.dims;
  value.order = like.order;
  const ValueId result = network.add(std::move(value));
  network.layers.push_back({node, ReshapeLayer{id, result}});
  return result;
}

ValueId turned(Network& network, const NodeName& node, ValueId id) {
  TableLayer layer{.input = id, .output = -1, .table = {}};
  for (int q = -128; q < 128; ++q)
    layer.table[static_cast<size_t>(q + 128)] = static_cast<int8_t>(-1 - q);
  Value value = network.value(id);
  value.zero_point = -1 - value.zero_point;
  layer.output = network.add(std::move(value));
  const ValueId result = layer.output;
  network.layers.push_back({node, layer});
  return result;
}

ValueId extreme_of(Network& network, const NodeName& node, ValueId beside, size_t count,
                   bool is_minimum) {
  PoolLayer layer{.input = is_minimum ? turned(network, node, beside) : beside};
  set_place_window(layer, count);
  Value value = network.value(layer.input);
  value.dims[2] = 1;
  layer.output = network.add(std::move(value));
  const ValueId result = layer.output;
  network.layers.push_back({node, layer});
  return is_minimum ? turned(network, node, result) : result;
}

}  // namespace zahl::frontend
