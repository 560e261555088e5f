#include "private/images.h"
#include "private/parallel.h"
#include "private/product.h"

#include <ATen/autocast_mode.h>
#include <ATen/core/LegacyTypeDispatch.h>
#include <ATen/ops/empty_like.h>
#include <ATen/ops/flatten.h>
#include <ATen/ops/take.h>
#include <c10/core/GradMode.h>
#include <c10/util/Exception.h>
#include <torch/csrc/autograd/custom_function.h>

namespace {

/// The type that a network's input is computed in.
at::ScalarType input_type(const at::Tensor &input) {
  auto device = input.device().type();
  return at::autocast::is_autocast_enabled(device) ? at::autocast::get_autocast_dtype(device) : at::kFloat;
}

template <typename T> void look_up(const at::Tensor &bytes, const at::Tensor &table, const at::Tensor &result) {
  const auto *from = bytes.const_data_ptr<uint8_t>();
  const auto *numbers = table.const_data_ptr<T>();
  auto *to = result.data_ptr<T>();
  ctorch::parallel_for(bytes.numel(), ctorch::least_numbers, [&](int64_t begin, int64_t end) {
    for (int64_t i = begin; i < end; ++i) {
      to[i] = numbers[from[i]];
    }
  });
}

/// All but the first dimension of a tensor whose channels are last: its elements are copied in any case.
class Flatten : public torch::autograd::Function<Flatten> {
public:
  static at::Tensor forward(torch::autograd::AutogradContext *context, const at::Tensor &x) {
    at::AutoDispatchBelowADInplaceOrView below_autograd;
    context->saved_data[shape] = x.sizes();
    return at::flatten(x, 1);
  }

  static torch::autograd::variable_list backward(torch::autograd::AutogradContext *context,
                                                 const torch::autograd::variable_list &gradients) {
    auto gradient = gradients[0].reshape(context->saved_data[shape].toIntVector());
    return {gradient.contiguous(at::MemoryFormat::ChannelsLast)};
  }

private:
  static constexpr const char *shape = "shape";
};

} // namespace

at::Tensor ctorch::flatten(const at::Tensor &x, int64_t first, int64_t last) {
  // What is contiguous in both ways is flattened without a copy, and so is its gradient.
  bool has_channels_last = x.dim() == 4 && x.is_contiguous(at::MemoryFormat::ChannelsLast) && !x.is_contiguous();
  bool is_whole = first == 1 && (last == -1 || last == 3);
  if (has_channels_last && is_whole && x.requires_grad() && c10::GradMode::is_enabled()) {
    return Flatten::apply(x);
  }
  return at::flatten(x, first, last);
}

at::Tensor ctorch::lookup(const at::Tensor &bytes, const at::Tensor &table) {
  TORCH_CHECK(bytes.scalar_type() == at::kByte, "expected bytes to look up, found ", bytes.scalar_type());
  TORCH_CHECK(table.dim() == 1 && table.size(0) == 256 && table.scalar_type() == at::kFloat,
              "expected a table of 256 numbers of float32, found ", table.sizes(), " of ", table.scalar_type());
  TORCH_CHECK(table.device() == bytes.device(), "the table is on ", table.device(), ", the bytes on ", bytes.device());
  auto type = input_type(bytes);
  auto numbers = table.to(type).contiguous();
  auto result = at::empty_like(bytes, bytes.options().dtype(type));
  bool is_plain = bytes.device().is_cpu() && bytes.is_non_overlapping_and_dense();
  if (!is_plain || (type != at::kFloat && type != at::kBFloat16)) {
    return at::take_out(result, numbers, bytes.to(at::kLong));
  }
  // Without gaps, and in the same order: one row of numbers.
  with_type(type, [&](auto number) { look_up<decltype(number)>(bytes, numbers, result); });
  return result;
}
