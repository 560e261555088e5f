import PBTNAS

/// A run that has come to its end, for what can be done with its networks afterwards. While it is there, no
/// other engine works on the run.
struct FinishedRun: Sendable {
  let folder: RunFolder
  let record: Record
  let settings: RunSettings
  let summary: RunSummary
  let space: SearchSpace
  private let lock: RunLock

  /// Opens a run.
  ///
  /// - Parameter now: the settings as they are now; nil for the record's.
  /// - Throws: ``RunError`` if there is none, it is not finished, it began with other settings, or another
  ///   engine works on it.
  init(_ folder: RunFolder, _ now: RunSettings?) throws {
    try folder.requireRun()
    lock = try RunLock(folder)
    record = try Record(path: folder.record)
    guard let settings = try record.settings(), let summary = try record.summary(),
      let space = try record.searchSpace()
    else { throw RunError.notFinished(folder: folder.path) }
    if let change = now?.change(since: settings) { throw change }
    (self.folder, self.settings, self.summary, self.space) = (folder, settings, summary, space)
  }

  /// Starts an executor for some work, and stops it afterwards.
  ///
  /// - Throws: ``RunError`` if the trainer has another search space by now; what the work or the executor
  ///   throws.
  func withExecutor<Result>(
    _ executor: any Executor, isolation: isolated (any Actor)? = #isolation,
    _ work: () async throws -> Result
  ) async throws -> Result {
    // The lock must stay as long as the work takes.
    defer { withExtendedLifetime(self) {} }
    do {
      let announced = try await executor.start { error in
        try record.note(.workerStartsAgain(reason: error.description))
      }.searchSpace
      guard announced.genes == space.genes else { throw RunError.changed(what: "the trainer's search space") }
      let result = try await work()
      await executor.stop()
      return result
    } catch {
      await executor.stop()
      throw RunError.told(error, folder: folder.path)
    }
  }

  /// Evaluates a network.
  ///
  /// - Parameters:
  ///   - member: whom the record names if the worker is lost or the trainer warns of something,
  ///   - interval: and in which interval.
  func evaluate(
    _ job: EvaluateJob, member: Int, interval: Int, with executor: any Executor,
    isolation: isolated (any Actor)? = #isolation
  ) async throws -> TrainingResult {
    let done = try await executor.run(.evaluate(job), retries: settings.retries) { error, tryAgain in
      try record.note(
        .workerLost(member: member, interval: interval, reason: error.description, tryAgain: tryAgain))
    }
    guard let result = done.result else { throw JobFailed("the trainer evaluated nothing") }
    for warning in result.warnings ?? [] {
      try record.note(.memberWarned(member: member, interval: interval, warning: warning))
    }
    return result
  }
}
