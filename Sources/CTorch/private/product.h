// Matrix products by the block kernels that oneDNN generates for the processor at hand, through libtorch's entry to
// them. For a processor of `has_avx512_that_mkl_leaves_alone`.
#pragma once

#include <ATen/core/Tensor.h>
#include <c10/util/BFloat16.h>

#include <cstdint>
#include <optional>

namespace ctorch {

/// What is done to a product's elements.
enum class Activation { none, relu };

/// How many numbers the kernels take as one word, where they add products up: 2 of bfloat16.
template <typename T> constexpr int64_t group = sizeof(float) / sizeof(T);

/// A length that is filled up to whole words with a zero.
template <typename T> constexpr int64_t filled(int64_t length) { return (length + group<T> - 1) / group<T> * group<T>; }

/// Whether the kernels are there in bfloat16: oneDNN can be built without, or told to leave the processor's means
/// alone.
bool has_bfloat16_kernels();

/// Calls `body` with a number of a type that products are computed in.
template <typename Body> void with_type(at::ScalarType type, Body body) {
  if (type == at::kBFloat16) {
    body(c10::BFloat16());
  } else {
    body(float());
  }
}

/// A matrix as the left factor of a product in a precision: [rows, filled columns]. It may be the matrix itself.
at::Tensor left_factor(const at::Tensor &matrix, at::ScalarType precision);

/// Two matrices of as many rows side by side, as the left factor.
at::Tensor left_factor(const at::Tensor &first, const at::Tensor &second, at::ScalarType precision);

/// The right factor: a matrix of either type, or its transpose. A product rearranges it part by part.
struct RightFactor {
  at::Tensor matrix;
  bool is_transposed = false;
};

/// `activation(left * right + bias)` as numbers of a type, in the precision of the left factor; sums are float32 in any
/// case. left: from `left_factor`, or like it. bias: float32, contiguous.
at::Tensor product(const at::Tensor &left, const RightFactor &right, at::ScalarType type,
                   const std::optional<at::Tensor> &bias = std::nullopt, Activation activation = Activation::none);

/// `matrix * vector + bias` in float32, [rows, 1]: the kernels of `product` would take sixteen columns for one.
/// matrix: of either type. vector: float32, as many numbers as there are columns.
at::Tensor inner_products(const at::Tensor &matrix, const at::Tensor &vector, float bias);

/// `column * row` as numbers of a type, [rows, columns]. column: float32 [rows, 1]. row: float32 [1, columns].
at::Tensor outer_product(const at::Tensor &column, const at::Tensor &row, at::ScalarType type);

/// `factors^T * matrix` in float32, [1, columns]. factors: float32 [rows, 1]. matrix: of either type, [rows, columns].
at::Tensor weighted_sum(const at::Tensor &factors, const at::Tensor &matrix);

} // namespace ctorch
