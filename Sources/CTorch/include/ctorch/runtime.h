// The library itself: version, threads, devices, random generators, live handles.
#pragma once

#include "types.h"

CT_BEGIN

/// libtorch's version, such as "2.13.0".
const char *ct_version(void);

/// What libtorch was built with, as it says itself; to be freed with ct_error_free.
ct_error ct_build_description(ct_error *text);

/// The number of handles that are not freed yet, for finding leaks.
int64_t ct_live_handles(void);

/// Sets how many threads one operation may use.
ct_error ct_set_threads(int count);

/// How many threads one operation may use.
int ct_threads(void);

/// Keeps the memory of freed tensors for later ones, and makes the C library keep other memory. False where it has no
/// such setting.
bool ct_reuse_memory(void);

/// Whether the processor multiplies bfloat16 numbers itself.
bool ct_computes_bfloat16(void);

/// Loads libtorch's CUDA half where it lies beside the CPU half. An error says why it could not be loaded.
ct_error ct_load_cuda(void);

/// How many CUDA devices can be used; 0 without ct_load_cuda.
int ct_cuda_device_count(void);

/// A generator on a device, started from a seed.
ct_error ct_generator_make(uint64_t seed, ct_device device, ct_generator *result);

/// Frees a generator.
void ct_generator_free(ct_generator generator);

CT_END
