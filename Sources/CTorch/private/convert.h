// Between C handles and C++ objects.
#pragma once

#include <ATen/core/Generator.h>
#include <ATen/core/Tensor.h>
#include <ATen/ops/empty_like.h>

#include <cstring>
#include <optional>
#include <stdexcept>
#include <vector>

#include "ctorch/types.h"

namespace ctorch {

/// Notes that a handle was made (+1) or freed (-1).
void count_handle(int change);

/// A message for C, or one that cannot be allocated as a constant that ct_error_free knows.
ct_error make_error(const char *message);

inline at::Tensor &ref(ct_tensor tensor) { return *static_cast<at::Tensor *>(tensor.ctx); }

inline at::Generator &ref(ct_generator generator) { return *static_cast<at::Generator *>(generator.ctx); }

inline std::optional<at::Tensor> optional_ref(ct_tensor tensor) {
  if (tensor.ctx == nullptr) {
    return std::nullopt;
  }
  return ref(tensor);
}

inline std::vector<at::Tensor> list(const ct_tensor *tensors, size_t count) {
  std::vector<at::Tensor> result;
  result.reserve(count);
  for (size_t i = 0; i < count; ++i) {
    result.push_back(ref(tensors[i]));
  }
  return result;
}

inline ct_tensor make(at::Tensor tensor) {
  auto *object = new at::Tensor(std::move(tensor));
  count_handle(1);
  return {object};
}

/// A number for tensors of any type: whole ones are passed as such, since libtorch refuses to add 1.0 to integers.
inline at::Scalar number(double value) {
  constexpr double exact = 9007199254740992.0; // 2^53
  if (value >= -exact && value <= exact && value == static_cast<double>(static_cast<int64_t>(value))) {
    return {static_cast<int64_t>(value)};
  }
  return {value};
}

inline at::ScalarType scalar_type(ct_dtype dtype) {
  switch (dtype) {
  case ct_float32:
    return at::kFloat;
  case ct_float64:
    return at::kDouble;
  case ct_float16:
    return at::kHalf;
  case ct_bfloat16:
    return at::kBFloat16;
  case ct_int64:
    return at::kLong;
  case ct_int32:
    return at::kInt;
  case ct_int16:
    return at::kShort;
  case ct_int8:
    return at::kChar;
  case ct_uint8:
    return at::kByte;
  case ct_bool:
    return at::kBool;
  }
  throw std::invalid_argument("unknown element type");
}

inline at::MemoryFormat memory_format(ct_memory_format format) {
  return format == ct_format_channels_last ? at::MemoryFormat::ChannelsLast : at::MemoryFormat::Contiguous;
}

inline at::Device device(ct_device device) {
  return device.kind == ct_cuda ? at::Device(at::kCUDA, static_cast<at::DeviceIndex>(device.index))
                                : at::Device(at::kCPU);
}

inline at::IntArrayRef shape_ref(const int64_t *shape, size_t rank) { return {shape, rank}; }

/// Each tensor with the strides of its model: fused kernels walk parameters, gradients and moments as flat arrays, and
/// autograd may hand out a channels-last parameter's gradient in another order.
inline std::vector<at::Tensor> laid_out_like(std::vector<at::Tensor> tensors, const std::vector<at::Tensor> &models) {
  for (size_t i = 0; i < tensors.size() && i < models.size(); ++i) {
    if (tensors[i].sizes() == models[i].sizes() && tensors[i].strides() != models[i].strides()) {
      auto copy = at::empty_like(models[i], tensors[i].options());
      copy.copy_(tensors[i]);
      tensors[i] = copy;
    }
  }
  return tensors;
}

/// Runs `body` and turns whatever it throws into an error value.
template <typename Body> ct_error guarded(Body &&body) noexcept {
  try {
    body();
    return {nullptr};
  } catch (const c10::Error &error) {
    return make_error(error.what_without_backtrace());
  } catch (const std::exception &error) {
    return make_error(error.what());
  } catch (...) {
    return make_error("an unknown C++ exception");
  }
}

} // namespace ctorch

using namespace ctorch; // NOLINT: only the interface's own sources include this header
