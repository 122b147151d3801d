// What the operators of TfliteReader share: options and checks of shapes.
#pragma once

#include <fmt/format.h>

#include "compiler/frontend/tflite/file.h"

namespace zahl::frontend {

// The union member of each options table.
template <typename Options>
constexpr auto kOptionsType = tflite::BuiltinOptions::NONE;
template <>
constexpr auto kOptionsType<tflite::Conv2DOptions> = tflite::BuiltinOptions::Conv2DOptions;
template <>
constexpr auto kOptionsType<tflite::TransposeConvOptions> =
    tflite::BuiltinOptions::TransposeConvOptions;
template <>
constexpr auto kOptionsType<tflite::DepthwiseConv2DOptions> =
    tflite::BuiltinOptions::DepthwiseConv2DOptions;
template <>
constexpr auto kOptionsType<tflite::Pool2DOptions> = tflite::BuiltinOptions::Pool2DOptions;
template <>
constexpr auto kOptionsType<tflite::FullyConnectedOptions> =
    tflite::BuiltinOptions::FullyConnectedOptions;
template <>
constexpr auto kOptionsType<tflite::SoftmaxOptions> = tflite::BuiltinOptions::SoftmaxOptions;
template <>
constexpr auto kOptionsType<tflite::AddOptions> = tflite::BuiltinOptions::AddOptions;
template <>
constexpr auto kOptionsType<tflite::SubOptions> = tflite::BuiltinOptions::SubOptions;
template <>
constexpr auto kOptionsType<tflite::MulOptions> = tflite::BuiltinOptions::MulOptions;
template <>
constexpr auto kOptionsType<tflite::ReducerOptions> = tflite::BuiltinOptions::ReducerOptions;
template <>
constexpr auto kOptionsType<tflite::LeakyReluOptions> = tflite::BuiltinOptions::LeakyReluOptions;
template <>
constexpr auto kOptionsType<tflite::ConcatenationOptions> =
    tflite::BuiltinOptions::ConcatenationOptions;
template <>
constexpr auto kOptionsType<tflite::ResizeNearestNeighborOptions> =
    tflite::BuiltinOptions::ResizeNearestNeighborOptions;
template <>
constexpr auto kOptionsType<tflite::StridedSliceOptions> =
    tflite::BuiltinOptions::StridedSliceOptions;
template <>
constexpr auto kOptionsType<tflite::PackOptions> = tflite::BuiltinOptions::PackOptions;
template <>
constexpr auto kOptionsType<tflite::UnpackOptions> = tflite::BuiltinOptions::UnpackOptions;
template <>
constexpr auto kOptionsType<tflite::GatherOptions> = tflite::BuiltinOptions::GatherOptions;
template <>
constexpr auto kOptionsType<tflite::MirrorPadOptions> = tflite::BuiltinOptions::MirrorPadOptions;
template <>
constexpr auto kOptionsType<tflite::SpaceToDepthOptions> =
    tflite::BuiltinOptions::SpaceToDepthOptions;
template <>
constexpr auto kOptionsType<tflite::GeluOptions> = tflite::BuiltinOptions::GeluOptions;
template <>
constexpr auto kOptionsType<tflite::DepthToSpaceOptions> =
    tflite::BuiltinOptions::DepthToSpaceOptions;

// The options of the operator, or the schema's defaults where the file leaves them out.
template <typename Options>
const Options& options_of(const TfliteFile::Operator& op) {
  // A table without fields: every option at its default.
  static const auto kDefaults = [] {
    flatbuffers::FlatBufferBuilder builder;
    builder.Finish(flatbuffers::Offset<Options>(builder.EndTable(builder.StartTable())));
    return builder.Release();
  }();
  const auto* given = op.raw->builtin_options_type() == kOptionsType<Options>
                          ? static_cast<const Options*>(op.raw->builtin_options())
                          : nullptr;
  return given ? *given : *flatbuffers::GetRoot<Options>(kDefaults.data());
}

// Refuse a value of another rank or other dimensions.
void require_rank(const NodeName& node, const Value& value, size_t rank);
void require_dims(const NodeName& node, const Value& value, const std::vector<int64_t>& dims);

}  // namespace zahl::frontend
