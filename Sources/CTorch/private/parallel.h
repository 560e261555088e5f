// Work that is shared among libtorch's threads.
#pragma once

#include <ATen/Parallel.h>

#include <dlfcn.h>

#include <algorithm>
#include <atomic>
#include <exception>
#include <mutex>

namespace ctorch {

/// Runs a function on a number of threads at once, of which the caller is one, and waits for them.
using Team = void (*)(void (*function)(void *), void *data, unsigned threads, unsigned flags);

/// What GCC's compiler calls for a parallel region of OpenMP: so whoever calls it shares libtorch's threads, which wait for
/// their next work at full speed and would fight others for the processor. nullptr in a libtorch without OpenMP.
///
/// at::parallel_for is a plain loop where the compiler at hand has no OpenMP of GCC's.
inline Team openmp_team() {
  static const auto team = reinterpret_cast<Team>(dlsym(RTLD_DEFAULT, "GOMP_parallel"));
  return team;
}

/// Calls `body(begin, end)` for parts of 0..<count, of at least `least` each, on as many threads as libtorch computes
/// with; throws what one of them has thrown. The parts are the same for the same number of threads.
template <typename Body> void parallel_for(int64_t count, int64_t least, const Body &body) {
  int64_t parts = std::min<int64_t>(at::get_num_threads(), count / std::max<int64_t>(1, least));
  if (parts <= 1 || at::in_parallel_region() || openmp_team() == nullptr) {
    body(int64_t(0), count);
    return;
  }
  std::mutex mutex;
  std::exception_ptr problem;
  std::atomic<int64_t> next = 0;
  auto work = [&] {
    for (int64_t part = next++; part < parts; part = next++) {
      try {
        body(count * part / parts, count * (part + 1) / parts);
      } catch (...) {
        std::lock_guard lock(mutex);
        problem = std::current_exception();
      }
    }
  };
  openmp_team()([](void *data) { (*static_cast<decltype(work) *>(data))(); }, &work, static_cast<unsigned>(parts), 0);
  if (problem) {
    std::rethrow_exception(problem);
  }
}

} // namespace ctorch
