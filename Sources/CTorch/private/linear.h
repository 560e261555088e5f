// Fully connected layers by whichever of libtorch's two libraries is the faster one.
#pragma once

#include <ATen/core/Tensor.h>

#include <optional>

namespace ctorch {

/// `input * weight^T + bias`, at::linear's numbers but for rounding, with gradients. Under autocast the result may be
/// float32, which the sums are, where at::linear rounds it; without, an input of bfloat16 meets a weight of float32.
at::Tensor linear(const at::Tensor &input, const at::Tensor &weight, const std::optional<at::Tensor> &bias);

/// The same, limited to 0 and above; under autocast rounded to its type.
at::Tensor linear_relu(const at::Tensor &input, const at::Tensor &weight, const std::optional<at::Tensor> &bias);

} // namespace ctorch
