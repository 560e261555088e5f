// A clamp that gradients do not see.
#pragma once

#include <ATen/core/Tensor.h>

namespace ctorch {

/// at::clamp with the gradient of the identity (the straight-through estimator: Bengio et al. 2013, arXiv 1308.3432).
at::Tensor clamp_straight_through(const at::Tensor &x, double min, double max);

} // namespace ctorch
