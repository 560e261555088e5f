#include "ctorch/tensor.h"

#include <ATen/ops/empty.h>
#include <ATen/ops/from_blob.h>
#include <ATen/ops/full.h>

#include "private/convert.h"

namespace {

at::TensorOptions options(ct_dtype dtype, ct_device where) {
  return at::TensorOptions().dtype(scalar_type(dtype)).device(device(where));
}

void require_bytes(const at::Tensor &tensor, size_t count) {
  TORCH_CHECK(tensor.nbytes() == count, "expected ", tensor.nbytes(), " bytes for shape ", tensor.sizes(), " of ",
              tensor.scalar_type(), ", got ", count);
}

} // namespace

void ct_tensor_free(ct_tensor tensor) {
  if (tensor.ctx != nullptr) {
    delete &ref(tensor);
    count_handle(-1);
  }
}

ct_error ct_empty(const int64_t *shape, size_t rank, ct_dtype dtype, ct_device where, ct_tensor *result) {
  return guarded([&] { *result = make(at::empty(shape_ref(shape, rank), options(dtype, where))); });
}

ct_error ct_full(const int64_t *shape, size_t rank, double value, ct_dtype dtype, ct_device where, ct_tensor *result) {
  return guarded([&] { *result = make(at::full(shape_ref(shape, rank), value, options(dtype, where))); });
}

ct_error ct_from_bytes(const void *bytes, size_t count, const int64_t *shape, size_t rank, ct_dtype dtype,
                       ct_tensor *result) {
  return guarded([&] {
    auto tensor = at::empty(shape_ref(shape, rank), options(dtype, {ct_cpu, 0}));
    require_bytes(tensor, count);
    if (count > 0) {
      std::memcpy(tensor.mutable_data_ptr(), bytes, count);
    }
    *result = make(std::move(tensor));
  });
}

ct_error ct_copy_bytes(ct_tensor tensor, void *bytes, size_t count) {
  return guarded([&] {
    auto source = ref(tensor).detach().to(at::kCPU).contiguous();
    require_bytes(source, count);
    if (count > 0) {
      std::memcpy(bytes, source.const_data_ptr(), count);
    }
  });
}

ct_error ct_assign_bytes(ct_tensor tensor, const void *bytes, size_t count) {
  return guarded([&] {
    auto &target = ref(tensor);
    require_bytes(target, count);
    if (count > 0) {
      // The blob is only read: from_blob merely lacks a const form.
      auto source = at::from_blob(const_cast<void *>(bytes), target.sizes(), target.scalar_type());
      target.detach().copy_(source);
    }
  });
}

ct_error ct_item(ct_tensor tensor, double *result) {
  return guarded([&] { *result = ref(tensor).item().toDouble(); });
}

size_t ct_rank(ct_tensor tensor) { return static_cast<size_t>(ref(tensor).dim()); }

void ct_shape(ct_tensor tensor, int64_t *shape) {
  auto sizes = ref(tensor).sizes();
  std::copy(sizes.begin(), sizes.end(), shape);
}

int ct_tensor_dtype(ct_tensor tensor) {
  for (int dtype = ct_float32; dtype <= ct_bool; ++dtype) {
    if (scalar_type(static_cast<ct_dtype>(dtype)) == ref(tensor).scalar_type()) {
      return dtype;
    }
  }
  return -1;
}

ct_device ct_tensor_device(ct_tensor tensor) {
  auto where = ref(tensor).device();
  return {where.is_cuda() ? ct_cuda : ct_cpu, where.has_index() ? where.index() : 0};
}

bool ct_is_channels_last(ct_tensor tensor) {
  return ref(tensor).dim() == 4 && ref(tensor).is_contiguous(at::MemoryFormat::ChannelsLast);
}

bool ct_shares_storage(ct_tensor a, ct_tensor b) { return ref(a).is_alias_of(ref(b)); }

ct_error ct_to_device(ct_tensor tensor, ct_device where, ct_tensor *result) {
  return guarded([&] { *result = make(ref(tensor).to(device(where))); });
}
