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
  /// - Throws: ``RunError`` if there is none, it is not finished, or another engine works on it.
  init(_ folder: RunFolder) throws {
    try folder.requireRun()
    lock = try RunLock(folder)
    record = try Record(path: folder.record)
    guard let settings: RunSettings = try record.get("settings"),
      let summary: RunSummary = try record.get("summary"),
      let space: SearchSpace = try record.get("searchSpace")
    else { throw RunError.notFinished(folder: folder.path) }
    (self.folder, self.settings, self.summary, self.space) = (folder, settings, summary, space)
  }

  /// Starts an executor for some work, and stops it afterwards.
  ///
  /// - Throws: ``RunError`` if the trainer has another search space by now; what the work or the executor
  ///   throws.
  func with<Result>(
    _ executor: any Executor, isolation: isolated (any Actor)? = #isolation,
    _ work: () async throws -> Result
  ) async throws -> Result {
    do {
      let announced = try await executor.start().searchSpace
      guard announced.genes == space.genes else { throw RunError.changed(what: "the trainer's search space") }
      let result = try await work()
      await executor.stop()
      return result
    } catch {
      await executor.stop()
      throw RunError.told(error, folder: folder.path)
    }
  }

  /// The fitness of a network.
  ///
  /// - Parameters:
  ///   - member: whom the record names if the worker is lost,
  ///   - interval: and in which interval.
  func evaluate(
    _ job: EvaluateJob, with executor: any Executor, isolation: isolated (any Actor)? = #isolation,
    member: Int, interval: Int
  ) async throws -> Double {
    let done = try await executor.run(.evaluate(job), retries: settings.retries) { error, tryAgain in
      try record.note(
        .workerLost(member: member, interval: interval, reason: error.description, tryAgain: tryAgain))
    }
    return done.result?.fitness ?? .nan
  }
}
