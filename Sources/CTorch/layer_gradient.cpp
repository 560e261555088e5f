#include "private/layer_gradient.h"
#include "private/parallel.h"

#include <ATen/ops/empty.h>

#include <algorithm>
#include <cstring>
#include <type_traits>
#include <utility>

#if defined(__x86_64__)

#include "private/product.h"
#include "private/sixteen.h"

using c10::BFloat16;

namespace {

/// Pointers to the arrays of `layer_gradient`; nullptr for what is not there or not needed.
template <typename From, typename T> struct Arrays {
  const From *gradient;
  const T *rectified;
  T *result;
  T *transposed;
  float *sum;
  /// Which rows of `gradient` and `rectified` are read; nullptr for all.
  const int64_t *places;
  int64_t rows;
  int64_t columns;
  /// From one row to the next of `result` and of `transposed`.
  int64_t result_stride;
  int64_t transposed_stride;
};

} // namespace

#pragma clang attribute push([[gnu::target("avx512f,avx512bw,avx512vl,avx512bf16")]], apply_to = function)

namespace {

/// A tile is sixteen columns wide and so many rows high: sixteen words, of one number or of two of bfloat16.
template <typename T> constexpr int64_t tile_rows = ctorch::group<T> * ctorch::sixteen;

/// One tile from a row and a column on. height, width: what of it is there; all of it if it is whole.
template <bool is_whole, typename From, typename T>
void compute_tile(const Arrays<From, T> &arrays, int64_t row, int64_t column, int64_t height, int64_t width) {
  using ctorch::first, ctorch::group, ctorch::sixteen;
  auto inside = is_whole ? __mmask16(0xffff) : first(width);
  auto sum = row == 0 || arrays.sum == nullptr ? _mm512_setzero_ps() : ctorch::load(inside, arrays.sum + column);
  // The row's last place may be there to fill it up.
  bool ends = column + width == arrays.columns;
  auto target = is_whole ? inside : first(ends ? arrays.result_stride - column : width);
  __m512 numbers[tile_rows<T>];
  for (int64_t i = 0; i < tile_rows<T>; ++i) {
    if (!is_whole && i >= height) {
      numbers[i] = _mm512_setzero_ps();
      continue;
    }
    auto passes = inside;
    int64_t place = (arrays.places == nullptr ? row + i : arrays.places[row + i]) * arrays.columns + column;
    if (arrays.rectified != nullptr) {
      // "Not at most 0" holds for what is not a number, too, as it does in libtorch.
      auto output = ctorch::load(passes, arrays.rectified + place);
      passes = _mm512_mask_cmp_ps_mask(passes, output, _mm512_setzero_ps(), _CMP_NLE_UQ);
    }
    numbers[i] = ctorch::load(passes, arrays.gradient + place);
    sum = _mm512_add_ps(sum, numbers[i]);
    if (arrays.result != nullptr) {
      ctorch::store(arrays.result + (row + i) * arrays.result_stride + column, target, numbers[i]);
    }
  }
  if (arrays.sum != nullptr) {
    ctorch::store(arrays.sum + column, inside, sum);
  }
  if (arrays.transposed == nullptr) {
    return;
  }
  __m512i words[sixteen];
  for (int64_t i = 0; i < sixteen; ++i) {
    if constexpr (group<T> == 1) {
      words[i] = _mm512_castps_si512(numbers[i]);
    } else if constexpr (std::is_same_v<From, T>) {
      words[i] = ctorch::exact_pairs(numbers[2 * i], numbers[2 * i + 1]);
    } else {
      words[i] = ctorch::pairs(numbers[2 * i], numbers[2 * i + 1]);
    }
  }
  ctorch::transpose(words);
  auto below = is_whole ? inside : first((arrays.transposed_stride - row) / group<T>);
  for (int64_t i = 0; i < (is_whole ? sixteen : width); ++i) {
    _mm512_mask_storeu_epi32(arrays.transposed + (column + i) * arrays.transposed_stride + row, below, words[i]);
  }
}

/// All rows of the columns begin..<end; begin is a multiple of 16.
template <typename From, typename T> void compute(const Arrays<From, T> &arrays, int64_t begin, int64_t end) {
  // Row after row, as they lie in memory; of what is transposed, a whole cache line is written at a time.
  for (int64_t row = 0; row < arrays.rows; row += tile_rows<T>) {
    int64_t height = std::min(tile_rows<T>, arrays.rows - row);
    for (int64_t column = begin; column < end; column += ctorch::sixteen) {
      int64_t width = std::min(ctorch::sixteen, end - column);
      if (height == tile_rows<T> && width == ctorch::sixteen) {
        compute_tile<true>(arrays, row, column, height, width);
      } else {
        compute_tile<false>(arrays, row, column, height, width);
      }
    }
  }
}

/// Whether a row has anything but zeros.
template <typename From> bool counts(const From *row, int64_t columns) {
  bool result = false;
  for (int64_t column = 0; column < columns && !result; column += ctorch::sixteen) {
    auto numbers = ctorch::load(ctorch::first(columns - column), row + column);
    result = _mm512_cmp_ps_mask(numbers, _mm512_setzero_ps(), _CMP_NEQ_UQ) != 0;
  }
  return result;
}

} // namespace

#pragma clang attribute pop

namespace {

/// Which rows have anything but zeros; nothing where those are too many for leaving out the others to pay off.
///
/// An actor learns from the smaller of two estimates: a row's gradient goes through one critic alone.
template <typename From> std::optional<std::vector<int64_t>> rows_that_count(const at::Tensor &gradient) {
  // Some that are 0 come along, as oneDNN makes a kernel for every number of rows that it meets.
  constexpr int64_t step = 16;
  int64_t rows = gradient.size(0);
  int64_t columns = gradient.size(1);
  const auto *numbers = gradient.const_data_ptr<From>();
  std::vector<bool> row_counts(rows);
  for (int64_t row = 0; row < rows; ++row) {
    row_counts[row] = counts(numbers + row * columns, columns);
  }
  int64_t counting = std::count(row_counts.begin(), row_counts.end(), true);
  int64_t others = std::max(step, (counting + step - 1) / step * step) - counting;
  if (counting + others > rows * 7 / 8) {
    return std::nullopt;
  }
  std::vector<int64_t> result;
  result.reserve(counting + others);
  for (int64_t row = 0; row < rows; ++row) {
    if (row_counts[row] || others-- > 0) {
      result.push_back(row);
    }
  }
  return result;
}

template <typename From, typename T>
ctorch::LayerGradient layer_gradient(const at::Tensor &gradient, const at::Tensor &rectified,
                                     ctorch::LayerGradientParts parts) {
  ctorch::LayerGradient result;
  if (!parts.transposed && !parts.sum) {
    result.rows = rows_that_count<From>(gradient);
  }
  int64_t rows = result.rows ? static_cast<int64_t>(result.rows->size()) : gradient.size(0);
  int64_t columns = gradient.size(1);
  constexpr auto type = c10::CppTypeToScalarType<T>::value;
  auto options = gradient.options().dtype(type);
  int64_t filled_rows = ctorch::filled<T>(rows);
  int64_t filled_columns = ctorch::filled<T>(columns);
  // What is as it came need not be written again.
  bool is_new =
      parts.gradient && (rectified.defined() || result.rows || filled_columns != columns || !std::is_same_v<From, T>);
  if (parts.gradient) {
    result.gradient = is_new ? at::empty({rows, filled_columns}, options) : gradient;
  }
  if (parts.transposed) {
    result.transposed = at::empty({columns, filled_rows}, options);
  }
  if (parts.sum) {
    result.sum = at::empty({columns}, options.dtype(at::kFloat));
  }
  if (!is_new && !parts.transposed && !parts.sum) {
    return result;
  }
  auto pointer = [](const at::Tensor &tensor) { return tensor.defined() ? tensor.data_ptr<T>() : nullptr; };
  Arrays<From, T> arrays{gradient.const_data_ptr<From>(),
                         rectified.defined() ? rectified.const_data_ptr<T>() : nullptr,
                         is_new ? pointer(result.gradient) : nullptr,
                         pointer(result.transposed),
                         parts.sum ? result.sum.data_ptr<float>() : nullptr,
                         result.rows ? result.rows->data() : nullptr,
                         rows,
                         columns,
                         filled_columns,
                         filled_rows};
  constexpr auto width = ctorch::sixteen;
  int64_t least = ctorch::least_numbers / std::max<int64_t>(1, rows * width);
  ctorch::parallel_for((columns + width - 1) / width, least, [&](int64_t begin, int64_t end) {
    compute(arrays, begin * width, std::min(end * width, columns));
  });
  return result;
}

} // namespace

ctorch::LayerGradient ctorch::layer_gradient(const at::Tensor &gradient, const at::Tensor &rectified,
                                             at::ScalarType precision, LayerGradientParts parts) {
  LayerGradient result;
  with_type(gradient.scalar_type(), [&](auto number) {
    with_type(precision, [&](auto factor) {
      result = ::layer_gradient<decltype(number), decltype(factor)>(gradient, rectified, parts);
    });
  });
  return result;
}

at::Tensor ctorch::spread(const at::Tensor &matrix, const std::vector<int64_t> &rows, int64_t count) {
  auto result = at::empty({count, matrix.size(1)}, matrix.options());
  auto bytes = static_cast<size_t>(matrix.size(1)) * matrix.element_size();
  const auto *from = static_cast<const char *>(matrix.const_data_ptr());
  auto *to = static_cast<char *>(result.mutable_data_ptr());
  auto next = rows.begin();
  for (int64_t row = 0; row < count; ++row, to += bytes) {
    if (next != rows.end() && *next == row) {
      std::memcpy(to, from, bytes);
      from += bytes;
      ++next;
    } else {
      std::memset(to, 0, bytes);
    }
  }
  return result;
}

#endif
