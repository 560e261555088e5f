import Foundation
import PBTNAS

/// A search: trains a population of networks at once, replaces the worst after each interval, and keeps the best.
///
/// Decisions come from `PBTNAS` as values; the executor does the work; the record holds the state, so that a run that ended in any way
/// goes on from there. Every seed follows from a member's place, so the result does not depend on the workers.
public actor Search {
  let folder: RunFolder
  let settings: RunSettings
  let executor: any Executor
  let record: Record
  let report: @Sendable (RunEvent) -> Void
  let lock: RunLock
  let digests = FileDigests()
  /// The most bytes that one training job has written.
  var largestResult = 0
  /// What was written since superfluous checkpoints were last removed; nil where files may lie about that nobody counted.
  var written: StorageSettings.Slack?
  /// The digests of checkpoints that were made again with other bytes than before, which rows read earlier do not have.
  var newDigests: [String: String] = [:]
  /// How many files have been made again by this process.
  var repairCount = 0
  /// For each of them, the number of the last time.
  var lastRepairs: [String: Int] = [:]
  /// The best network so far.
  var best: BestNetwork?
  /// The repairs of checkpoints, one after another.
  var repairs: Task<Void, any Error>?
  /// The attachments that the members of an interval share, for the interval that they were last asked for.
  var shared: (interval: Int, attachments: SharedAttachments)?
  var space = SearchSpace(genes: [])
  var clock = RunClock()
  private(set) var isInterrupted = false

  var method: MethodSettings { settings.method }
  nonisolated var seed: RunSeed { RunSeed(settings.seed) }

  /// Prepares a new run, or one that goes on.
  ///
  /// - Parameters:
  ///   - folder: the run's folder, which exists.
  ///   - resumes: whether a run must be there already; otherwise none may be.
  ///   - report: is told what happens, on any thread.
  /// - Throws: ``RunError`` if the folder or the settings do not allow it.
  public init(
    _ folder: RunFolder, _ settings: RunSettings, executor: any Executor, resumes: Bool,
    report: @escaping @Sendable (RunEvent) -> Void
  ) throws {
    if resumes { try folder.requireRun() }
    do {
      if try folder.holdsBegunRun() && !resumes { throw RunError.exists(folder: folder.path) }
    } catch {
      throw RunError.told(error, folder: folder.path)
    }
    self.folder = folder
    self.settings = settings
    self.executor = executor
    self.report = report
    lock = try RunLock(folder)
    do {
      try folder.removeLeftovers()
      record = try Record(path: folder.record)
    } catch {
      throw RunError.told(error, folder: folder.path)
    }
  }

  /// Runs to the end.
  ///
  /// - Returns: what was found; at once if the run has come to its end before.
  /// - Throws: `CancellationError` after ``interrupt()``; ``MethodError`` if too few members are left; ``RunError``; what the executor throws.
  public func run() async throws -> RunSummary {
    do {
      try checkSettings()
      if let summary = try finishedBefore() { return summary }
    } catch {
      throw RunError.told(error, folder: folder.path)
    }
    do {
      let summary = try await search()
      await executor.stop()
      return summary
    } catch {
      await executor.stop()
      let error = RunError.told(error, folder: folder.path)
      let event: RunEvent =
        isInterrupted ? .interrupted(folder: folder.path) : .runFailed(reason: String(describing: error))
      // A record that cannot be written to must not hide why the run ends.
      try? record.set("measured", clock.measured)
      try? record.note(event)
      report(event)
      throw isInterrupted ? CancellationError() : error
    }
  }

  /// Stops the run. Members whose interval is finished are kept; the others will train it again after a resume.
  public func interrupt() async {
    isInterrupted = true
    await executor.stop()
  }

  /// The whole method: train, evaluate, select, mix, until the budget is spent.
  private func search() async throws -> RunSummary {
    let announcement = try await executor.start { [self] error in
      try tell(.workerStartsAgain(reason: error.description))
    }
    space = announcement.searchSpace
    try checkOrKeepSearchSpace()
    if try record.lastInterval() == nil { try await beginFirstInterval() }
    let first = try record.lastInterval() ?? 1
    try tell(
      .runStarted(settings: settings, searchSpace: space, folder: folder.path, firstInterval: first))
    best = try record.best()
    largestResult = try record.largestResult()
    try await repairBest()
    if let best {
      report(.bestImproved(member: best.member, interval: best.interval, fitness: best.fitness))
    }
    var members = try record.members(interval: first)
    guard members.count == method.populationSize else {
      throw record.damaged("it has \(members.count) members, and the settings say \(method.populationSize)")
    }
    try reopenFailed(&members)
    try record.note(started(first, members))
    for interval in first...max(first, method.intervals) {
      try await train(&members, interval)
      try await keepBest(of: members, interval)
      if interval < method.intervals { try await beginNextInterval(after: interval, &members) }
    }
    if announcement.showsBest { try await showBest() }
    try record.set("measured", clock.measured)
    return try finish()
  }

  private func finish() throws -> RunSummary {
    let summary = try RunSummary(folder, record, clock.measured)
    try folder.removeEmptySampleFolders()
    try write(summary)
    try record.set("summary", summary)
    try removeSuperfluous(after: summary)
    try tell(.runFinished(summary: summary))
    return summary
  }

  /// Removes what only a search that goes on would need.
  private func removeSuperfluous(after summary: RunSummary) throws {
    let last = try record.members(interval: summary.intervals)
    try keepOnly(
      Set(last.map(\.end.name)).union(
        record.sharedAttachments(neededIn: summary.intervals...summary.intervals)))
  }

  /// What the run found, if it has come to its end and its network is there.
  private func finishedBefore() throws -> RunSummary? {
    guard var summary = try record.summary(), let best = try record.best(),
      digests.damage(of: folder.best, expected: best.digest) == nil
    else { return nil }
    summary.folder = folder.path
    if folder.summaryText == nil { try write(summary) }
    report(.runFinished(summary: summary))
    // The process may have ended before that was done.
    try removeSuperfluous(after: summary)
    return summary
  }

  /// Writes what was found in words.
  private func write(_ summary: RunSummary) throws {
    let space = try record.searchSpace() ?? space
    try summary.text(space: space, record: record, settings).write(
      toFile: folder.summary, atomically: true, encoding: .utf8)
  }

  /// A run goes on only with the settings that it began with.
  private func checkSettings() throws {
    guard try record.lastInterval() != nil else { return }
    guard let old = try record.settings() else { throw record.damaged("it has members, but no settings") }
    if let change = settings.change(since: old) { throw change }
  }

  /// A run goes on only with the search space that it began with.
  private func checkOrKeepSearchSpace() throws {
    let problems = method.problems(searchSpace: space)
    guard problems.isEmpty else {
      throw RunError.settings(problems.map { "search.\(MethodSettings.key(of: $0.setting)): \($0.message)" })
    }
    let unknown = method.unknownHyperparameters(in: space)
    guard unknown.isEmpty else { throw RunError.settings(unknown) }
    clock.resume(after: try record.measured())
    if let old = try record.searchSpace(), old.genes != space.genes,
      try record.lastInterval() != nil
    {
      throw RunError.changed(what: "the trainer's search space")
    }
    try record.set("searchSpace", space)
    try record.set("settings", settings)
  }

  /// Keeps a copy of the network of the best member where it is better than all before.
  private func keepBest(of members: [Record.Row], _ interval: Int) async throws {
    guard let best = rank(members.map(\.fitnessOrNaN)).first, let fitness = members[best].fitness else {
      return
    }
    if let old = self.best, old.interval < interval, old.fitness >= fitness { return }
    let found = BestNetwork(
      member: best, interval: interval, fitness: fitness, genome: try members[best].decodedGenome())
    _ = try await writeBest(found, from: members[best])
    try tell(.bestImproved(member: best, interval: interval, fitness: fitness))
  }

  /// Reports an event and notes it in the record.
  nonisolated func tell(_ event: RunEvent) throws {
    try record.note(event)
    report(event)
  }

  /// Does work with files beside the search, which meanwhile hands out jobs.
  nonisolated func aside<Result: Sendable>(_ work: @Sendable () throws -> Result) async rethrows -> Result {
    try work()
  }
}
