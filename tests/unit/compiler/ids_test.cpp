#include "compiler/ir/ids.h"

#include <gtest/gtest.h>

#include <concepts>

namespace zahl::ir {
namespace {

template <typename List, typename Key>
concept IndexedBy = requires(List list, Key key) {
  list[key];
};

TEST(Ids, AListTakesItsOwnKindAlone) {
  using Tensors = Indexed<TensorId, char>;
  EXPECT_TRUE((IndexedBy<Tensors, TensorId>));
  EXPECT_FALSE((IndexedBy<Tensors, NodeId>));
  EXPECT_FALSE((IndexedBy<Tensors, int>));
  EXPECT_FALSE((std::convertible_to<int, TensorId>));
  EXPECT_FALSE((std::convertible_to<TensorId, int>));
}

TEST(Ids, NoneComesBeforeAllAndIsInNoList) {
  const Indexed<TensorId, char> list = {'a', 'b'};
  EXPECT_FALSE(TensorId::none().exists());
  EXPECT_EQ(TensorId::none(), TensorId());
  EXPECT_LT(TensorId::none(), TensorId(0));
  EXPECT_FALSE(list.contains(TensorId::none()));
  EXPECT_TRUE(list.contains(TensorId(1)));
  EXPECT_FALSE(list.contains(TensorId(2)));
}

TEST(Ids, AddGivesTheIdOfWhatWasAdded) {
  Indexed<NodeId, char> list;
  EXPECT_EQ(list.add('a'), NodeId(0));
  EXPECT_EQ(list.end_id(), NodeId(1));
  EXPECT_EQ(list[list.add('b')], 'b');
}

TEST(Ids, IdsCountEveryElementInOrder) {
  Indexed<NodeId, int> list = {7, 8, 9};
  int sum = 0;
  for (NodeId id : list.ids()) sum = 10 * sum + list[id];
  EXPECT_EQ(sum, 789);
  for (NodeId id : IdRange(NodeId(1), NodeId(1))) ADD_FAILURE() << id.number();
}

}  // namespace
}  // namespace zahl::ir
