// Numbers that name things by their place in a list, each kind a type of its own, and the list that
// only its own kind of number indexes: a node's number never picks a tensor.
#pragma once

#include <compare>
#include <concepts>
#include <cstddef>
#include <initializer_list>
#include <utility>
#include <vector>

namespace zahl::ir {

// The place of an element in an Indexed<Id<Kind>, T>, or none. Ids compare as their places do; none
// comes before all.
template <typename Kind>
class Id {
 public:
  using difference_type = std::ptrdiff_t;

  constexpr Id() = default;  // none
  static constexpr Id none() { return Id(); }
  constexpr explicit Id(std::integral auto number) : number_(static_cast<int>(number)) {}

  constexpr bool exists() const { return number_ >= 0; }
  // As a number of a file or a message, and -1 for none.
  constexpr int number() const { return number_; }
  // REQUIRES: exists().
  constexpr size_t index() const { return static_cast<size_t>(number_); }

  constexpr auto operator<=>(const Id&) const = default;
  template <typename Json>
  friend void to_json(Json& json, Id id) {
    json = id.number();
  }
  constexpr Id& operator++() {
    ++number_;
    return *this;
  }

 private:
  int number_ = -1;
};

// first, first + 1, ... up to but not including last.
template <typename Key>
class IdRange {
 public:
  class Iterator {
   public:
    explicit Iterator(Key id) : id_(id) {}
    Key operator*() const { return id_; }
    Iterator& operator++() {
      ++id_;
      return *this;
    }
    bool operator==(const Iterator&) const = default;

   private:
    Key id_;
  };

  // REQUIRES: first <= last.
  IdRange(Key first, Key last) : first_(first), last_(last) {}
  Iterator begin() const { return Iterator(first_); }
  Iterator end() const { return Iterator(last_); }

 private:
  Key first_, last_;
};

// A vector whose elements are reached by their ids alone.
template <typename Key, typename T>
class Indexed {
 public:
  Indexed() = default;
  explicit Indexed(size_t count, const T& value = T()) : elements_(count, value) {}
  Indexed(std::initializer_list<T> elements) : elements_(elements) {}

  // REQUIRES: contains(id).
  decltype(auto) operator[](Key id) { return elements_[id.index()]; }
  decltype(auto) operator[](Key id) const { return elements_[id.index()]; }
  bool contains(Key id) const { return id.exists() && id.index() < elements_.size(); }

  size_t size() const { return elements_.size(); }
  bool empty() const { return elements_.empty(); }
  Key end_id() const { return Key(elements_.size()); }  // the next one to be added
  IdRange<Key> ids() const { return {Key(0), end_id()}; }

  Key add(T element) {
    elements_.push_back(std::move(element));
    return Key(elements_.size() - 1);
  }
  void assign(size_t count, const T& value) { elements_.assign(count, value); }
  // Keeps the first `count`, or adds as many as are missing.
  void resize(size_t count) { elements_.resize(count); }
  void clear() { elements_.clear(); }

  decltype(auto) back() { return elements_.back(); }
  decltype(auto) back() const { return elements_.back(); }
  auto begin() { return elements_.begin(); }
  auto end() { return elements_.end(); }
  auto begin() const { return elements_.begin(); }
  auto end() const { return elements_.end(); }
  auto rbegin() { return elements_.rbegin(); }
  auto rend() { return elements_.rend(); }

 private:
  std::vector<T> elements_;
};

using TensorId = Id<struct TensorKind>;
using NodeId = Id<struct NodeKind>;

}  // namespace zahl::ir
