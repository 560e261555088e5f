#include "private/linear.h"

#include <ATen/autocast_mode.h>
#include <ATen/core/LegacyTypeDispatch.h>
#include <ATen/core/dispatch/Dispatcher.h>
#include <ATen/ops/linear.h>
#include <c10/core/GradMode.h>
#include <torch/csrc/autograd/custom_function.h>

namespace {

using Pointwise = at::Tensor(const at::Tensor &, const at::Tensor &, const std::optional<at::Tensor> &,
                             std::string_view, c10::List<std::optional<at::Scalar>>, std::optional<std::string_view>);

/// libtorch's own entry to oneDNN's float32 product for plain tensors; nothing in a build without oneDNN.
const std::optional<c10::TypedOperatorHandle<Pointwise>> &onednn_operator() {
  static const auto handle = []() -> std::optional<c10::TypedOperatorHandle<Pointwise>> {
    auto found = c10::Dispatcher::singleton().findSchema({"mkldnn::_linear_pointwise", ""});
    return found ? std::optional(found->typed<Pointwise>()) : std::nullopt;
  }();
  return handle;
}

/// at::linear multiplies float32 by MKL, which does not use AVX-512 on other makers' processors: there oneDNN, which
/// generates its code for what the processor can do, takes half the time.
bool prefers_onednn() {
#if defined(__x86_64__)
  static const bool prefers = [] {
    __builtin_cpu_init();
    return !__builtin_cpu_is("intel") && __builtin_cpu_supports("avx512f") && onednn_operator();
  }();
  return prefers;
#else
  return false;
#endif
}

/// Below these sizes oneDNN's call costs more (10 microseconds) than its product saves.
bool is_worth_onednn(const at::Tensor &input, const at::Tensor &weight) {
  constexpr int64_t least_multiplications = 1'000'000;
  constexpr int64_t least_length = 8;
  if (input.dim() != 2 || weight.dim() != 2 || input.size(1) != weight.size(1)) {
    return false;
  }
  auto [rows, outputs, inputs] = std::tuple(input.size(0), weight.size(0), weight.size(1));
  return std::min({rows, outputs, inputs}) >= least_length && rows * outputs * inputs >= least_multiplications;
}

bool is_plain(const at::Tensor &tensor) {
  return tensor.scalar_type() == at::kFloat && tensor.device().is_cpu() && tensor.layout() == at::kStrided;
}

/// `a * b^T + bias`; a and b may be transposed views.
at::Tensor product(const at::Tensor &a, const at::Tensor &b, const std::optional<at::Tensor> &bias = std::nullopt) {
  if (!is_worth_onednn(a, b)) {
    return at::linear(a, b, bias);
  }
  return onednn_operator()->call(a, b, bias, "none", c10::List<std::optional<at::Scalar>>(), "");
}

class Linear : public torch::autograd::Function<Linear> {
public:
  static at::Tensor forward(torch::autograd::AutogradContext *context, const at::Tensor &input,
                            const at::Tensor &weight, const std::optional<at::Tensor> &bias) {
    context->save_for_backward({input, weight});
    context->saved_data[has_bias] = bias.has_value();
    at::AutoDispatchBelowADInplaceOrView below_autograd;
    return product(input, weight, bias);
  }

  static torch::autograd::variable_list backward(torch::autograd::AutogradContext *context,
                                                 const torch::autograd::variable_list &gradients) {
    at::NoGradGuard no_second_derivatives;
    auto saved = context->get_saved_variables();
    const auto &[input, weight] = std::tie(saved[0], saved[1]);
    // What follows a sum comes as one number that is repeated without memory of its own.
    auto gradient = gradients[0].contiguous();
    torch::autograd::variable_list results(3);
    if (context->needs_input_grad(0)) {
      results[0] = product(gradient, weight.t());
    }
    if (context->needs_input_grad(1)) {
      results[1] = product(gradient.t(), input.t());
    }
    if (context->saved_data[has_bias].toBool() && context->needs_input_grad(2)) {
      results[2] = gradient.sum(0);
    }
    return results;
  }

private:
  static constexpr const char *has_bias = "has_bias";
};

} // namespace

at::Tensor ctorch::linear(const at::Tensor &input, const at::Tensor &weight, const std::optional<at::Tensor> &bias) {
  bool plain = is_plain(input) && is_plain(weight) && (!bias || is_plain(*bias));
  if (!plain || !prefers_onednn() || at::autocast::is_autocast_enabled(at::kCPU) || !is_worth_onednn(input, weight)) {
    return at::linear(input, weight, bias);
  }
  return Linear::apply(input, weight, bias);
}
