// Matrix products by the block kernels that oneDNN generates for the processor at hand, through libtorch's entry to them.
// For a processor of `has_avx512_that_mkl_leaves_alone`.
#pragma once

#include <ATen/core/Tensor.h>

#include <optional>

namespace ctorch {

/// What is done to a product's elements.
enum class Activation { none, relu };

/// How many numbers of a type the kernels take as one, where they add products up: 2 of bfloat16. An odd length is
/// filled up with a zero.
constexpr int64_t group(at::ScalarType type) { return type == at::kBFloat16 ? 2 : 1; }

/// The length, filled up.
constexpr int64_t filled(int64_t length, at::ScalarType type) {
  return (length + group(type) - 1) / group(type) * group(type);
}

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

/// The right factor: a matrix of either type, or its transpose. A product rearranges it part by part.
struct RightFactor {
  at::Tensor matrix;
  bool is_transposed = false;
};

/// `activation(left * right + bias)` of either type, in the precision of the left factor; sums are float32 in any case.
/// bias: float32, contiguous.
at::Tensor product(const at::Tensor &left, const RightFactor &right, at::ScalarType result,
                   const std::optional<at::Tensor> &bias = std::nullopt, Activation activation = Activation::none);

/// `matrix * vector + bias` in float32, [rows, 1]: the kernels of `product` would take sixteen columns for one.
/// vector: float32, of the columns' number.
at::Tensor inner_products(const at::Tensor &matrix, const at::Tensor &vector, float bias);

} // namespace ctorch
