import PBTNAS
import Safetensors

// How an interval's members are trained and judged.
extension Search {
  /// Trains every member that has not finished the interval.
  ///
  /// - Parameter members: as the interval begins, afterwards as it ends.
  func train(_ members: inout [Record.Row], _ interval: Int) async throws {
    let rows = members
    // It was noted when its members were.
    report(try started(interval, rows))
    try makeRoom(for: rows.filter { !$0.isFinished }.map { expectedSize(of: $0) }, in: interval)
    try prepare(interval)
    for row in rows where row.isFinished { report(try Self.event(of: row)) }
    // Here for all: the members, which look again, would read large files all at once.
    if !rows.allSatisfy(\.isFinished) { try await repair(sharedFiles(in: interval)) }
    let finished = try await executor.concurrently(rows.filter { !$0.isFinished }.map(\.member)) { member in
      try await self.train(rows[member])
    }
    for row in finished { members[row.member] = row }
    try advanceSharedAttachments(after: interval, members)
    let fitness = members.map(\.fitnessOrNaN)
    try tell(.intervalFinished(interval: interval, ranking: rank(fitness), fitness: fitness))
  }

  /// Has members that failed trained again where they are the reason why the run could not go on: whatever it was
  /// may be mended by now.
  func reopenFailed(_ members: inout [Record.Row]) throws {
    // After the last interval one is enough, and what was found then stays.
    let isLast = members.first.map { $0.interval >= method.intervals } ?? true
    guard members.allSatisfy(\.isFinished), members.count(where: { $0.fitness != nil }) < 2,
      !isLast || best == nil
    else { return }
    for index in members.indices where members[index].failure != nil {
      members[index].isFinished = false
      members[index].failure = nil
    }
    try record.update(members)
  }

  /// The event that an interval begins.
  func started(_ interval: Int, _ rows: [Record.Row]) throws -> RunEvent {
    .intervalStarted(interval: interval, genomes: try rows.map { try $0.decodedGenome() })
  }

  /// Trains a member and keeps what became of it.
  private func train(_ row: Record.Row) async throws -> Record.Row {
    var row = row
    let (member, interval) = (row.member, row.interval)
    do {
      let (result, trained, diverged) = try await withSound {
        try [row.start] + sharedFiles(in: interval)
      } _: {
        row.startDigest = current(row.start).digest
        return try await trainAndCheck(row)
      }
      for warning in result.warnings ?? [] {
        try tell(.memberWarned(member: member, interval: interval, warning: warning))
      }
      if diverged == nil {
        row.fitness = result.fitness.isFinite ? result.fitness : nil
        row.resultCheckpoint = trained.name
        row.resultDigest = trained.digest
        row.sharing = try SharedAttachments.Change(result).map { try Record.json($0) }
      }
      row.metrics = try Record.json(result.metrics)
      row.seconds = result.seconds
      row.failure = diverged.map { "tensor `\($0)` has elements that are not finite" }
      return try finish(
        row,
        row.failure.map { .memberFailed(member: member, interval: interval, reason: $0) }
          ?? .memberFinished(member: member, interval: interval, result: result))
    } catch let error where (Self.isMembersFault(error) || row.wasNeverMade(error)) && !isInterrupted {
      // Files that are not found where the folder was are no fault of the member's.
      try lock.check(folder)
      // The member stays as it was at the interval's start, and ranks last.
      let reason = String(describing: error)
      row.failure = reason
      // A file that is of no use may have been left.
      written = nil
      return try finish(row, .memberFailed(member: member, interval: interval, reason: reason))
    }
  }

  /// Notes and reports what became of a member.
  private func finish(_ row: Record.Row, _ event: RunEvent) throws -> Record.Row {
    var row = row
    row.isFinished = true
    try record.finish(row, event)
    report(event)
    return row
  }

  /// Has a member trained, and looks at what came of it.
  ///
  /// - Returns: what the trainer found, the checkpoint, and the first tensor with elements that are not finite.
  func trainAndCheck(
    _ row: Record.Row
  ) async throws -> (result: TrainingResult, checkpoint: KnownFile, diverged: String?) {
    let (member, interval) = (row.member, row.interval)
    let start = folder.absolute(row.startCheckpoint)
    let output = folder.result(member: member, interval: interval)
    let hyperparameters = try row.decodedHyperparameters()
    let shared = try sharedAttachments(in: interval).generations
    let genome = try row.decodedGenome()
    let begin = repairCount
    try clearWay(for: output, member, interval)
    let job = TrainJob(
      genome: genome, checkpoint: start,
      seed: seed.seed(member: member, interval: interval, purpose: .training),
      evaluationSeed: settings.evaluationSeed,
      output: folder.absolute(output),
      artifacts: RunFolder(path: folder.absolutePath).samples(member: member, interval: interval),
      attachments: folder.attachments.path, sharedAttachments: shared.isEmpty ? nil : shared,
      hyperparameters: hyperparameters.isEmpty ? nil : hyperparameters)
    guard let result = try await perform(.train(job), member, interval) else {
      throw ProtocolViolation(found: "an answer without a result", expected: "a fitness")
    }
    let (started, diverged, size) = try await aside {
      // Not opened before: many members may wait for a worker.
      let (started, trained) = (try Checkpoint(path: start), try Checkpoint(path: job.output))
      guard started.genome == genome else {
        throw CheckpointError(start, .wrongGenome(expected: genome, found: started.genome))
      }
      try trained.check(continues: started)
      let shares = result.shares ?? []
      try checkAttachments(of: trained, sharing: shares)
      let size = folder.bytes(written: trained, startedFrom: started, sharing: shares)
      return (started, trained.firstNonFiniteTensor(since: started), size)
    }
    try checkUntouched([row.start] + sharedFiles(in: interval), started, since: begin)
    if size > largestResult {
      largestResult = size
      try record.set(Self.largestResultKey, size)
    }
    noteWritten(bytes: size)
    return (result, try await known(output), diverged)
  }

  /// The record's key of ``largestResult``.
  static var largestResultKey: String { "largestResult" }

  /// Whether an error is about one member, so that the others go on.
  static func isMembersFault(_ error: any Error) -> Bool {
    switch error {
    case let error as JobFailed: !error.isDiskFull
    case let error as WorkerLost: error.moment != .replacingTheLast
    case let error as SafetensorsError: !error.isDiskFull
    case is CheckpointError, is ProtocolViolation: true
    default: false
    }
  }

  /// What became of a member that finished before a resume.
  private static func event(of row: Record.Row) throws -> RunEvent {
    if let reason = row.failure {
      return .memberFailed(member: row.member, interval: row.interval, reason: reason)
    }
    let result = TrainingResult(
      fitness: row.fitnessOrNaN, metrics: try row.decodedMetrics(), files: [], seconds: row.seconds ?? 0)
    return .memberFinished(member: row.member, interval: row.interval, result: result)
  }

  /// Has a job done.
  func perform(_ job: Job, _ member: Int, _ interval: Int) async throws -> TrainingResult? {
    let report = self.report
    let isTraining = if case .train = job { true } else { false }
    let done = try await executor.run(
      job, retries: settings.retries,
      started: { if isTraining { report(.memberStarted(member: member, interval: interval)) } },
      progress: { report(.progress(member: member, interval: interval, progress: $0)) },
      lost: { error, tryAgain in
        if isInterrupted { throw error }
        // Half a file may have been left.
        written = nil
        try tell(
          .workerLost(member: member, interval: interval, reason: error.description, tryAgain: tryAgain))
      })
    clock.note(done)
    return done.result
  }
}
