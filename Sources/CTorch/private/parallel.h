// Work that is shared among libtorch's threads.
#pragma once

#include <ATen/Parallel.h>

#include <dlfcn.h>

#include <algorithm>
#include <cstdint>
#include <exception>
#include <mutex>

namespace ctorch {

/// OpenMP as GCC's compiler calls it: so whoever does shares libtorch's threads, which wait for their next work at full
/// speed and would fight others for the processor. at::parallel_for is a plain loop where the compiler has no OpenMP.
struct OpenMP {
  /// Runs a function on a number of threads at once, of which the caller is one, and waits for them; for 0, on as many
  /// as the caller's regions have by themselves. Another number than last time ends threads or starts some.
  void (*team)(void (*function)(void *), void *data, unsigned threads, unsigned flags);
  /// Which of the team the calling thread is, and how many they are.
  int (*member)();
  int (*size)();

  /// What is in the process: libtorch's own in its builds for Linux. `is_there` is false where there is none.
  static const OpenMP &shared() {
    static const OpenMP openmp{found<decltype(team)>("GOMP_parallel"), found<decltype(member)>("omp_get_thread_num"),
                               found<decltype(size)>("omp_get_num_threads")};
    return openmp;
  }
  bool is_there() const { return team != nullptr && member != nullptr && size != nullptr; }

private:
  template <typename Function> static Function found(const char *name) {
    return reinterpret_cast<Function>(dlsym(RTLD_DEFAULT, name));
  }
};

/// Fewer numbers than this are read and written in less time than it takes to wake another thread; libtorch's own
/// measure.
constexpr int64_t least_numbers = 32'768;

/// Calls `body(begin, end)` for parts of 0..<count, of at least `least` each, on as many threads as libtorch computes
/// with; throws what one of them has thrown. The parts are the same for the same number of threads.
template <typename Body> void parallel_for(int64_t count, int64_t least, const Body &body) {
  int64_t parts = std::min<int64_t>(at::get_num_threads(), count / std::max<int64_t>(1, least));
  const auto &openmp = OpenMP::shared();
  if (parts <= 1 || at::in_parallel_region() || !openmp.is_there()) {
    body(int64_t(0), count);
    return;
  }
  std::mutex mutex;
  std::exception_ptr problem;
  auto work = [&] {
    // The same thread for the same part every time: what it has written last is in its own cache.
    for (int64_t part = openmp.member(); part < parts; part += openmp.size()) {
      try {
        body(count * part / parts, count * (part + 1) / parts);
      } catch (...) {
        std::lock_guard lock(mutex);
        problem = std::current_exception();
      }
    }
  };
  openmp.team([](void *data) { (*static_cast<decltype(work) *>(data))(); }, &work, 0, 0);
  if (problem) {
    std::rethrow_exception(problem);
  }
}

} // namespace ctorch
