// A first-in first-out queue that allocates when its capacity is set and never again.
#pragma once

#include <cassert>
#include <cstddef>
#include <vector>

namespace zahl::sim {

template <class T>
class Fifo {
 public:
  // Empties it. Capacity is rounded up to a power of two.
  void reset(size_t capacity) {
    size_t size = 1;
    while (size < capacity) size *= 2;
    if (size != items_.size()) items_.resize(size);
    head_ = count_ = 0;
  }

  bool empty() const { return count_ == 0; }
  bool full() const { return count_ == items_.size(); }
  size_t size() const { return count_; }

  T& operator[](size_t i) { return items_[(head_ + i) & (items_.size() - 1)]; }
  const T& operator[](size_t i) const { return items_[(head_ + i) & (items_.size() - 1)]; }
  T& front() { return (*this)[0]; }
  const T& front() const { return (*this)[0]; }
  T& back() { return (*this)[count_ - 1]; }
  const T& back() const { return (*this)[count_ - 1]; }

  // REQUIRES: not full. The place holds whatever stood there before.
  T& push() {
    assert(!full());
    return (*this)[count_++];
  }
  void pop() {
    assert(!empty());
    head_ = (head_ + 1) & (items_.size() - 1);
    --count_;
  }

 private:
  std::vector<T> items_;
  size_t head_ = 0, count_ = 0;
};

}  // namespace zahl::sim
