#include "private/memory.h"

#include <c10/core/CPUAllocator.h>
#include <c10/util/Exception.h>
#include <sys/mman.h>

#include <algorithm>
#include <array>
#include <bit>
#include <cstdlib>
#include <mutex>
#include <utility>

namespace {

/// Lies before a block's elements, which are aligned as libtorch wants them.
struct alignas(64) Header {
  size_t capacity;
  size_t size_class;
  Header *next;
};

/// Hands freed blocks out again to tensors of about the same size. Training makes and frees the same tensors at every
/// step; the C library would look for a place for each, and give those of more than 32 MB back to the operating system,
/// which has to empty their pages again: half of the training time of a small agent that sees pictures.
class ReusingAllocator final : public c10::Allocator {
public:
  c10::DataPtr allocate(size_t size) override {
    void *data = size == 0 ? nullptr : take(size);
    return {data, data, &give_back, c10::Device(c10::kCPU)};
  }

  c10::DeleterFnPtr raw_deleter() const override { return &give_back; }

  void copy_data(void *target, const void *source, size_t size) const override {
    default_copy_data(target, source, size);
  }

  /// Never destroyed: tensors may outlive whatever else is.
  static ReusingAllocator &shared() {
    static auto *allocator = new ReusingAllocator;
    return *allocator;
  }

private:
  static constexpr size_t least_size = 64;
  static constexpr size_t huge_page = 2 << 20;

  static void give_back(void *data) {
    if (data != nullptr) {
      shared().keep(static_cast<Header *>(data) - 1);
    }
  }

  void *take(size_t size) {
    // Eight sizes for each doubling: at most an eighth of a block is not used.
    size = std::max(size, least_size);
    auto width = static_cast<size_t>(std::bit_width(size - 1));
    size_t step = size_t{1} << (width - 4);
    size_t capacity = (size + step - 1) / step * step;
    size_t size_class = 8 * width + capacity / step % 8;

    std::lock_guard lock(mutex_);
    Header *&first = kept_blocks_.at(size_class);
    Header *block = first;
    if (block != nullptr) {
      first = block->next;
      kept_ -= capacity;
    } else {
      // What is kept is of other sizes. It may be of use soon, unless it is more than all tensors ever took at once:
      // then they are of another network now.
      if (kept_ > std::max(most_used_, used_ + capacity)) {
        release();
      }
      block = make(capacity);
      block->capacity = capacity;
      block->size_class = size_class;
    }
    used_ += capacity;
    most_used_ = std::max(most_used_, used_);
    return block + 1;
  }

  void keep(Header *block) {
    std::lock_guard lock(mutex_);
    Header *&first = kept_blocks_.at(block->size_class);
    block->next = first;
    first = block;
    used_ -= block->capacity;
    kept_ += block->capacity;
  }

  Header *make(size_t capacity) {
    size_t size = sizeof(Header) + capacity;
    size_t alignment = size >= 2 * huge_page ? huge_page : alignof(Header);
    void *memory = nullptr;
    int status = posix_memalign(&memory, alignment, size);
    if (status != 0) {
      release();
      status = posix_memalign(&memory, alignment, size);
    }
    TORCH_CHECK_WITH(OutOfMemoryError, status == 0, "there is not enough memory for a tensor of ", capacity, " bytes");
#if defined(MADV_HUGEPAGE)
    if (alignment == huge_page) {
      // Where the system has none, small ones do.
      madvise(memory, size, MADV_HUGEPAGE);
    }
#endif
    return static_cast<Header *>(memory);
  }

  void release() {
    for (Header *&first : kept_blocks_) {
      while (first != nullptr) {
        free(std::exchange(first, first->next));
      }
    }
    kept_ = 0;
  }

  std::mutex mutex_;
  std::array<Header *, 8 * 65> kept_blocks_{};
  /// Bytes of blocks in use, the most there ever were, and bytes of kept blocks.
  size_t used_ = 0;
  size_t most_used_ = 0;
  size_t kept_ = 0;
};

} // namespace

void ctorch::reuse_tensor_memory() { c10::SetCPUAllocator(&ReusingAllocator::shared()); }
