import PBTNAS

/// Starts workers and hands them jobs. Nothing above it knows whether a worker is a process on this machine.
public protocol Executor: Sendable {
  /// Starts the workers.
  ///
  /// - Parameter lost: is told of workers that did not start at first, and are started once more.
  /// - Returns: what they announce.
  func start(lost: @Sendable (WorkerLost) throws -> Void) async throws -> Announcement

  /// Does a job on the next free worker.
  ///
  /// - Parameters:
  ///   - started: called when a worker is free and begins.
  ///   - progress: called now and then while it trains or evaluates, if the trainer says how far it is.
  /// - Throws: ``WorkerLost`` if the worker went away, ``JobFailed`` if the trainer says that it could not do it. A lost worker is
  ///   replaced before the next job.
  func run(
    _ job: Job, started: @escaping @Sendable () -> Void,
    progress: @escaping @Sendable (TrainingProgress) -> Void
  ) async throws -> FinishedJob

  /// Ends all workers, also those that are busy: their jobs throw `CancellationError`, and so does every later one.
  func stop() async
}

extension Executor {
  /// Starts the workers.
  public func start() async throws -> Announcement { try await start { _ in } }

  /// Does a job, and does it again where its worker was lost.
  ///
  /// - Parameters:
  ///   - retries: how often it may be done again, beside the times that it never came to a worker.
  ///   - lost: is told of every lost worker, and whether the job is done again. What it throws ends the job instead.
  func run(
    _ job: Job, retries: Int, isolation: isolated (any Actor)? = #isolation,
    started: @escaping @Sendable () -> Void = {},
    progress: @escaping @Sendable (TrainingProgress) -> Void = { _ in },
    lost: (_ error: WorkerLost, _ tryAgain: Bool) throws -> Void
  ) async throws -> FinishedJob {
    var left = retries
    while true {
      do {
        return try await run(job, started: started, progress: progress)
      } catch let error as WorkerLost {
        let isNoFault = error.moment == .replacing
        try lost(error, isNoFault || left > 0)
        if isNoFault { continue }
        if left == 0 { throw error }
        left -= 1
      }
    }
  }
}

/// A job that a worker has done.
public struct FinishedJob: Sendable {
  /// What the trainer found; nil for `initialise`.
  public let result: TrainingResult?
  /// When the worker began it.
  public let start: ContinuousClock.Instant
  /// When it answered.
  public let end: ContinuousClock.Instant

  /// Describes a job.
  public init(result: TrainingResult?, start: ContinuousClock.Instant, end: ContinuousClock.Instant) {
    self.result = result
    self.start = start
    self.end = end
  }
}

/// A worker ended, or broke the protocol, before it had answered.
public struct WorkerLost: Error, Hashable, Sendable, CustomStringConvertible {
  /// Which worker, counted from 0.
  public let worker: Int
  /// How it ended.
  public let reason: String
  /// The last lines that it wrote to standard error.
  public let lastWords: String
  /// When it was lost.
  public var moment = Moment.working

  /// When a worker is lost.
  public enum Moment: Hashable, Sendable {
    /// When it was one of the first to start, for the second time: nothing can begin.
    case starting
    /// When it had a job.
    case working
    /// When it was to take the place of another one, and never came to be ready: no job's fault. Others go on.
    case replacing
    /// The same where there are no others.
    case replacingTheLast
  }

  /// Describes a loss.
  public init(worker: Int, reason: String, lastWords: String) {
    self.worker = worker
    self.reason = reason
    self.lastWords = lastWords
  }

  /// How it ended and what it last said, as a sentence.
  public var description: String {
    "worker \(worker) was lost: \(reason)" + (lastWords.isEmpty ? "" : "; its last words: \(lastWords)")
  }
}

/// The trainer could not do a job.
public struct JobFailed: Error, Hashable, Sendable, CustomStringConvertible {
  /// The trainer's words.
  public let description: String
  /// Whether there was no room left on the disk. That is not the network's fault: the run stops, and can go on later.
  public let isDiskFull: Bool

  /// Describes a failure.
  public init(_ description: String, isDiskFull: Bool = false) {
    self.description = description
    self.isDiskFull = isDiskFull
  }
}
