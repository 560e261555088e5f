// Handles and small values that cross the C interface. A handle owns one C++ object until its _free function is called.
#pragma once

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#ifdef __cplusplus
#define CT_BEGIN extern "C" {
#define CT_END }
#else
#define CT_BEGIN
#define CT_END
#endif

CT_BEGIN

/// What every function that can fail returns: `message` is null for success, else a text to pass to ct_error_free.
typedef struct ct_error {
  char *message;
} ct_error;

/// A tensor, or none where `ctx` is null.
typedef struct ct_tensor {
  void *ctx;
} ct_tensor;

/// A source of random numbers.
typedef struct ct_generator {
  void *ctx;
} ct_generator;

/// Element types.
typedef enum ct_dtype {
  ct_float32,
  ct_float64,
  ct_float16,
  ct_bfloat16,
  ct_int64,
  ct_int32,
  ct_int16,
  ct_int8,
  ct_uint8,
  ct_bool,
} ct_dtype;

/// Kinds of devices.
typedef enum ct_device_kind {
  ct_cpu,
  ct_cuda,
} ct_device_kind;

/// A device; `index` counts devices of one kind from 0.
typedef struct ct_device {
  ct_device_kind kind;
  int32_t index;
} ct_device;

/// How the elements of an image batch lie in memory.
typedef enum ct_memory_format {
  ct_format_contiguous,
  ct_format_channels_last,
} ct_memory_format;

/// Frees an error's message.
void ct_error_free(ct_error error);

CT_END
