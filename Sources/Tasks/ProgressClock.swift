import Engine

/// Says a few times a second how far a job is.
struct ProgressClock {
  private let clock = ContinuousClock()
  private let start: ContinuousClock.Instant
  private var last: ContinuousClock.Instant

  /// Starts the clock.
  init() {
    start = clock.now
    last = start
  }

  /// A report, if it is time for one.
  ///
  /// - Parameters:
  ///   - fraction: the part of the job that is done.
  ///   - samples: how many training samples that are.
  mutating func report(fraction: Double, samples: Int) -> TrainingProgress? {
    let now = clock.now
    guard now - last > .milliseconds(300) else { return nil }
    last = now
    return TrainingProgress(
      fraction: fraction, samplesPerSecond: Double(samples) / ((now - start) / .seconds(1)))
  }
}
