#include "tests/support/random_graph.h"

#include <fmt/format.h>

#include <algorithm>
#include <random>

#include "tests/support/random_moves.h"

namespace zahl::test {
namespace {

class GraphMaker {
 public:
  explicit GraphMaker(uint64_t seed) : random_(seed) {}

  ir::Graph make() {
    return make({one_in(6) ? 2 : 1, number(1, 14), number(1, 14),
                 one_in(3) ? number(1, 4) : number(1, 40)});
  }

  ir::Graph make_wide() {
    return make({1, number(1, 5), one_in(3) ? number(1, 96) : number(1, 12),
                 one_in(3) ? number(1, 8) : number(20, 160)});
  }

  ir::Graph make(const ir::Shape& shape) {
    graph_.name = "random";
    graph_.format = "random";
    current_ = add_tensor(shape);
    graph_.inputs.push_back({current_, view(shape)});
    const int nodes = number(1, 6);
    for (int i = 0; i < nodes; ++i) add_node();
    graph_.outputs.push_back({current_, view(tensor(current_).shape)});
    return graph_;
  }

  ir::Graph make_rows() {
    return make_rows({one_in(6) ? 2 : 1, number(4, 24), number(4, 24),
                      one_in(3) ? number(1, 4) : number(8, 48)});
  }

  ir::Graph make_long_rows() {
    return make_rows({1, number(6, 20), number(25, 70), number(1, 12)});
  }

  ir::Graph make_rows(const ir::Shape& shape) {
    graph_.name = "random_rows";
    graph_.format = "random";
    current_ = add_tensor(shape);
    graph_.inputs.push_back({current_, view(shape)});
    for (int chain = number(1, 2); chain > 0; --chain) add_row_chain();
    if (one_in(2)) add_node();
    graph_.outputs.push_back({current_, view(tensor(current_).shape)});
    return graph_;
  }

 private:
  int number(int low, int high) { return std::uniform_int_distribution<int>(low, high)(random_); }
  bool one_in(int n) { return number(1, n) == 1; }
  int8_t byte() { return static_cast<int8_t>(number(-128, 127)); }
  const ir::Tensor& tensor(ir::TensorId id) const { return graph_.tensors[id]; }

  static ir::HostView view(const ir::Shape& s) {
    return {ir::HostView::Type::Int8, {s.n, s.h, s.w, s.c}, false};
  }

  ir::TensorId add_tensor(const ir::Shape& shape) { return add_tensor(shape, byte()); }
  ir::TensorId add_tensor(const ir::Shape& shape, int zero_point) {
    ir::Tensor t;
    t.name = fmt::format("t{}", graph_.tensors.size());
    t.shape = shape;
    t.zero_point = zero_point;
    return graph_.tensors.add(t);
  }

  std::vector<int8_t> bytes(int64_t count) {
    std::vector<int8_t> v(static_cast<size_t>(count));
    for (auto& b : v) b = byte();
    return v;
  }

  std::optional<std::array<int8_t, 256>> maybe_table() {
    if (!one_in(4)) return std::nullopt;
    return table();
  }
  std::array<int8_t, 256> table() {
    std::array<int8_t, 256> t;
    for (auto& b : t) b = byte();
    return t;
  }

  ir::Requant requant(int channels, int taps) {
    ir::Requant r;
    r.rounding = static_cast<isa::Rounding>(number(0, 3));
    const int shift = 30 + static_cast<int>(std::max(1, taps) > 16 ? 9 : 7) + number(-2, 2);
    const int entries = one_in(3) ? 1 : channels;
    for (int c = 0; c < channels; ++c) r.bias.push_back(number(-3000, 3000));
    for (int c = 0; c < entries; ++c) {
      r.m0.push_back(static_cast<uint32_t>(number(1 << 30, 2147483647)));
      r.shift.push_back(static_cast<uint8_t>(shift + (entries > 1 ? number(0, 2) : 0)));
    }
    r.zero_point = byte();
    r.low = number(-128, 0);
    r.high = number(r.low, 127);
    r.table = maybe_table();
    return r;
  }

  struct Axis {
    int kernel = 1, stride = 1, dilation = 1, before = 0, after = 0, out = 1;
  };

  // A kernel, stride, dilation and padding that give at least one output; windows always touch the
  // input.
  Axis axis(int in, int largest_kernel, bool may_dilate) {
    for (;;) {
      Axis a;
      a.kernel = number(1, largest_kernel);
      a.stride = number(1, 3);
      a.dilation = may_dilate && one_in(4) ? 2 : 1;
      const int reach = (a.kernel - 1) * a.dilation + 1;
      a.before = number(0, std::min(a.kernel - 1, in - 1));
      a.after = number(0, std::min(a.kernel - 1, in - 1));
      if (in + a.before + a.after < reach) continue;
      a.out = (in + a.before + a.after - reach) / a.stride + 1;
      if ((a.out - 1) * a.stride - a.before < in) return a;
    }
  }

  template <class Op>
  void set_window(Op& op, const Axis& y, const Axis& x) {
    op.kernel_h = y.kernel, op.kernel_w = x.kernel;
    op.stride_h = y.stride, op.stride_w = x.stride;
    op.padding = {y.before, y.after, x.before, x.after};
  }

  void finish(ir::Operation operation, ir::TensorId output) {
    graph_.nodes.add(
        {fmt::format("node{}", graph_.nodes.size()), "Random", 1, std::move(operation)});
    current_ = output;
  }

  void add_node() {
    switch (number(0, 12)) {
      case 0:
      case 1:
      case 2:
        return add_conv();
      case 3:
        return add_depthwise();
      case 4:
        return add_max_pool();
      case 5:
        return add_average_pool();
      case 6:
        return add_eltwise();
      case 7:
        return one_in(2) ? add_lookup() : add_softmax();
      case 8:
        return add_reshape();
      case 9:
        return add_concat();
      case 10:
        return add_move();
      case 11:
        return add_split();
      default:
        return add_residual();
    }
  }

  void add_conv() {
    const ir::Shape in = tensor(current_).shape;
    ir::Conv c;
    const Axis y = axis(in.h, std::min(5, in.h + 2), true),
               x = axis(in.w, std::min(5, in.w + 2), true);
    set_window(c, y, x);
    c.dilation_h = y.dilation, c.dilation_w = x.dilation;
    c.groups = in.c % 2 == 0 && one_in(4) ? 2 : 1;
    const int out = c.groups * number(1, 40);
    c.input = current_;
    c.output = add_tensor({in.n, y.out, x.out, out});
    c.weights = bytes(int64_t{out} * c.kernel_h * c.kernel_w * (in.c / c.groups));
    c.weight_zero = one_in(3) ? byte() : 0;
    c.requant = requant(out, c.kernel_h * c.kernel_w * in.c);
    const auto output = c.output;
    finish(std::move(c), output);
  }

  void add_row_chain() {
    const ir::TensorId before = current_;
    one_in(2) ? add_conv() : add_pointwise(number(8, 64));
    for (int more = number(1, 4); more > 0; --more)
      one_in(2) ? add_pointwise(number(8, 64)) : add_row_depthwise();
    if (one_in(2)) return;
    const ir::Shape &first = tensor(before).shape, &last = tensor(current_).shape;
    if (first.h != last.h || first.w != last.w) return add_eltwise();
    add_pointwise(first.c);
    add_eltwise_with(before);
  }

  void add_pointwise(int out) {
    const ir::Shape in = tensor(current_).shape;
    ir::Conv c;
    c.input = current_;
    c.output = add_tensor({in.n, in.h, in.w, out});
    c.weights = bytes(int64_t{out} * in.c);
    c.weight_zero = one_in(3) ? byte() : 0;
    c.requant = requant(out, in.c);
    const auto output = c.output;
    finish(std::move(c), output);
  }

  void add_row_depthwise() {
    const ir::Shape in = tensor(current_).shape;
    const int kernel = number(2, 3), stride = number(1, 2), pad = one_in(4) ? 0 : 1;
    const auto outputs = [&](int size) { return (size + 2 * pad - kernel) / stride + 1; };
    if (in.h + 2 * pad < kernel || in.w + 2 * pad < kernel || kernel == pad + 1)
      return add_pointwise(in.c);
    ir::Depthwise d;
    d.kernel_h = d.kernel_w = kernel;
    d.stride_h = d.stride_w = stride;
    d.padding = {pad, pad, pad, pad};
    d.input = current_;
    d.output = add_tensor({in.n, outputs(in.h), outputs(in.w), in.c});
    d.weights = bytes(int64_t{kernel} * kernel * in.c);
    d.weight_zero = one_in(3) ? byte() : 0;
    d.requant = requant(in.c, kernel * kernel);
    const auto output = d.output;
    finish(std::move(d), output);
  }

  void add_depthwise() {
    const ir::Shape in = tensor(current_).shape;
    ir::Depthwise d;
    const Axis y = axis(in.h, std::min(7, in.h + 2), false),
               x = axis(in.w, std::min(one_in(5) ? 20 : 7, in.w + 2), false);
    set_window(d, y, x);
    d.input = current_;
    d.output = add_tensor({in.n, y.out, x.out, in.c});
    d.weights = bytes(int64_t{d.kernel_h} * d.kernel_w * in.c);
    d.weight_zero = one_in(3) ? byte() : 0;
    d.requant = requant(in.c, d.kernel_h * d.kernel_w);
    const auto output = d.output;
    finish(std::move(d), output);
  }

  void add_max_pool() {
    const ir::Shape in = tensor(current_).shape;
    ir::MaxPool p;
    const Axis y = axis(in.h, std::min(5, in.h), false), x = axis(in.w, std::min(5, in.w), false);
    set_window(p, y, x);
    p.input = current_;
    p.output = add_tensor({in.n, y.out, x.out, in.c});
    p.requant = requant(1, 1);
    p.requant.bias.assign(static_cast<size_t>(in.c), number(-20, 20));
    p.requant.m0 = {1u << 30};
    p.requant.shift = {30};
    const auto output = p.output;
    finish(std::move(p), output);
  }

  void add_average_pool() {
    const ir::Shape in = tensor(current_).shape;
    ir::AveragePool p;
    const Axis y = axis(in.h, in.h, false), x = axis(in.w, in.w, false);
    set_window(p, y, x);
    p.input = current_;
    p.output = add_tensor({in.n, y.out, x.out, in.c});
    p.count_includes_padding = one_in(3);
    p.rounding = one_in(2) ? isa::Rounding::HalfAway : isa::Rounding::HalfEven;
    p.scale_ratio = one_in(2) ? 1.0 : 0.3 + 0.01 * number(0, 200);
    p.input_zero = one_in(2) ? 0 : tensor(current_).zero_point;
    p.zero_point = number(-20, 20);
    p.table = maybe_table();
    const auto output = p.output;
    finish(std::move(p), output);
  }

  void add_eltwise() {
    const ir::Shape shape = tensor(current_).shape;
    std::vector<ir::TensorId> same;
    for (ir::TensorId t : graph_.tensors.ids()) {
      if (graph_.tensors[t].shape == shape) same.push_back(t);
    }
    add_eltwise_with(same[static_cast<size_t>(number(0, static_cast<int>(same.size()) - 1))]);
  }

  void add_eltwise_with(ir::TensorId other) {
    ir::Eltwise e;
    e.a = one_in(2) ? current_ : other;
    e.b = e.a == current_ ? other : current_;
    e.output = add_tensor(tensor(current_).shape);
    e.operation = static_cast<isa::EltwiseOp>(number(0, 2));
    e.a_zero = byte(), e.b_zero = byte();
    e.exact = e.operation != isa::EltwiseOp::Mul && one_in(2);
    e.rounding = static_cast<isa::Rounding>(number(e.exact ? 1 : 0, 3));
    e.a_m0 = static_cast<uint32_t>(number(1 << 29, 2147483647)),
    e.b_m0 = static_cast<uint32_t>(number(1 << 29, 2147483647));
    e.a_shift = static_cast<uint8_t>(number(0, 4)), e.b_shift = static_cast<uint8_t>(number(0, 4));
    e.m0 = static_cast<uint32_t>(number(1 << 30, 2147483647));
    e.shift = static_cast<uint8_t>(e.exact                              ? 31
                                   : e.operation == isa::EltwiseOp::Mul ? number(36, 40)
                                                                        : number(49, 52));
    e.zero_point = byte();
    e.table = maybe_table();
    const auto output = e.output;
    finish(std::move(e), output);
  }

  // A convolution that keeps the shape, added to (or combined with) what it read.
  void add_residual() {
    const ir::TensorId before = current_;
    const ir::Shape shape = tensor(before).shape;
    ir::Conv c;
    const int kernel = std::min({3, 2 * shape.h - 1, 2 * shape.w - 1});
    const int pad = kernel / 2;
    c.kernel_h = c.kernel_w = kernel;
    c.padding = {pad, pad, pad, pad};
    c.input = before;
    c.output = add_tensor(shape);
    c.weights = bytes(int64_t{shape.c} * kernel * kernel * shape.c);
    c.requant = requant(shape.c, kernel * kernel * shape.c);
    const auto output = c.output;
    finish(std::move(c), output);
    add_eltwise_with(before);
  }

  void add_lookup() {
    const auto output = add_tensor(tensor(current_).shape);
    finish(ir::Lookup{current_, output, table()}, output);
  }

  void add_softmax() {
    const auto output = add_tensor(tensor(current_).shape);
    ir::Softmax s;
    s.input = current_, s.output = output;
    uint32_t value = 0x7FFFFFFF;
    for (auto& e : s.exponentials) {
      e = value;
      value -= value / static_cast<uint32_t>(number(3, 40));
    }
    s.m0 = 1, s.shift = 23;
    finish(s, output);
  }

  void add_concat() {
    RandomConcat made = random_concat(random_, graph_, current_);
    made.concat.output = add_tensor(made.shape, tensor(current_).zero_point);
    const auto output = made.concat.output;
    finish(std::move(made.concat), output);
  }

  void add_move() {
    RandomMove made = random_move(random_, current_, tensor(current_).shape);
    made.move.output = add_tensor(made.shape, tensor(current_).zero_point);
    const auto output = made.move.output;
    finish(std::move(made.move), output);
  }

  // Slices along the channels, each read by something, put together again in another order.
  void add_split() {
    const ir::Shape in = tensor(current_).shape;
    if (in.c < 2) return add_conv();
    if (one_in(2)) add_conv();
    const ir::TensorId source = current_;
    const ir::Shape shape = tensor(source).shape;
    if (shape.c < 2) return;
    const int first = number(1, shape.c - 1);
    ir::Concat concat{{}, {}, 3};
    for (const auto& [from, count] : {std::pair{first, shape.c - first}, std::pair{0, first}}) {
      const auto slice = add_tensor({shape.n, shape.h, shape.w, count}, tensor(source).zero_point);
      finish(ir::Move{source, slice, from, {{shape.n * shape.h * shape.w, shape.c}, {count, 1}}},
             slice);
      if (one_in(2)) one_in(2) ? add_max_pool_in_place() : add_lookup();
      concat.inputs.push_back(current_);
    }
    graph_.tensors[concat.inputs[1]].zero_point = tensor(concat.inputs[0]).zero_point;
    concat.output = add_tensor(shape, tensor(concat.inputs[0]).zero_point);
    finish(concat, concat.output);
  }

  // A maximum that keeps the shape.
  void add_max_pool_in_place() {
    ir::MaxPool p;
    p.kernel_h = p.kernel_w = 5;
    p.padding = {2, 2, 2, 2};
    p.input = current_;
    p.output = add_tensor(tensor(current_).shape);
    p.requant = requant(tensor(current_).shape.c, 1);
    const auto output = p.output;
    finish(std::move(p), output);
  }

  void add_reshape() {
    const ir::Shape in = tensor(current_).shape;
    const ir::Shape flat{in.n, 1, 1, in.h * in.w * in.c};
    if (flat.c > 1024) return add_lookup();
    const auto output = add_tensor(flat);
    finish(ir::Reshape{current_, output}, output);
  }

  std::mt19937_64 random_;
  ir::Graph graph_;
  ir::TensorId current_;
};

}  // namespace

ir::Graph random_graph(uint64_t seed) { return GraphMaker(seed).make(); }
ir::Graph random_wide_graph(uint64_t seed) { return GraphMaker(seed).make_wide(); }
ir::Graph random_row_graph(uint64_t seed) { return GraphMaker(seed).make_rows(); }
ir::Graph random_long_row_graph(uint64_t seed) { return GraphMaker(seed).make_long_rows(); }

}  // namespace zahl::test
