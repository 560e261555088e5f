/// Measures seconds by a clock that only goes on: the time of day can be set back meanwhile.
struct Stopwatch {
  private let start: ContinuousClock.Instant

  /// Starts it.
  init() {
    start = ContinuousClock.now
  }

  /// The seconds since it was started.
  var seconds: Double { (ContinuousClock.now - start) / .seconds(1) }
}
