// Fully connected layers: by `product` where that is the faster way, by at::linear otherwise.
#pragma once

#include <ATen/core/Tensor.h>

#include <optional>

namespace ctorch {

/// `input * weight^T + bias`, at::linear's numbers but for rounding, with gradients. Under autocast the result may be
/// float32, which the sums are, where at::linear rounds it: large layers' is, where `product` computes them. Without
/// autocast an input may be bfloat16 all the same.
at::Tensor linear(const at::Tensor &input, const at::Tensor &weight, const std::optional<at::Tensor> &bias);

/// The same, limited to 0 and above; under autocast rounded to its type. Of two inputs side by side, [rows, n] and
/// [rows, m] with a weight of [outputs, n + m], only those gradients are computed that are needed.
at::Tensor linear_relu(const at::Tensor &input, const at::Tensor &weight, const std::optional<at::Tensor> &bias,
                       const std::optional<at::Tensor> &beside);

} // namespace ctorch
