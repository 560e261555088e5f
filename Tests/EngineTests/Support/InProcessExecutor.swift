import Foundation
import PBTNAS
import Safetensors

@testable import Engine

/// Workers that are tasks of this process and take jobs in a random order, for random times.
actor InProcessExecutor: Executor {
  /// What happens to a job instead of being done; nil if it is done.
  typealias Fault = @Sendable (_ job: Job, _ number: Int) -> (any Error)?

  private let fault: Fault
  private let attaches: ToyTrainer.Attachments
  private let shows: ToyTrainer.Shows
  private var random: SeededGenerator
  private var free: Int
  private var waiting: [CheckedContinuation<Void, Never>] = []
  private var isStopped = false
  /// Jobs begun.
  private(set) var count = 0

  /// - Parameters:
  ///   - order: the seed of the order.
  ///   - attaches: whether training leaves attachments.
  ///   - shows: what evaluations show where a job wants it.
  ///   - fault: asked before a job is done, with the number of jobs begun before.
  init(
    workers: Int, order: UInt64 = 0, attaches: ToyTrainer.Attachments = .none,
    shows: ToyTrainer.Shows = .nothing,
    fault: @escaping Fault = { _, _ in nil }
  ) {
    free = workers
    random = SeededGenerator(seed: order)
    self.fault = fault
    self.attaches = attaches
    self.shows = shows
  }

  func start(lost: @Sendable (WorkerLost) throws -> Void) -> Announcement {
    let trainer = ToyTrainer(shows: shows)
    return Announcement(searchSpace: trainer.searchSpace, showsBest: trainer.showsBest)
  }

  func stop() {
    isStopped = true
    for job in waiting { job.resume() }
    waiting = []
  }

  func run(
    _ job: Job, started: @escaping @Sendable () -> Void,
    progress: @escaping @Sendable (TrainingProgress) -> Void
  ) async throws -> FinishedJob {
    while free == 0 && !isStopped { await withCheckedContinuation { waiting.append($0) } }
    if isStopped { throw CancellationError() }
    free -= 1
    defer { release() }
    let number = count
    count += 1
    started()
    let start = ContinuousClock.now
    let pause = Duration.microseconds(random.below(1500))
    let (fault, attaches, shows) = (fault, attaches, shows)
    let result = try await Task.detached {
      try await Task.sleep(for: pause)
      if let error = fault(job, number) { throw error }
      do {
        return try Self.perform(job, ToyTrainer(attaches: attaches, shows: shows), progress)
      } catch let error as SafetensorsError {
        // What a worker's answer would say.
        if error.isDiskFull { throw JobFailed("\(error)", isDiskFull: true) }
        throw error
      }
    }.value
    if isStopped { throw CancellationError() }
    return FinishedJob(result: result, start: start, end: .now)
  }

  private func release() {
    free += 1
    if !waiting.isEmpty { waiting.remove(at: random.below(waiting.count)).resume() }
  }

  private static func perform(
    _ job: Job, _ trainer: ToyTrainer, _ progress: (TrainingProgress) -> Void
  ) throws -> TrainingResult? {
    switch job {
    case .initialise(let job):
      try trainer.initialise(job)
      return nil
    case .train(let job): return try trainer.train(job, progress: progress)
    case .evaluate(let job): return try trainer.evaluate(job, progress: progress)
    }
  }
}
