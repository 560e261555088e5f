// Tensors: creation, bytes, description.
#pragma once

#include "types.h"

CT_BEGIN

/// Frees a handle; the tensor lives on where others refer to it.
void ct_tensor_free(ct_tensor tensor);

/// An uninitialised tensor.
ct_error ct_empty(const int64_t *shape, size_t rank, ct_dtype dtype, ct_device device, ct_tensor *result);

/// A tensor whose elements are all `value`.
ct_error ct_full(const int64_t *shape, size_t rank, double value, ct_dtype dtype, ct_device device, ct_tensor *result);

/// A tensor on the CPU with a copy of `bytes`, in row-major order.
ct_error ct_from_bytes(const void *bytes, size_t count, const int64_t *shape, size_t rank, ct_dtype dtype,
                       ct_tensor *result);

/// Copies the elements in row-major order; `count` must be the exact number of bytes.
ct_error ct_copy_bytes(ct_tensor tensor, void *bytes, size_t count);

/// Overwrites the elements from `count` bytes in row-major order, whatever the tensor's memory format.
ct_error ct_assign_bytes(ct_tensor tensor, const void *bytes, size_t count);

/// The only element of a tensor, as a double.
ct_error ct_item(ct_tensor tensor, double *result);

/// The number of dimensions.
size_t ct_rank(ct_tensor tensor);

/// Writes the lengths of all dimensions.
void ct_shape(ct_tensor tensor, int64_t *shape);

/// The element type, or -1 for one that this interface does not know.
int ct_tensor_dtype(ct_tensor tensor);

/// The device.
ct_device ct_tensor_device(ct_tensor tensor);

/// Whether the elements of a batch of images lie in channels-last order.
bool ct_is_channels_last(ct_tensor tensor);

/// Whether two handles refer to the same storage.
bool ct_shares_storage(ct_tensor a, ct_tensor b);

/// The tensor on a device: a copy, or the tensor itself where it is there already.
ct_error ct_to_device(ct_tensor tensor, ct_device device, ct_tensor *result);

CT_END
