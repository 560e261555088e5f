#include "private/product.h"
#include "private/parallel.h"

#include <ATen/native/CPUBlas.h>
#include <ATen/ops/empty.h>
#include <c10/util/Exception.h>

#include <algorithm>
#include <type_traits>
#include <utility>

#if defined(__x86_64__)

#include "private/sixteen.h"

using c10::BFloat16;

namespace {

/// As many multiplications as take a core some microseconds, several times what it takes to wake another thread.
constexpr int64_t least_multiplications = 524'288;
/// A part of the right factor, so many columns of so many rows, stays in the second-level cache beside the rows of the
/// left factor that it is multiplied with and their sums.
constexpr int64_t panel_columns = 64;
constexpr int64_t panel_rows = 1024;
constexpr int64_t block_rows = 64;
/// Sums of so many rows wait to be rounded, where the right factor has several parts below each other.
constexpr int64_t scratch_rows = 256;

/// A matrix whose rows have no gaps in them; there may be some between rows.
template <typename T> struct Matrix {
  explicit Matrix(const at::Tensor &tensor)
      : numbers(tensor.const_data_ptr<T>()), rows(tensor.size(0)), columns(tensor.size(1)), stride(tensor.stride(0)) {}
  const T *numbers;
  int64_t rows;
  int64_t columns;
  int64_t stride;
};

/// The matrix in a form for `Matrix`.
at::Tensor in_rows(const at::Tensor &matrix) { return matrix.stride(1) == 1 ? matrix : matrix.contiguous(); }

/// What a thread's memory is for.
enum class Use { panel, sums };

/// A thread's memory for numbers, which begins with a cache line, so that no register's load touches two.
template <Use use, typename T> T *thread_memory(int64_t count) {
  thread_local at::Tensor memory;
  if (!memory.defined() || memory.numel() < count) {
    memory = at::empty({count}, at::TensorOptions(c10::CppTypeToScalarType<T>::value));
  }
  return memory.data_ptr<T>();
}

/// The rows and columns of a right factor that a product is at.
struct Panel {
  int64_t row;
  int64_t height;
  int64_t column;
  int64_t width;
};

} // namespace

#pragma clang attribute push([[gnu::target("avx512f,avx512bw,avx512vl,avx512bf16")]], apply_to = function)

namespace {

using ctorch::first, ctorch::group, ctorch::load, ctorch::sixteen, ctorch::store;

/// Rows begin..<end, each filled up to a length with zeros; the results' are `stride` apart.
template <typename From, typename To>
void convert(const Matrix<From> &from, To *to, int64_t stride, int64_t length, int64_t begin, int64_t end) {
  for (int64_t row = begin; row < end; ++row) {
    const From *source = from.numbers + row * from.stride;
    To *target = to + row * stride;
    ctorch::for_sixteens(from.columns, [&](int64_t column, __mmask16 inside) {
      store(target + column, inside, load(inside, source + column));
    });
    std::fill(target + from.columns, target + length, To(0));
  }
}

/// A panel of a matrix, with pairs of rows for BFloat16; what lies outside the matrix is 0.
template <typename T, typename From> void pack(const Matrix<From> &from, const Panel &panel, T *to) {
  for (int64_t row = 0; row < panel.height; row += group<T>) {
    const From *source = from.numbers + (panel.row + row) * from.stride + panel.column;
    bool has_second = panel.row + row + 1 < from.rows;
    ctorch::for_sixteens(panel.width, [&](int64_t column, __mmask16 inside) {
      auto numbers = load(inside, source + column);
      if constexpr (group<T> == 1) {
        store(to + row * panel.width + column, inside, numbers);
      } else {
        auto below = has_second ? load(inside, source + from.stride + column) : _mm512_setzero_ps();
        _mm512_mask_storeu_epi32(to + row * panel.width + group<T> * column, inside, ctorch::pairs(numbers, below));
      }
    });
  }
}

/// Sixteen words of the first `count` numbers: one each for float, two rounded ones for BFloat16. All are there if it
/// is whole.
template <typename T, bool is_whole, typename From> __m512i words(const From *numbers, int64_t count) {
  auto part = [&](int64_t begin) { return load(is_whole ? __mmask16(0xffff) : first(count - begin), numbers + begin); };
  if constexpr (std::is_same_v<T, float>) {
    return _mm512_castps_si512(part(0));
  } else {
    return reinterpret_cast<__m512i>(_mm512_cvtne2ps_pbh(part(sixteen), part(0)));
  }
}

/// Sixteen columns of a panel of a matrix's transpose, and so many rows as are sixteen words. width, height: what of it
/// is there; all if it is whole.
template <typename T, bool is_whole, typename From>
void pack_tile(const From *source, int64_t source_stride, T *to, int64_t stride, int64_t width, int64_t height) {
  __m512i tile[sixteen];
  for (int64_t i = 0; i < sixteen; ++i) {
    const From *numbers = source + (is_whole ? i : std::min(i, width - 1)) * source_stride;
    tile[i] = words<T, is_whole>(numbers, i < width ? height : 0);
    // So many rows at once are more than the processor foresees.
    _mm_prefetch(numbers + 2 * group<T> * sixteen, _MM_HINT_T0);
  }
  ctorch::transpose(tile);
  auto inside = is_whole ? __mmask16(0xffff) : first(width);
  int64_t rows = is_whole ? sixteen : (height + group<T> - 1) / group<T>;
  for (int64_t i = 0; i < rows; ++i) {
    _mm512_mask_storeu_epi32(to + i * group<T> * stride, inside, tile[i]);
  }
}

/// A panel of a matrix's transpose.
template <typename T, typename From> void pack_transposed(const Matrix<From> &from, const Panel &panel, T *to) {
  constexpr int64_t tile_height = group<T> * sixteen;
  for (int64_t column = 0; column < panel.width; column += sixteen) {
    int64_t width = std::min(sixteen, panel.width - column);
    for (int64_t row = 0; row < panel.height; row += tile_height) {
      const From *source = from.numbers + (panel.column + column) * from.stride + panel.row + row;
      T *target = to + row * panel.width + column * group<T>;
      int64_t height = std::min(tile_height, from.columns - panel.row - row);
      if (width == sixteen && height == tile_height) {
        pack_tile<T, true>(source, from.stride, target, panel.width, width, height);
      } else {
        pack_tile<T, false>(source, from.stride, target, panel.width, width, height);
      }
    }
  }
}

/// Inner products of the rows begin..<end with a vector of their length, and a bias.
template <typename T>
void multiply_rows(const Matrix<T> &left, const float *vector, float bias, float *result, int64_t begin, int64_t end) {
  for (int64_t row = begin; row < end; ++row) {
    __m512 sum = _mm512_setzero_ps();
    ctorch::for_sixteens(left.columns, [&](int64_t i, __mmask16 inside) {
      auto numbers = load(inside, left.numbers + row * left.stride + i);
      sum = _mm512_fmadd_ps(numbers, load(inside, vector + i), sum);
    });
    result[row] = _mm512_reduce_add_ps(sum) + bias;
  }
}

/// The rows begin..<end of an outer product: a row times each of the numbers of a column.
template <typename T>
void multiply_row(const float *column, const float *row, T *result, int64_t columns, int64_t begin, int64_t end) {
  for (int64_t i = begin; i < end; ++i) {
    auto factor = _mm512_set1_ps(column[i]);
    ctorch::for_sixteens(columns, [&](int64_t place, __mmask16 inside) {
      store(result + i * columns + place, inside, _mm512_mul_ps(factor, load(inside, row + place)));
    });
  }
}

/// The columns begin..<end of the sum of a matrix's rows, each times a number.
template <typename T>
void add_rows(const float *factors, const Matrix<T> &matrix, float *result, int64_t begin, int64_t end) {
  ctorch::for_sixteens(end - begin, [&](int64_t place, __mmask16 inside) {
    auto sum = _mm512_setzero_ps();
    for (int64_t row = 0; row < matrix.rows; ++row) {
      auto numbers = load(inside, matrix.numbers + row * matrix.stride + begin + place);
      sum = _mm512_fmadd_ps(numbers, _mm512_set1_ps(factors[row]), sum);
    }
    store(result + begin + place, inside, sum);
  });
}

/// Adds the bias, limits to 0 and above, rounds: a block of sums. bias: nullptr for none.
template <typename Result>
void finish(const float *sums, int64_t sums_stride, Result *result, int64_t stride, int64_t rows, int64_t columns,
            const float *bias, bool rectifies) {
  for (int64_t row = 0; row < rows; ++row) {
    ctorch::for_sixteens(columns, [&](int64_t column, __mmask16 inside) {
      auto numbers = load(inside, sums + row * sums_stride + column);
      if (bias != nullptr) {
        numbers = _mm512_add_ps(numbers, load(inside, bias + column));
      }
      if (rectifies) {
        // What is not a number passes, as it does in libtorch: the second operand is the result where either is none.
        numbers = _mm512_max_ps(_mm512_setzero_ps(), numbers);
      }
      store(result + row * stride + column, inside, numbers);
    });
  }
}

} // namespace

#pragma clang attribute pop

namespace {

/// A product's factors and what becomes of it.
template <typename T, typename From, typename Result> struct Product {
  Matrix<T> left;
  Matrix<From> right;
  bool is_transposed;
  Result *result;
  int64_t columns;
  const float *bias;
  bool rectifies;

  static constexpr bool is_rounded = !std::is_same_v<Result, float>;
  static constexpr bool in_pairs = std::is_same_v<T, BFloat16>;

  /// The part of the right factor for the kernels, where it lies or in `memory`; and how far its rows are apart.
  std::pair<const T *, int64_t> packed(const Panel &panel, T *memory) const {
    if constexpr (std::is_same_v<T, float> && std::is_same_v<From, float>) {
      if (!is_transposed) {
        return {right.numbers + panel.row * right.stride + panel.column, right.stride};
      }
    }
    if (is_transposed) {
      pack_transposed(right, panel, memory);
    } else {
      pack(right, panel, memory);
    }
    return {memory, panel.width};
  }

  /// Some rows of a panel's columns.
  void compute(int64_t row, int64_t rows, int64_t column, T *memory, float *sums) const {
    int64_t width = std::min(panel_columns, columns - column);
    for (int64_t begin = 0; begin < left.columns; begin += panel_rows) {
      Panel panel{begin, std::min(panel_rows, left.columns - begin), column, width};
      auto [part, part_stride] = packed(panel, memory);
      bool is_last = begin + panel.height == left.columns;
      for (int64_t i = 0; i < rows; i += block_rows) {
        int64_t height = std::min(block_rows, rows - i);
        Result *place = result + (row + i) * columns + column;
        // Of a single part, a block's sums are finished before the next one's begin.
        float *block = begin == 0 && is_last ? sums : sums + i * width;
        int64_t stride = width;
        if constexpr (!is_rounded) {
          block = place;
          stride = columns;
        }
        at::native::cpublas::brgemm(height, width, panel.height, left.stride, part_stride, stride, begin > 0,
                                    left.numbers + (row + i) * left.stride + begin, part, block, in_pairs);
        if (is_last && (is_rounded || bias != nullptr || rectifies)) {
          finish(block, stride, place, columns, height, width, bias == nullptr ? nullptr : bias + column, rectifies);
        }
      }
    }
  }

  /// Everything, shared among threads by columns, and by rows where there are few columns.
  void compute() const {
    int64_t panels = (columns + panel_columns - 1) / panel_columns;
    int64_t parts = panels < at::get_num_threads() ? at::get_num_threads() : 1;
    int64_t rows = ((left.rows + parts - 1) / parts + block_rows - 1) / block_rows * block_rows;
    if (is_rounded && left.columns > panel_rows) {
      rows = std::min(rows, scratch_rows);
    }
    parts = (left.rows + rows - 1) / rows;
    int64_t multiplications = std::max<int64_t>(1, rows * std::min(columns, panel_columns) * left.columns);
    ctorch::parallel_for(panels * parts, least_multiplications / multiplications, [&](int64_t begin, int64_t end) {
      auto *panel = thread_memory<Use::panel, T>(panel_rows * panel_columns);
      auto *sums = is_rounded ? thread_memory<Use::sums, float>(scratch_rows * panel_columns) : nullptr;
      for (int64_t i = begin; i < end; ++i) {
        int64_t row = i % parts * rows;
        compute(row, std::min(rows, left.rows - row), i / parts * panel_columns, panel, sums);
      }
      at::native::cpublas::brgemm_release(in_pairs);
    });
  }
};

} // namespace

bool ctorch::has_bfloat16_kernels() {
  static const bool has = [] {
    BFloat16 factors[2] = {1, 1};
    float sum = 0;
    try {
      at::native::cpublas::brgemm(1, 1, 2, 2, 1, 1, false, factors, factors, &sum);
      at::native::cpublas::brgemm_release();
    } catch (const c10::Error &) {
      return false;
    }
    return sum == 2;
  }();
  return has;
}

namespace {

/// How long the rows of a left factor are.
int64_t row_length(int64_t columns, at::ScalarType precision) {
  return precision == at::kBFloat16 ? ctorch::filled<BFloat16>(columns) : columns;
}

/// Writes a matrix as the columns begin..<end of a left factor, the last of which may fill it up.
void convert(const at::Tensor &matrix, const at::Tensor &factor, int64_t begin, int64_t end) {
  auto source = in_rows(matrix);
  ctorch::with_type(source.scalar_type(), [&](auto number) {
    ctorch::with_type(factor.scalar_type(), [&](auto target) {
      Matrix<decltype(number)> from(source);
      auto *to = factor.data_ptr<decltype(target)>() + begin;
      int64_t share = ctorch::least_numbers / std::max<int64_t>(1, end - begin);
      ctorch::parallel_for(from.rows, share, [&](int64_t first_row, int64_t end_row) {
        convert(from, to, factor.stride(0), end - begin, first_row, end_row);
      });
    });
  });
}

} // namespace

at::Tensor ctorch::left_factor(const at::Tensor &matrix, at::ScalarType precision) {
  int64_t length = row_length(matrix.size(1), precision);
  if (matrix.scalar_type() == precision && length == matrix.size(1)) {
    return matrix.contiguous();
  }
  auto result = at::empty({matrix.size(0), length}, matrix.options().dtype(precision));
  convert(matrix, result, 0, length);
  return result;
}

at::Tensor ctorch::left_factor(const at::Tensor &first, const at::Tensor &second, at::ScalarType precision) {
  int64_t length = row_length(first.size(1) + second.size(1), precision);
  auto result = at::empty({first.size(0), length}, first.options().dtype(precision));
  convert(first, result, 0, first.size(1));
  convert(second, result, first.size(1), length);
  return result;
}

at::Tensor ctorch::product(const at::Tensor &left, const RightFactor &right, at::ScalarType type,
                           const std::optional<at::Tensor> &bias, Activation activation) {
  auto matrix = in_rows(right.matrix);
  int64_t columns = matrix.size(right.is_transposed ? 0 : 1);
  auto result = at::empty({left.size(0), columns}, left.options().dtype(type));
  with_type(left.scalar_type(), [&](auto precision) {
    with_type(matrix.scalar_type(), [&](auto from) {
      with_type(type, [&](auto number) {
        using T = decltype(precision);
        using Result = decltype(number);
        Product<T, decltype(from), Result>{Matrix<T>(left),
                                           Matrix<decltype(from)>(matrix),
                                           right.is_transposed,
                                           result.data_ptr<Result>(),
                                           columns,
                                           bias ? bias->const_data_ptr<float>() : nullptr,
                                           activation == Activation::relu}
            .compute();
      });
    });
  });
  return result;
}

at::Tensor ctorch::inner_products(const at::Tensor &matrix, const at::Tensor &vector, float bias) {
  auto source = in_rows(matrix);
  auto weights = vector.contiguous();
  auto result = at::empty({source.size(0), 1}, weights.options());
  with_type(source.scalar_type(), [&](auto number) {
    Matrix<decltype(number)> rows(source);
    int64_t share = least_numbers / std::max<int64_t>(1, rows.columns);
    parallel_for(rows.rows, share, [&](int64_t begin, int64_t end) {
      multiply_rows(rows, weights.const_data_ptr<float>(), bias, result.data_ptr<float>(), begin, end);
    });
  });
  return result;
}

at::Tensor ctorch::outer_product(const at::Tensor &column, const at::Tensor &row, at::ScalarType type) {
  auto factors = column.contiguous();
  auto numbers = row.contiguous();
  int64_t columns = numbers.numel();
  auto result = at::empty({factors.numel(), columns}, factors.options().dtype(type));
  with_type(type, [&](auto number) {
    int64_t share = least_numbers / std::max<int64_t>(1, columns);
    parallel_for(factors.numel(), share, [&](int64_t begin, int64_t end) {
      multiply_row(factors.const_data_ptr<float>(), numbers.const_data_ptr<float>(),
                   result.data_ptr<decltype(number)>(), columns, begin, end);
    });
  });
  return result;
}

at::Tensor ctorch::weighted_sum(const at::Tensor &factors, const at::Tensor &matrix) {
  auto source = in_rows(matrix);
  auto weights = factors.contiguous();
  auto result = at::empty({1, source.size(1)}, weights.options());
  with_type(source.scalar_type(), [&](auto number) {
    Matrix<decltype(number)> rows(source);
    int64_t sixteens = (rows.columns + sixteen - 1) / sixteen;
    int64_t share = least_numbers / std::max<int64_t>(1, rows.rows * sixteen);
    parallel_for(sixteens, share, [&](int64_t begin, int64_t end) {
      add_rows(weights.const_data_ptr<float>(), rows, result.data_ptr<float>(), begin * sixteen,
               std::min(end * sixteen, rows.columns));
    });
  });
  return result;
}

#endif
