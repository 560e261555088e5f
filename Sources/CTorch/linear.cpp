#include "private/linear.h"
#include "private/layer_gradient.h"
#include "private/processor.h"

#include <ATen/autocast_mode.h>
#include <ATen/core/LegacyTypeDispatch.h>
#include <ATen/core/dispatch/Dispatcher.h>
#include <ATen/ops/linear.h>
#include <ATen/ops/relu.h>
#include <c10/core/GradMode.h>
#include <torch/csrc/autograd/custom_function.h>

using namespace ctorch; // NOLINT: these are its parts

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

/// at::linear multiplies float32 by MKL, which leaves AVX-512 alone on other makers' processors: there oneDNN, which
/// generates its code for what the processor can do, takes half the time.
bool prefers_onednn() { return has_avx512_that_mkl_leaves_alone() && onednn_operator(); }

/// Below these sizes oneDNN's call costs more than its product saves.
bool is_worth_onednn(const at::Tensor &input, const at::Tensor &weight) {
  constexpr int64_t least_multiplications = 500'000;
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

/// What is done to a product's elements.
enum class Activation { none, relu };

/// The matrix without gaps between its rows or columns: where there are some, such as in a part of a wider one, oneDNN
/// falls back to plain loops that take a hundred times as long.
at::Tensor dense(const at::Tensor &matrix) {
  return matrix.is_contiguous() || matrix.t().is_contiguous() ? matrix : matrix.contiguous();
}

/// `activation(a * b^T + bias)` outside the gradient graph; a and b may be transposed views.
at::Tensor product(const at::Tensor &a, const at::Tensor &b, const std::optional<at::Tensor> &bias = std::nullopt,
                   Activation activation = Activation::none) {
  at::AutoDispatchBelowADInplaceOrView below_autograd;
  bool rectifies = activation == Activation::relu;
  if (!is_worth_onednn(a, b)) {
    auto result = at::linear(a, b, bias);
    return rectifies ? at::relu(result) : result;
  }
  c10::List<std::optional<at::Scalar>> no_scalars;
  return onednn_operator()->call(dense(a), dense(b), bias, rectifies ? "relu" : "none", no_scalars, "");
}

/// A layer with gradients. The activation is part of it: oneDNN applies it while a result is still in registers.
template <Activation activation> class Linear : public torch::autograd::Function<Linear<activation>> {
public:
  static at::Tensor forward(torch::autograd::AutogradContext *context, const at::Tensor &input,
                            const at::Tensor &weight, const std::optional<at::Tensor> &bias) {
    auto output = product(input, weight, bias, activation);
    if constexpr (activation == Activation::none) {
      context->save_for_backward({input, weight});
    } else {
      context->save_for_backward({input, weight, output});
    }
    context->saved_data[has_bias] = bias.has_value();
    return output;
  }

  static torch::autograd::variable_list backward(torch::autograd::AutogradContext *context,
                                                 const torch::autograd::variable_list &gradients) {
    auto saved = context->get_saved_variables();
    const auto &[input, weight] = std::tie(saved[0], saved[1]);
    at::AutoDispatchBelowADInplaceOrView no_second_derivatives;
    LayerGradientParts needed{context->needs_input_grad(0), context->needs_input_grad(1),
                              context->saved_data[has_bias].toBool() && context->needs_input_grad(2)};
    // What follows a sum comes as one number that is repeated without memory of its own.
    auto gradient =
        layer_gradient(gradients[0].contiguous(), activation == Activation::relu ? saved[2] : at::Tensor(), needed);
    torch::autograd::variable_list results(3);
    if (needed.gradient) {
      results[0] = product(gradient.gradient, weight.t());
    }
    if (needed.transposed) {
      results[1] = product(gradient.transposed, input.t());
    }
    results[2] = gradient.sum;
    return results;
  }

private:
  static constexpr const char *has_bias = "has_bias";
};

/// Whether libtorch's own way is the better one, or the only one.
bool is_left_to_libtorch(const at::Tensor &input, const at::Tensor &weight, const std::optional<at::Tensor> &bias) {
  bool plain = is_plain(input) && is_plain(weight) && (!bias || is_plain(*bias));
  return !plain || !prefers_onednn() || at::autocast::is_autocast_enabled(at::kCPU) ||
         !is_worth_onednn(input, weight);
}

} // namespace

at::Tensor ctorch::linear(const at::Tensor &input, const at::Tensor &weight, const std::optional<at::Tensor> &bias) {
  if (is_left_to_libtorch(input, weight, bias)) {
    return at::linear(input, weight, bias);
  }
  return c10::GradMode::is_enabled() ? Linear<Activation::none>::apply(input, weight, bias)
                                     : product(input, weight, bias);
}

at::Tensor ctorch::linear_relu(const at::Tensor &input, const at::Tensor &weight,
                               const std::optional<at::Tensor> &bias) {
  if (is_left_to_libtorch(input, weight, bias)) {
    return at::relu(at::linear(input, weight, bias));
  }
  return c10::GradMode::is_enabled() ? Linear<Activation::relu>::apply(input, weight, bias)
                                     : product(input, weight, bias, Activation::relu);
}
