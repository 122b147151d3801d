#include "tests/support/random_moves.h"

#include <algorithm>

namespace zahl::test {
namespace {

int number(std::mt19937_64& random, int low, int high) {
  return std::uniform_int_distribution<int>(low, high)(random);
}

int& extent(ir::Shape& shape, int axis) {
  return axis == 1 ? shape.h : axis == 2 ? shape.w : shape.c;
}

}  // namespace

RandomConcat random_concat(std::mt19937_64& random, ir::Graph& graph, ir::TensorId current) {
  const auto tensor = [&](ir::TensorId id) -> ir::Tensor& { return graph.tensors[id]; };
  RandomConcat made{{{current}, {}, number(random, 1, 3)}, tensor(current).shape};
  std::vector<ir::TensorId> fitting;
  for (ir::TensorId t : graph.tensors.ids()) {
    ir::Shape other = graph.tensors[t].shape;
    extent(other, made.concat.axis) = extent(tensor(current).shape, made.concat.axis);
    if (other == tensor(current).shape) fitting.push_back(t);
  }
  for (int more = number(random, 1, 3); more > 0; --more) {
    const auto pick = static_cast<size_t>(number(random, 0, static_cast<int>(fitting.size()) - 1));
    const ir::TensorId id = fitting[pick];
    if (number(random, 1, 3) > 1) tensor(id).zero_point = tensor(current).zero_point;
    extent(made.shape, made.concat.axis) += extent(tensor(id).shape, made.concat.axis);
    made.concat.inputs.push_back(id);
  }
  if (number(random, 1, 2) == 1) std::swap(made.concat.inputs.front(), made.concat.inputs.back());
  return made;
}

RandomMove random_move(std::mt19937_64& random, ir::TensorId input, const ir::Shape& in) {
  std::array<int, 4> sizes = {in.n, in.h, in.w, in.c}, repeats = {1, 1, 1, 1};
  const std::array<int64_t, 4> steps = {int64_t{in.h} * in.w * in.c, int64_t{in.w} * in.c, in.c, 1};
  std::array<size_t, 4> order = {0, 1, 2, 3};
  RandomMove made{{input, {}, 0, {}}, {1, 1, 1, 1}};
  const int kind = number(random, 0, 3);
  if (kind == 3 &&
      in.c % 2 == 0) {  // channels of two halves in turn, and perhaps only some of them
    const int half = in.c / 2, kept = number(random, 1, half);
    made.move.axes = {{in.n * in.h * in.w, in.c}, {kept, 1}, {2, half}};
    made.shape = {in.n, in.h, in.w, 2 * kept};
    return made;
  }
  for (size_t axis = 1; axis < 4; ++axis) {
    if (kind == 0) {
      const int size = number(random, 1, sizes[axis]);
      made.move.offset += number(random, 0, sizes[axis] - size) * steps[axis];
      sizes[axis] = size;
    } else if (kind == 1 && axis < 3) {
      repeats[axis] = number(random, 1, 2);
    }
  }
  if (kind == 2) std::shuffle(order.begin() + 1, order.end(), random);
  int* const extents[] = {&made.shape.n, &made.shape.h, &made.shape.w, &made.shape.c};
  for (size_t i = 0; i < 4; ++i) {
    const size_t axis = order[i];
    made.move.axes.push_back({sizes[axis], steps[axis]});
    made.move.axes.push_back({repeats[axis], 0});
    *extents[i] = sizes[axis] * repeats[axis];
  }
  return made;
}

}  // namespace zahl::test
