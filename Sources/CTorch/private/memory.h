// Memory of tensors.
#pragma once

namespace ctorch {

/// Keeps the memory of freed tensors for later ones, from the next tensor on.
void reuse_tensor_memory();

} // namespace ctorch
