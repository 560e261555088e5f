// What a linear layer's backward pass needs of the gradient of its output.
#pragma once

#include <ATen/core/Tensor.h>

namespace ctorch {

/// Which parts are needed.
struct LayerGradientParts {
  bool gradient;
  bool transposed;
  bool sum;
};

/// A layer's output gradient in the forms that its backward pass reads; those that are not needed are undefined.
struct LayerGradient {
  /// [rows, columns].
  at::Tensor gradient;
  /// [columns, rows], without gaps.
  at::Tensor transposed;
  /// The sum over rows, [columns].
  at::Tensor sum;
};

/// All parts in one pass over the memory, on a processor with AVX-512.
///
/// gradient: float32 [rows, columns], contiguous. rectified: what the layer gave, in the same form, if it is limited to
/// 0 and above: the gradient counts as 0 where that is 0; undefined for another layer.
LayerGradient layer_gradient(const at::Tensor &gradient, const at::Tensor &rectified, LayerGradientParts parts);

} // namespace ctorch
