// Sixteen numbers at a time in the registers of a processor with AVX-512 and bfloat16, which whoever calls this has
// asked for.
#pragma once

#include <c10/util/BFloat16.h>

#include <immintrin.h>

#include <algorithm>
#include <cstdint>

#pragma clang attribute push([[gnu::target("avx512f,avx512bw,avx512vl,avx512bf16")]], apply_to = function)

namespace ctorch {

/// How many numbers a register holds.
constexpr int64_t sixteen = 16;

/// The first `count` of sixteen; all if there are more.
inline __mmask16 first(int64_t count) { return static_cast<__mmask16>((1u << std::clamp<int64_t>(count, 0, 16)) - 1); }

/// Calls `body` with every sixteenth place of a row and the mask of what is inside; whole sixteens need no mask.
template <typename Body> [[gnu::always_inline]] inline void for_sixteens(int64_t count, Body body) {
  int64_t place = 0;
  for (; place + sixteen <= count; place += sixteen) {
    body(place, __mmask16(0xffff));
  }
  if (place < count) {
    body(place, first(count - place));
  }
}

/// The numbers of a mask; 0 in the other places, which are not read.
inline __m512 load(__mmask16 mask, const float *from) { return _mm512_maskz_loadu_ps(mask, from); }

inline __m512 load(__mmask16 mask, const c10::BFloat16 *from) {
  __m512i words = _mm512_cvtepu16_epi32(_mm256_maskz_loadu_epi16(mask, from));
  return _mm512_castsi512_ps(_mm512_slli_epi32(words, 16));
}

/// Sixteen numbers, rounded to bfloat16, in the lower halves of words.
inline __m512i lower_halves(__m512 numbers) {
  return _mm512_cvtepu16_epi32(reinterpret_cast<__m256i>(_mm512_cvtneps_pbh(numbers)));
}

/// Sixteen pairs of numbers, rounded to bfloat16; `low` is first in memory.
inline __m512i pairs(__m512 low, __m512 high) {
  return _mm512_or_si512(lower_halves(low), _mm512_slli_epi32(lower_halves(high), 16));
}

/// The same of numbers that are bfloat16's already: the upper halves of words.
inline __m512i exact_pairs(__m512 low, __m512 high) {
  return _mm512_or_si512(_mm512_srli_epi32(_mm512_castps_si512(low), 16), _mm512_castps_si512(high));
}

/// Writes the numbers of a mask.
inline void store(float *to, __mmask16 mask, __m512 numbers) { _mm512_mask_storeu_ps(to, mask, numbers); }

inline void store(c10::BFloat16 *to, __mmask16 mask, __m512 numbers) {
  _mm256_mask_storeu_epi16(to, mask, reinterpret_cast<__m256i>(_mm512_cvtneps_pbh(numbers)));
}

/// Exchanges rows and columns of 16x16 words: pairs, then fours, then quarters of registers.
inline void transpose(__m512i *rows) {
  __m512i twos[sixteen];
  for (int i = 0; i < sixteen; i += 2) {
    twos[i] = _mm512_unpacklo_epi32(rows[i], rows[i + 1]);
    twos[i + 1] = _mm512_unpackhi_epi32(rows[i], rows[i + 1]);
  }
  __m512i fours[sixteen];
  for (int i = 0; i < sixteen; i += 4) {
    fours[i] = _mm512_unpacklo_epi64(twos[i], twos[i + 2]);
    fours[i + 1] = _mm512_unpackhi_epi64(twos[i], twos[i + 2]);
    fours[i + 2] = _mm512_unpacklo_epi64(twos[i + 1], twos[i + 3]);
    fours[i + 3] = _mm512_unpackhi_epi64(twos[i + 1], twos[i + 3]);
  }
  for (int i = 0; i < 4; ++i) {
    __m512i a = _mm512_shuffle_i32x4(fours[i], fours[i + 4], 0x88);
    __m512i b = _mm512_shuffle_i32x4(fours[i], fours[i + 4], 0xdd);
    __m512i c = _mm512_shuffle_i32x4(fours[i + 8], fours[i + 12], 0x88);
    __m512i d = _mm512_shuffle_i32x4(fours[i + 8], fours[i + 12], 0xdd);
    rows[i] = _mm512_shuffle_i32x4(a, c, 0x88);
    rows[i + 4] = _mm512_shuffle_i32x4(b, d, 0x88);
    rows[i + 8] = _mm512_shuffle_i32x4(a, c, 0xdd);
    rows[i + 12] = _mm512_shuffle_i32x4(b, d, 0xdd);
  }
}

} // namespace ctorch

#pragma clang attribute pop
