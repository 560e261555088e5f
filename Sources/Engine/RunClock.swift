/// Measures a run: how long it took, and how much of that was training and evaluation.
struct RunClock {
  /// What has been measured; kept in the record for a resume.
  struct Measured: Codable, Hashable {
    /// Seconds of running.
    var total = 0.0
    /// Seconds of these in which a worker trained or evaluated.
    var useful = 0.0
  }

  private let start = ContinuousClock.now
  private var earlier = Measured()
  private var busyUntil: ContinuousClock.Instant?
  private var busySeconds = 0.0
  private var jobSeconds = 0.0
  private var usefulSeconds = 0.0

  /// Adds what was measured before a resume.
  mutating func resume(after measured: Measured) {
    earlier = measured
  }

  /// Notes a job; jobs are noted in the order of their ends.
  mutating func note(_ job: FinishedJob) {
    let uncounted = busyUntil.map { max($0, job.start) } ?? job.start
    if job.end > uncounted { busySeconds += (job.end - uncounted).seconds }
    busyUntil = max(busyUntil ?? job.end, job.end)
    jobSeconds += (job.end - job.start).seconds
    usefulSeconds += job.result?.seconds ?? 0
  }

  /// What has been measured until now, before and after a resume.
  ///
  /// A job's time without the trainer's own seconds is loading and saving, and that is not useful.
  var measured: Measured {
    let useful = jobSeconds > 0 ? busySeconds * min(1, usefulSeconds / jobSeconds) : 0
    return Measured(
      total: earlier.total + (ContinuousClock.now - start).seconds, useful: earlier.useful + useful)
  }
}

extension Duration {
  /// The duration in seconds.
  var seconds: Double { Double(components.seconds) + Double(components.attoseconds) * 1e-18 }
}
