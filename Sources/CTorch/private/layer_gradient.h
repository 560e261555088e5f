// What a linear layer's backward pass needs of the gradient of its output.
#pragma once

#include <ATen/core/Tensor.h>

#include <cstdint>
#include <optional>
#include <vector>

namespace ctorch {

/// Which parts are needed.
struct LayerGradientParts {
  bool gradient;
  bool transposed;
  bool sum;
};

/// A layer's output gradient in the forms that its backward pass reads; those that are not needed are undefined.
struct LayerGradient {
  /// As a product's left factor: [rows, filled columns].
  at::Tensor gradient;
  /// Its transpose as a product's left factor: [columns, filled rows].
  at::Tensor transposed;
  /// The sum over rows, [columns], float32.
  at::Tensor sum;
  /// Which rows `gradient` has, where it is the only part and many others, which are all 0, have been left out.
  std::optional<std::vector<int64_t>> rows;
};

/// All parts in one pass over the memory, on a processor of `has_avx512_that_mkl_leaves_alone`.
///
/// gradient: float32 or bfloat16 [rows, columns], contiguous. rectified: what the layer gave, [rows, columns] in the
/// products' precision, if it is limited to 0 and above: the gradient counts as 0 where that is 0; undefined for
/// another layer.
LayerGradient layer_gradient(const at::Tensor &gradient, const at::Tensor &rectified, at::ScalarType precision,
                             LayerGradientParts parts);

/// A matrix of `count` rows: those of another one, contiguous, at the places given, in rising order; 0 in between.
at::Tensor spread(const at::Tensor &matrix, const std::vector<int64_t> &rows, int64_t count);

} // namespace ctorch
