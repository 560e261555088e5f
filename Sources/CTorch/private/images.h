// What libtorch does slowly with images whose channels are last in memory.
#pragma once

#include <ATen/core/Tensor.h>

#include <cstdint>

namespace ctorch {

/// at::flatten. The gradient comes back laid out as `x` is: libtorch's own operations take twenty times as long where
/// two tensors have different layouts.
at::Tensor flatten(const at::Tensor &x, int64_t first, int64_t last);

/// For each byte its number in a table, laid out as the bytes are. table: float32, [256]. Under autocast the result is
/// of its type.
at::Tensor lookup(const at::Tensor &bytes, const at::Tensor &table);

} // namespace ctorch
