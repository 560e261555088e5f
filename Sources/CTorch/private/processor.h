// What the processor at hand does best.
#pragma once

namespace ctorch {

/// Whether this processor has AVX-512 with bfloat16, and MKL, which libtorch computes with, does not use it: that is so
/// for all makers but its own.
inline bool has_avx512_that_mkl_leaves_alone() {
#if defined(__x86_64__)
  static const bool has = [] {
    __builtin_cpu_init();
    return !__builtin_cpu_is("intel") && __builtin_cpu_supports("avx512f") && __builtin_cpu_supports("avx512bw") &&
           __builtin_cpu_supports("avx512vl") && __builtin_cpu_supports("avx512bf16");
  }();
  return has;
#else
  return false;
#endif
}

} // namespace ctorch
