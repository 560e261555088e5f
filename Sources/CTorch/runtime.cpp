#include "ctorch/runtime.h"

#include <ATen/Context.h>
#include <ATen/Parallel.h>
#include <ATen/Version.h>
#include <dlfcn.h>
#if defined(__GLIBC__)
#include <malloc.h>
#endif
#include <torch/headeronly/version.h>

#include <atomic>

#include "private/convert.h"
#include "private/memory.h"

namespace {

std::atomic<int64_t> live_handles{0};

/// Stands in where there is no memory left for a message.
char out_of_memory[] = "out of memory";

} // namespace

namespace ctorch {

void count_handle(int change) { live_handles.fetch_add(change, std::memory_order_relaxed); }

ct_error make_error(const char *message) {
  char *copy = strdup(message);
  return {copy != nullptr ? copy : out_of_memory};
}

} // namespace ctorch

void ct_error_free(ct_error error) {
  if (error.message != out_of_memory) {
    free(error.message);
  }
}

const char *ct_version(void) { return TORCH_VERSION; }

ct_error ct_build_description(ct_error *text) {
  return guarded([&] { *text = make_error((at::show_config() + at::get_cpu_capability()).c_str()); });
}

int64_t ct_live_handles(void) { return live_handles.load(std::memory_order_relaxed); }

ct_error ct_set_threads(int count) {
  return guarded([&] { at::set_num_threads(count); });
}

int ct_threads(void) { return at::get_num_threads(); }

bool ct_reuse_memory(void) {
  reuse_tensor_memory();
#if defined(__GLIBC__)
  // 32 MB is the largest that glibc accepts for the first. The last: every allocation of a tensor's size would begin by
  // sweeping up the small pieces ("fast bins") that were freed since the one before.
  return mallopt(M_MMAP_THRESHOLD, 32 << 20) != 0 && mallopt(M_TRIM_THRESHOLD, 1 << 30) != 0 &&
         mallopt(M_MXFAST, 0) != 0;
#else
  return false;
#endif
}

bool ct_computes_bfloat16(void) {
#if defined(__x86_64__)
  return __builtin_cpu_supports("avx512bf16");
#else
  return false;
#endif
}

ct_error ct_load_cuda(void) {
  // A program that links only the CPU library sees no GPU: the CUDA half registers itself when it is loaded.
  if (dlopen("libtorch_cuda.so", RTLD_NOW | RTLD_GLOBAL) == nullptr) {
    return make_error(dlerror());
  }
  return {nullptr};
}

int ct_cuda_device_count(void) {
  try {
    return at::hasCUDA() ? static_cast<int>(at::detail::getCUDAHooks().deviceCount()) : 0;
  } catch (...) {
    return 0;
  }
}

ct_error ct_generator_make(uint64_t seed, ct_device where, ct_generator *result) {
  return guarded([&] {
    auto generator = at::globalContext().defaultGenerator(device(where)).clone();
    generator.set_current_seed(seed);
    *result = {new at::Generator(std::move(generator))};
    count_handle(1);
  });
}

void ct_generator_free(ct_generator generator) {
  if (generator.ctx != nullptr) {
    delete &ref(generator);
    count_handle(-1);
  }
}
