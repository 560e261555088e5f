#include "private/layer_gradient.h"

#include <ATen/Parallel.h>
#include <ATen/ops/empty.h>
#include <ATen/ops/threshold_backward.h>

#include <algorithm>

#if defined(__x86_64__)
#include <immintrin.h>
#endif

namespace {

#if defined(__x86_64__)

constexpr int64_t tile = 16;
/// Below this many numbers another thread is not worth waking; libtorch's own measure.
constexpr int64_t least_share = 32768;

/// Exchanges rows and columns of 16x16 numbers: pairs, then fours, then quarters of registers.
[[gnu::target("avx512f")]] inline void transpose(__m512 *rows) {
  __m512 pairs[tile];
  for (int i = 0; i < tile; i += 2) {
    pairs[i] = _mm512_unpacklo_ps(rows[i], rows[i + 1]);
    pairs[i + 1] = _mm512_unpackhi_ps(rows[i], rows[i + 1]);
  }
  __m512 fours[tile];
  for (int i = 0; i < tile; i += 4) {
    fours[i] = _mm512_shuffle_ps(pairs[i], pairs[i + 2], 0x44);
    fours[i + 1] = _mm512_shuffle_ps(pairs[i], pairs[i + 2], 0xee);
    fours[i + 2] = _mm512_shuffle_ps(pairs[i + 1], pairs[i + 3], 0x44);
    fours[i + 3] = _mm512_shuffle_ps(pairs[i + 1], pairs[i + 3], 0xee);
  }
  for (int i = 0; i < 4; ++i) {
    __m512 a = _mm512_shuffle_f32x4(fours[i], fours[i + 4], 0x88);
    __m512 b = _mm512_shuffle_f32x4(fours[i], fours[i + 4], 0xdd);
    __m512 c = _mm512_shuffle_f32x4(fours[i + 8], fours[i + 12], 0x88);
    __m512 d = _mm512_shuffle_f32x4(fours[i + 8], fours[i + 12], 0xdd);
    rows[i] = _mm512_shuffle_f32x4(a, c, 0x88);
    rows[i + 4] = _mm512_shuffle_f32x4(b, d, 0x88);
    rows[i + 8] = _mm512_shuffle_f32x4(a, c, 0xdd);
    rows[i + 12] = _mm512_shuffle_f32x4(b, d, 0xdd);
  }
}

/// Pointers to the arrays of `layer_gradient`; nullptr for what is not there or not needed.
struct Arrays {
  const float *gradient;
  const float *rectified;
  float *result;
  float *transposed;
  float *sum;
  int64_t rows;
  int64_t columns;
};

/// All rows of the columns begin..<end; begin is a multiple of 16.
[[gnu::target("avx512f")]] void compute(const Arrays &arrays, int64_t begin, int64_t end) {
  // Row after row, as they lie in memory; of what is transposed, a whole cache line is written at a time.
  for (int64_t row = 0; row < arrays.rows; row += tile) {
    int64_t height = std::min(tile, arrays.rows - row);
    auto below = static_cast<__mmask16>((1u << height) - 1);
    for (int64_t column = begin; column < end; column += tile) {
      int64_t width = std::min(tile, end - column);
      auto inside = static_cast<__mmask16>((1u << width) - 1);
      __m512 sum = row == 0 || arrays.sum == nullptr ? _mm512_setzero_ps()
                                                     : _mm512_maskz_loadu_ps(inside, arrays.sum + column);
      __m512 values[tile];
      for (int64_t i = 0; i < tile; ++i) {
        int64_t place = (row + i) * arrays.columns + column;
        // Nothing is read behind the last row.
        __mmask16 passes = i < height ? inside : 0;
        if (arrays.rectified != nullptr) {
          __m512 output = _mm512_maskz_loadu_ps(passes, arrays.rectified + place);
          // "Not at most 0" holds for what is not a number, too, as it does in libtorch.
          passes = _mm512_mask_cmp_ps_mask(passes, output, _mm512_setzero_ps(), _CMP_NLE_UQ);
        }
        values[i] = _mm512_maskz_loadu_ps(passes, arrays.gradient + place);
        sum = _mm512_add_ps(sum, values[i]);
        if (arrays.result != nullptr && i < height) {
          _mm512_mask_storeu_ps(arrays.result + place, inside, values[i]);
        }
      }
      if (arrays.sum != nullptr) {
        _mm512_mask_storeu_ps(arrays.sum + column, inside, sum);
      }
      if (arrays.transposed != nullptr) {
        transpose(values);
        for (int64_t i = 0; i < width; ++i) {
          _mm512_mask_storeu_ps(arrays.transposed + (column + i) * arrays.rows + row, below, values[i]);
        }
      }
    }
  }
}

#endif

} // namespace

ctorch::LayerGradient ctorch::layer_gradient(const at::Tensor &gradient, const at::Tensor &rectified,
                                             LayerGradientParts parts) {
  LayerGradient result;
#if defined(__x86_64__)
  int64_t rows = gradient.size(0);
  int64_t columns = gradient.size(1);
  // What is as it came need not be written again.
  bool is_new = parts.gradient && rectified.defined();
  if (parts.gradient) {
    result.gradient = is_new ? at::empty({rows, columns}, gradient.options()) : gradient;
  }
  if (parts.transposed) {
    result.transposed = at::empty({columns, rows}, gradient.options());
  }
  if (parts.sum) {
    result.sum = at::empty({columns}, gradient.options());
  }
  auto pointer = [](const at::Tensor &tensor) { return tensor.defined() ? tensor.data_ptr<float>() : nullptr; };
  Arrays arrays{gradient.const_data_ptr<float>(),
                pointer(rectified),
                is_new ? pointer(result.gradient) : nullptr,
                pointer(result.transposed),
                pointer(result.sum),
                rows,
                columns};
  if (is_new || parts.transposed || parts.sum) {
    int64_t least_columns = std::max<int64_t>(1, least_share / std::max<int64_t>(1, rows * tile));
    at::parallel_for(0, (columns + tile - 1) / tile, least_columns, [&](int64_t begin, int64_t end) {
      compute(arrays, begin * tile, std::min(end * tile, columns));
    });
  }
#else
  auto whole = rectified.defined() ? at::threshold_backward(gradient, rectified, 0) : gradient;
  result = {parts.gradient ? whole : at::Tensor(), parts.transposed ? whole.t().contiguous() : at::Tensor(),
            parts.sum ? whole.sum(0) : at::Tensor()};
#endif
  return result;
}
