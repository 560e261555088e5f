#include "private/linear.h"
#include "private/layer_gradient.h"
#include "private/processor.h"
#include "private/product.h"

#include <ATen/Context.h>
#include <ATen/autocast_mode.h>
#include <ATen/core/LegacyTypeDispatch.h>
#include <ATen/ops/cat.h>
#include <ATen/ops/linear.h>
#include <ATen/ops/relu.h>
#include <c10/core/GradMode.h>
#include <torch/csrc/autograd/custom_function.h>

#include <tuple>

using namespace ctorch; // NOLINT: these are its parts

namespace {

#if defined(__x86_64__)

/// float32, or bfloat16 where that is what products are computed in; nothing where it is another one.
std::optional<at::ScalarType> precision() {
  if (!at::autocast::is_autocast_enabled(at::kCPU)) {
    return at::kFloat;
  }
  auto type = at::autocast::get_autocast_dtype(at::kCPU);
  return type == at::kBFloat16 ? std::optional(type) : std::nullopt;
}

bool is_plain(const at::Tensor &tensor, at::ScalarType type) {
  return tensor.scalar_type() == type && tensor.device().is_cpu() && tensor.layout() == at::kStrided;
}

/// Whether the products are large enough for rearranging factors to pay off: at::linear takes smaller ones in the time
/// of a few calls.
bool is_worth_blocks(at::TensorList inputs, const at::Tensor &weight) {
  constexpr int64_t least_multiplications = 50'000;
  constexpr int64_t least_rows = 8;
  int64_t columns = 0;
  for (const auto &input : inputs) {
    if (input.dim() != 2 || input.size(0) != inputs[0].size(0) || input.size(1) == 0 ||
        !(is_plain(input, at::kFloat) || is_plain(input, at::kBFloat16))) {
      return false;
    }
    columns += input.size(1);
  }
  int64_t rows = inputs[0].size(0);
  return weight.dim() == 2 && columns == weight.size(1) && rows >= least_rows &&
         rows * weight.numel() >= least_multiplications;
}

/// The precision to compute a layer in by `product`; nothing where libtorch's own way is the better one, or the only
/// one.
///
/// at::linear multiplies float32 by MKL, which leaves AVX-512 alone on other makers' processors. In bfloat16 it copies
/// every factor, mask and result by itself, which for small layers takes as long as the products.
/// inputs: one matrix, or two side by side.
std::optional<at::ScalarType> precision_of_blocks(at::TensorList inputs, const at::Tensor &weight,
                                                  const std::optional<at::Tensor> &bias) {
  auto type = precision();
  bool fits = type && is_plain(weight, at::kFloat) && is_worth_blocks(inputs, weight) &&
              (!bias || (is_plain(*bias, at::kFloat) && bias->dim() == 1 && bias->size(0) == weight.size(0)));
  bool suits = has_avx512_that_mkl_leaves_alone() && at::globalContext().userEnabledMkldnn() && at::hasMKLDNN();
  return fits && suits && (type == at::kFloat || has_bfloat16_kernels()) ? type : std::nullopt;
}

/// A layer's input, or two side by side, as the left factor of its products.
at::Tensor prepared(const at::Tensor &input, const std::optional<at::Tensor> &other, at::ScalarType type) {
  return other ? left_factor(input, *other, type) : left_factor(input, type);
}

/// The layer of a prepared input outside the gradient graph. The sums, which are float32, are the result as they are;
/// rectified ones are rounded to what the next layer multiplies.
at::Tensor values(const at::Tensor &left, const at::Tensor &weight, const std::optional<at::Tensor> &bias,
                  Activation activation) {
  return product(left, {weight, true}, activation == Activation::none ? at::kFloat : left.scalar_type(),
                 bias ? std::optional(bias->contiguous()) : std::nullopt, activation);
}

/// Where a layer notes whether it was given a bias.
constexpr const char *has_bias = "has_bias";

/// A layer with gradients. The activation is part of it: it costs least while a result is still in the cache.
template <Activation activation> class Linear : public torch::autograd::Function<Linear<activation>> {
public:
  static at::Tensor forward(torch::autograd::AutogradContext *context, const at::Tensor &input,
                            const std::optional<at::Tensor> &other, const at::Tensor &weight,
                            const std::optional<at::Tensor> &bias, at::ScalarType type) {
    at::AutoDispatchBelowADInplaceOrView below_autograd;
    auto left = prepared(input, other, type);
    auto output = values(left, weight, bias, activation);
    if constexpr (activation == Activation::none) {
      context->save_for_backward({left, weight});
    } else {
      context->save_for_backward({left, weight, output});
    }
    context->saved_data[has_bias] = bias.has_value();
    context->saved_data[input_length] = input.size(1);
    context->saved_data[input_type] = input.scalar_type();
    context->saved_data[other_type] = other ? other->scalar_type() : input.scalar_type();
    return output;
  }

  static torch::autograd::variable_list backward(torch::autograd::AutogradContext *context,
                                                 const torch::autograd::variable_list &gradients) {
    auto saved = context->get_saved_variables();
    const auto &[left, weight] = std::tie(saved[0], saved[1]);
    at::AutoDispatchBelowADInplaceOrView no_second_derivatives;
    int64_t columns = weight.size(1);
    int64_t length = context->saved_data[input_length].toInt();
    // What was not given is not counted.
    bool has_other = length < columns;
    bool needs_input = context->needs_input_grad(0);
    bool needs_other = has_other && context->needs_input_grad(1);
    size_t next = has_other ? 2 : 1;
    LayerGradientParts needed{needs_input || needs_other, context->needs_input_grad(next),
                              context->saved_data[has_bias].toBool() && context->needs_input_grad(next + 1)};
    // What follows a sum comes as one number that is repeated without memory of its own.
    auto gradient = layer_gradient(gradients[0].contiguous(), activation == Activation::relu ? saved[2] : at::Tensor(),
                                   left.scalar_type(), needed);
    auto input_gradient = [&](int64_t begin, int64_t count, const char *type) {
      auto result =
          product(gradient.gradient, {weight.narrow(1, begin, count)}, context->saved_data[type].toScalarType());
      return gradient.rows ? spread(result, *gradient.rows, left.size(0)) : result;
    };
    torch::autograd::variable_list results(5);
    if (needs_input) {
      results[0] = input_gradient(0, length, input_type);
    }
    if (needs_other) {
      results[1] = input_gradient(length, columns - length, other_type);
    }
    if (needed.transposed) {
      // A filled-up input has a column that no weight belongs to.
      results[2] = product(gradient.transposed, {left.narrow(1, 0, columns)}, at::kFloat);
    }
    results[3] = gradient.sum;
    return results;
  }

private:
  static constexpr const char *input_length = "input_length";
  static constexpr const char *input_type = "input_type";
  static constexpr const char *other_type = "other_type";
};

/// A layer with a single output outside the gradient graph: it adds up in float32, whatever it is given.
at::Tensor single_output(const at::Tensor &input, const at::Tensor &weight, const std::optional<at::Tensor> &bias) {
  return inner_products(input, weight, bias ? *bias->const_data_ptr<float>() : 0);
}

/// The same with gradients: vectors' products, for which the kernels would take sixteen columns or rows for one.
class SingleOutput : public torch::autograd::Function<SingleOutput> {
public:
  static at::Tensor forward(torch::autograd::AutogradContext *context, const at::Tensor &input,
                            const at::Tensor &weight, const std::optional<at::Tensor> &bias) {
    at::AutoDispatchBelowADInplaceOrView below_autograd;
    context->save_for_backward({input, weight});
    context->saved_data[has_bias] = bias.has_value();
    return single_output(input, weight, bias);
  }

  static torch::autograd::variable_list backward(torch::autograd::AutogradContext *context,
                                                 const torch::autograd::variable_list &gradients) {
    auto saved = context->get_saved_variables();
    const auto &[input, weight] = std::tie(saved[0], saved[1]);
    const auto &gradient = gradients[0];
    at::AutoDispatchBelowADInplaceOrView no_second_derivatives;
    torch::autograd::variable_list results(3);
    if (context->needs_input_grad(0)) {
      results[0] = outer_product(gradient, weight, input.scalar_type());
    }
    if (context->needs_input_grad(1)) {
      results[1] = weighted_sum(gradient, input);
    }
    // What was not given is not counted.
    if (context->saved_data[has_bias].toBool() && context->needs_input_grad(2)) {
      results[2] = gradient.sum(0);
    }
    return results;
  }
};

/// The layer by `product`, of one input or of two side by side; or nothing.
template <Activation activation>
std::optional<at::Tensor> by_blocks(const at::Tensor &input, const std::optional<at::Tensor> &other,
                                    const at::Tensor &weight, const std::optional<at::Tensor> &bias) {
  auto type = other ? precision_of_blocks({input, *other}, weight, bias) : precision_of_blocks({input}, weight, bias);
  if (!type) {
    return std::nullopt;
  }
  bool has_gradients = c10::GradMode::is_enabled();
  if (weight.size(0) == 1) {
    // It is float32, and what is rectified is to be of the precision's type.
    if constexpr (activation == Activation::none) {
      return has_gradients ? SingleOutput::apply(input, weight, bias) : single_output(input, weight, bias);
    }
    return std::nullopt;
  }
  if (has_gradients) {
    return Linear<activation>::apply(input, other, weight, bias, *type);
  }
  at::AutoDispatchBelowADInplaceOrView below_autograd;
  return values(prepared(input, other, *type), weight, bias, activation);
}

#else

template <Activation activation>
std::optional<at::Tensor> by_blocks(const at::Tensor &, const std::optional<at::Tensor> &, const at::Tensor &,
                                    const std::optional<at::Tensor> &) {
  return std::nullopt;
}

#endif

/// at::linear for what it refuses, too: an input that another precision has left in bfloat16.
at::Tensor by_libtorch(const at::Tensor &input, const at::Tensor &weight, const std::optional<at::Tensor> &bias) {
  bool is_left = input.scalar_type() == at::kBFloat16 && weight.scalar_type() == at::kFloat &&
                 !at::autocast::is_autocast_enabled(input.device().type());
  return at::linear(is_left ? input.to(at::kFloat) : input, weight, bias);
}

} // namespace

at::Tensor ctorch::linear(const at::Tensor &input, const at::Tensor &weight, const std::optional<at::Tensor> &bias) {
  auto result = by_blocks<Activation::none>(input, std::nullopt, weight, bias);
  return result ? *result : by_libtorch(input, weight, bias);
}

at::Tensor ctorch::linear_relu(const at::Tensor &input, const at::Tensor &weight, const std::optional<at::Tensor> &bias,
                               const std::optional<at::Tensor> &beside) {
  auto result = by_blocks<Activation::relu>(input, beside, weight, bias);
  return result ? *result : at::relu(by_libtorch(beside ? at::cat({input, *beside}, -1) : input, weight, bias));
}
