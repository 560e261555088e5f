import Foundation
import PBTNAS

/// A search: trains a population of networks at once, replaces the worst after each interval, and keeps the best.
///
/// Decisions come from `PBTNAS` as values; the executor does the work; the record holds the state, so that a run that ended in any way
/// goes on from there. Every seed follows from a member's place, so the result does not depend on the workers.
public actor Search {
  private let folder: RunFolder
  private let settings: RunSettings
  private let executor: any Executor
  private let record: Record
  private let lock: RunLock
  private let report: @Sendable (RunEvent) -> Void
  private var space = SearchSpace(genes: [])
  private var clock = RunClock()
  private var isInterrupted = false

  private var method: MethodSettings { settings.method }
  private var seed: RunSeed { RunSeed(settings.seed) }

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
    let exists = FileManager.default.fileExists(atPath: folder.record)
    if resumes && !exists { throw RunError.noRun(folder: folder.path) }
    if !resumes && exists { throw RunError.exists(folder: folder.path) }
    self.folder = folder
    self.settings = settings
    self.executor = executor
    self.report = report
    lock = try RunLock(folder)
    record = try Record(path: folder.record)
  }

  /// Runs to the end.
  ///
  /// - Returns: what was found.
  /// - Throws: `CancellationError` after ``interrupt()``; ``MethodError`` if too few members are left; ``RunError``; what the executor throws.
  public func run() async throws -> RunSummary {
    do {
      let summary = try await search()
      await executor.stop()
      return summary
    } catch {
      await executor.stop()
      guard isInterrupted else { throw error }
      try? record.set("seconds", clock.totalSeconds)
      try tell(.interrupted(folder: folder.path))
      throw CancellationError()
    }
  }

  /// Stops the run. Members whose interval is finished are kept; the others will train it again after a resume.
  public func interrupt() async {
    isInterrupted = true
    await executor.stop()
  }

  /// The whole method: train, evaluate, select, mix, until the budget is spent.
  private func search() async throws -> RunSummary {
    space = try await executor.start()
    try checkOrKeepSettings()
    if try record.lastInterval() == nil { try await beginFirstInterval() }
    let first = try record.lastInterval() ?? 1
    try tell(
      .runStarted(settings: settings, searchSpace: space, folder: folder.path, firstInterval: first))
    for interval in first...max(first, method.intervals) {
      let members = try await train(interval)
      try keepBest(of: members, interval)
      if interval < method.intervals { try await beginNextInterval(after: interval, members) }
    }
    let summary = try RunSummary(folder, record, clock)
    try summary.text(space: space, record: record, settings).write(
      toFile: folder.summary, atomically: true, encoding: .utf8)
    try tell(.runFinished(summary: summary))
    return summary
  }

  /// A run goes on only with the settings and search space that it began with; how many workers there are may change.
  private func checkOrKeepSettings() throws {
    let problems = method.problems(searchSpace: space)
    guard problems.isEmpty else {
      throw RunError.settings(problems.map { "\($0.setting): \($0.message)" })
    }
    clock.resume(after: try record.get("seconds") ?? 0)
    if let old: SearchSpace = try record.get("searchSpace"), old != space {
      throw RunError.changed(what: "the trainer's search space")
    }
    if let old: RunSettings = try record.get("settings"),
      old.method != method || old.seed != settings.seed || old.task != settings.task
    {
      throw RunError.changed(what: "a setting under `task`, `seed` or `search`")
    }
    try record.set("searchSpace", space)
    try record.set("settings", settings)
  }
}

// MARK: Beginning an interval

extension Search {
  private func beginFirstInterval() async throws {
    try folder.prepare(interval: 1)
    let genomes = try initialPopulation(space, size: method.populationSize, seed: seed)
    let rows = try await concurrently(genomes.indices) { member in
      let path = self.folder.start(member: member, interval: 1)
      try await self.initialise(
        genomes[member], self.seed.seed(member: member, interval: 0, purpose: .initialWeights), path, member,
        1)
      return try Record.Row(interval: 1, member: member, genome: genomes[member], startCheckpoint: path)
    }
    try record.begin(rows)
  }

  /// Selection and mixing: writes the offspring's checkpoints, then the new population into the record at once.
  private func beginNextInterval(after interval: Int, _ members: [Record.Row]) async throws {
    let genomes = try members.map { try $0.decodedGenome() }
    let generation = try nextGeneration(
      after: interval, genomes, fitness: members.map(\.fitnessOrNaN), in: space, method, seed: seed)
    try folder.prepare(interval: interval + 1)
    let results = members.map { $0.resultCheckpoint ?? $0.startCheckpoint }
    let offspring = try await concurrently(generation.offspring.indices) { index in
      try await self.make(generation.offspring[index], results, interval + 1)
    }
    let replaced = Dictionary(uniqueKeysWithValues: offspring.map { ($0.member, $0) })
    let rows = try members.indices.map { member in
      try replaced[member]
        ?? Record.Row(
          interval: interval + 1, member: member, genome: genomes[member], startCheckpoint: results[member])
    }
    try record.begin(rows)
    for (offspring, row) in zip(generation.offspring, offspring) {
      try tell(
        .offspringMade(offspring: offspring, interval: interval + 1, freshTensors: row.freshTensors))
    }
    try folder.removeCheckpoints(except: Set(rows.map(\.startCheckpoint)))
  }

  private func make(_ offspring: Offspring, _ results: [String], _ interval: Int) async throws -> Record.Row {
    let member = offspring.member
    let freshPath = folder.fresh(member: member, interval: interval)
    try await initialise(offspring.genome, offspring.freshSeed, freshPath, member, interval)
    let path = folder.start(member: member, interval: interval)
    let missing = try writeOffspring(
      offspring, in: space, method, base: Checkpoint(path: results[offspring.base]),
      donor: try offspring.donor.map { try Checkpoint(path: results[$0]) },
      fresh: Checkpoint(path: freshPath),
      to: path)
    try FileManager.default.removeItem(atPath: freshPath)
    return try Record.Row(
      interval: interval, member: member, genome: offspring.genome, startCheckpoint: path,
      offspring: offspring, freshTensors: missing.count)
  }

  private func initialise(
    _ genome: Genome, _ seed: UInt64, _ path: String, _ member: Int, _ interval: Int
  ) async throws {
    let job = Job.initialise(InitialiseJob(genome: genome, seed: seed, output: path))
    _ = try await perform(job, member, interval)
    let found = try Checkpoint(path: path).genome
    guard found == genome else {
      throw CheckpointError(path, .wrongGenome(expected: genome, found: found))
    }
  }
}

// MARK: Training

extension Search {
  /// Trains every member that has not finished the interval.
  private func train(_ interval: Int) async throws -> [Record.Row] {
    try folder.prepare(interval: interval)
    let rows = try record.members(interval: interval)
    try tell(.intervalStarted(interval: interval, genomes: rows.map { try $0.decodedGenome() }))
    for row in rows where row.isFinished { report(try Self.finishedEvent(row)) }
    _ = try await concurrently(rows.filter { !$0.isFinished }.map(\.member)) { member in
      try await self.train(rows[member])
    }
    let members = try record.members(interval: interval)
    let fitness = members.map(\.fitnessOrNaN)
    try tell(.intervalFinished(interval: interval, ranking: rank(fitness), fitness: fitness))
    return members
  }

  private func train(_ row: Record.Row) async throws {
    var row = row
    let (member, interval) = (row.member, row.interval)
    let output = folder.result(member: member, interval: interval)
    let job = Job.train(
      TrainJob(
        genome: try row.decodedGenome(), checkpoint: row.startCheckpoint,
        seed: seed.seed(member: member, interval: interval, purpose: .training),
        evaluationSeed: seed.seed(member: 0, interval: 0, purpose: .evaluation), output: output,
        artifacts: folder.samples(member: member, interval: interval)))
    do {
      guard let result = try await perform(job, member, interval) else {
        throw ProtocolViolation(found: "an answer without a result", expected: "a fitness")
      }
      let diverged = try Checkpoint(path: output).firstNonFiniteTensor()
      row.fitness = result.fitness.isFinite && diverged == nil ? result.fitness : nil
      row.resultCheckpoint = output
      row.metrics = try Record.json(result.metrics)
      row.seconds = result.seconds
      row.failure =
        diverged.map { "its tensor `\($0)` has elements that are not finite" }
        ?? (result.fitness.isFinite ? nil : "its fitness is \(result.fitness)")
      row.isFinished = true
      try record.finish(row)
      try tell(.memberFinished(member: member, interval: interval, result: result))
    } catch let error where error is WorkerLost || error is JobFailed {
      // The member stays as it was at the interval's start, and ranks last.
      row.failure = String(describing: error)
      row.isFinished = true
      try record.finish(row)
      try tell(.memberFailed(member: member, interval: interval, reason: String(describing: error)))
    }
  }

  private static func finishedEvent(_ row: Record.Row) throws -> RunEvent {
    let result = TrainingResult(
      fitness: row.fitnessOrNaN, metrics: try row.decodedMetrics(), files: [], seconds: row.seconds ?? 0)
    return .memberFinished(member: row.member, interval: row.interval, result: result)
  }

  /// Has a job done; tries again where a worker was lost.
  private func perform(_ job: Job, _ member: Int, _ interval: Int) async throws -> TrainingResult? {
    let report = self.report
    let isTraining = if case .train = job { true } else { false }
    for attempt in 0... {
      do {
        let done = try await executor.run(
          job, started: { if isTraining { report(.memberStarted(member: member, interval: interval)) } },
          progress: { report(.progress(member: member, interval: interval, progress: $0)) })
        clock.note(done)
        return done.result
      } catch let error as WorkerLost where !isInterrupted {
        let tryAgain = attempt < settings.retries
        try tell(
          .workerLost(member: member, interval: interval, reason: error.description, tryAgain: tryAgain))
        if !tryAgain { throw error }
      }
    }
    return nil
  }

  /// Keeps a copy of the network of the best member where it is better than all before.
  private func keepBest(of members: [Record.Row], _ interval: Int) throws {
    guard let best = rank(members.map(\.fitnessOrNaN)).first, let fitness = members[best].fitness,
      let checkpoint = members[best].resultCheckpoint
    else { return }
    let old: BestNetwork? = try record.get("best")
    if let old, old.interval < interval, old.fitness >= fitness { return }
    let found = BestNetwork(
      member: best, interval: interval, fitness: fitness, genome: try members[best].decodedGenome())
    try found.write(checkpoint: checkpoint, space: space, to: folder.best)
    try record.set("best", found)
    try tell(.bestImproved(member: best, interval: interval, fitness: fitness))
  }

  /// Reports an event and notes it in the record.
  private func tell(_ event: RunEvent) throws {
    try record.note(event)
    report(event)
  }

  /// Does something for every member, as many at once as there are workers. The first error ends the rest.
  private func concurrently<Result: Sendable>(
    _ members: some Collection<Int>, _ body: @escaping @Sendable (Int) async throws -> Result
  ) async throws -> [Result] {
    try await withThrowingTaskGroup(of: (Int, Result).self) { group in
      for (index, member) in members.enumerated() {
        group.addTask { (index, try await body(member)) }
      }
      var results: [(Int, Result)] = []
      do {
        while let result = try await group.next() { results.append(result) }
      } catch {
        // Whoever still waits for a worker's answer would wait for the end of its training.
        await executor.stop()
        throw error
      }
      return results.sorted { $0.0 < $1.0 }.map(\.1)
    }
  }
}
