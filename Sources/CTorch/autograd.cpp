#include "ctorch/autograd.h"

#include <ATen/autocast_mode.h>
#include <ATen/ops/ones_like.h>
#include <c10/core/GradMode.h>
#include <torch/csrc/autograd/autograd.h>

#include "private/convert.h"

ct_error ct_set_requires_grad(ct_tensor tensor, bool requires_grad) {
  return guarded([&] { ref(tensor).requires_grad_(requires_grad); });
}

bool ct_requires_grad(ct_tensor tensor) { return ref(tensor).requires_grad(); }

ct_error ct_backward(ct_tensor tensor) {
  return guarded([&] { ref(tensor).backward(); });
}

ct_error ct_grad(ct_tensor tensor, ct_tensor *result) {
  return guarded([&] {
    const auto &gradient = ref(tensor).grad();
    *result = gradient.defined() ? make(gradient) : ct_tensor{nullptr};
  });
}

ct_error ct_clear_grad(ct_tensor tensor) {
  return guarded([&] { ref(tensor).mutable_grad().reset(); });
}

ct_error ct_gradients(ct_tensor output, const ct_tensor *inputs, size_t count, ct_tensor *results) {
  return guarded([&] {
    auto gradients =
        torch::autograd::grad({ref(output)}, list(inputs, count), {}, std::nullopt, false, /*allow_unused=*/true);
    for (size_t i = 0; i < count; ++i) {
      results[i] = gradients[i].defined() ? make(gradients[i]) : ct_tensor{nullptr};
    }
  });
}

bool ct_set_grad_enabled(bool enabled) {
  bool was = c10::GradMode::is_enabled();
  c10::GradMode::set_enabled(enabled);
  return was;
}

ct_error ct_set_autocast(ct_device_kind kind, bool enabled, ct_dtype dtype, bool *was) {
  return guarded([&] {
    auto type = kind == ct_cuda ? at::kCUDA : at::kCPU;
    *was = at::autocast::is_autocast_enabled(type);
    at::autocast::set_autocast_enabled(type, enabled);
    if (enabled) {
      at::autocast::set_autocast_dtype(type, scalar_type(dtype));
    }
  });
}

ct_error ct_clear_autocast_cache(void) {
  return guarded([] { at::autocast::clear_cache(); });
}
