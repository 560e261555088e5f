/// Measures a run: how long it took, and how much of that was training and evaluation.
struct RunClock {
  private let start = ContinuousClock.now
  private var earlierSeconds = 0.0
  private var busyUntil: ContinuousClock.Instant?
  private var busySeconds = 0.0
  private var jobSeconds = 0.0
  private var usefulSeconds = 0.0

  /// Adds the time before a resume.
  mutating func resume(after seconds: Double) {
    earlierSeconds = seconds
  }

  /// Notes a job; jobs are noted in the order of their ends.
  mutating func note(_ job: FinishedJob) {
    let uncounted = busyUntil.map { max($0, job.start) } ?? job.start
    if job.end > uncounted { busySeconds += (job.end - uncounted).seconds }
    busyUntil = max(busyUntil ?? job.end, job.end)
    jobSeconds += (job.end - job.start).seconds
    usefulSeconds += job.result?.seconds ?? 0
  }

  /// Seconds of running in all, before and after a resume.
  var totalSeconds: Double { earlierSeconds + (.now - start).seconds }

  /// The part of the time since the start or resume in which no worker trained or evaluated; of a job's time, loading and saving count too.
  var engineShare: Double {
    let total = (ContinuousClock.now - start).seconds
    let useful = jobSeconds > 0 ? busySeconds * min(1, usefulSeconds / jobSeconds) : 0
    return total > 0 ? max(0, 1 - useful / total) : 0
  }
}

extension Duration {
  /// The duration in seconds.
  var seconds: Double { Double(components.seconds) + Double(components.attoseconds) * 1e-18 }
}
