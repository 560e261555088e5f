import Foundation
import PBTNAS

// How an interval gets its members: the first from fresh networks, the others from the interval before.
extension Search {
  /// Deals out genomes and has their networks initialised.
  func beginFirstInterval() async throws {
    try prepare(1)
    let genomes = try initialPopulation(space, method, seed: seed)
    let made = try await executor.concurrently(genomes.indices) { member in
      try await self.whereItCanBeMade { try await self.makeFirst(member, genomes[member]) }
    }
    // A trainer that can make none has a fault that no selection mends.
    if made.allSatisfy({ $0.failure != nil }), let failure = made.first?.failure { throw failure }
    let rows = try zip(genomes.indices, made).map { member, made in
      var row = try Record.Row(
        interval: 1, member: member, genome: genomes[member],
        hyperparameters: method.initialHyperparameters(member: member, seed: seed),
        start: made.result ?? KnownFile(name: folder.start(member: member, interval: 1)))
      markFailed(&row, made.failure)
      return row
    }
    try record.begin(rows, failures(rows))
    // From now on there are members, whatever happens: a record without them must not lie beside what they
    // were trained to.
    _ = try record.settle()
  }

  /// Notes that a member's network could not be made, where that is so.
  private func markFailed(_ row: inout Record.Row, _ error: RunError?) {
    guard let error else { return }
    row.failure = error.description
    row.isFinished = true
    // Whatever was written is not what it should be.
    // A file that cannot be removed is of no use, but harms nobody.
    try? folder.remove(CheckpointName(.start, member: row.member, interval: row.interval))
  }

  /// Makes a network. One that cannot be made leaves its member without, but not the run.
  private func whereItCanBeMade<Made>(
    _ make: () async throws -> Made
  ) async throws -> (result: Made?, failure: RunError?) {
    do {
      return (try await make(), nil)
    } catch let error as RunError {
      guard case .member = error, !isInterrupted else { throw error }
      try lock.check(folder)
      return (nil, error)
    }
  }

  /// The events that tell of members whose networks could not be made.
  private func failures(_ rows: [Record.Row]) -> [RunEvent] {
    rows.compactMap { row in
      row.failure.map { .memberFailed(member: row.member, interval: row.interval, reason: $0) }
    }
  }

  /// Makes a member's first checkpoint.
  func makeFirst(_ member: Int, _ genome: Genome) async throws -> KnownFile {
    let checkpoint = folder.start(member: member, interval: 1)
    let seed = seed.seed(member: member, interval: 0, purpose: .initialWeights)
    _ = try await initialise(genome, seed, checkpoint, member, interval: 1)
    noteWritten(bytes: folder.size(of: checkpoint))
    return try await known(checkpoint)
  }

  /// Selection and mixing: writes the offspring's checkpoints, then the new population into the record at once.
  ///
  /// - Parameter members: the interval's, afterwards the next one's.
  func beginNextInterval(after interval: Int, _ members: inout [Record.Row]) async throws {
    let genomes = try members.map { try $0.decodedGenome() }
    let hyperparameters = try members.map { try $0.decodedHyperparameters() }
    let generation: Generation
    do {
      generation = try nextGeneration(
        after: interval, genomes, fitness: members.map(\.fitnessOrNaN), hyperparameters: hyperparameters,
        in: space, method, seed: seed)
    } catch {
      // Where members failed, their networks did not diverge.
      guard let failed = members.first(where: { $0.failure != nil }), let reason = failed.failure else {
        throw error
      }
      throw RunError.tooManyFailed(
        folder: folder.path, failed: members.count { $0.failure != nil }, of: members.count,
        member: failed.member, reason: reason)
    }
    let ends = members.map { current($0.end) }
    let parents = Set(generation.offspring.flatMap(\.parents))
    try await repair(parents.sorted().map { ends[$0] })
    let repaired = ends.map(current)
    try makeRoom(for: generation.offspring.map { 2 * folder.size(of: ends[$0.base].name) }, in: interval)
    try prepare(interval + 1)
    let offspring = try await executor.concurrently(generation.offspring.indices) { index in
      let offspring = generation.offspring[index]
      let made = try await self.whereItCanBeMade {
        try await self.withSound {
          offspring.parents.map { repaired[$0] }
        } _: {
          try await self.make(offspring, from: repaired, interval: interval + 1)
        }
      }
      let start = KnownFile(name: self.folder.start(member: offspring.member, interval: interval + 1))
      var row = try Record.Row(
        interval: interval + 1, member: offspring.member, genome: offspring.genome,
        hyperparameters: offspring.hyperparameters, start: made.result?.0 ?? start, offspring: offspring,
        freshTensors: made.result?.fresh.count ?? 0)
      await self.markFailed(&row, made.failure)
      return row
    }
    let replaced = Dictionary(uniqueKeysWithValues: offspring.map { ($0.member, $0) })
    let rows = try members.indices.map { member in
      try replaced[member]
        ?? Record.Row(
          interval: interval + 1, member: member, genome: genomes[member],
          hyperparameters: hyperparameters[member], start: repaired[member])
    }
    let events = zip(generation.offspring, offspring).filter { $1.failure == nil }.map { offspring, row in
      RunEvent.offspringMade(
        offspring: offspring, interval: interval + 1, freshTensors: row.freshTensors)
    }
    try record.begin(
      rows, events + [started(interval + 1, rows)] + failures(rows), measured: clock.measured)
    members = rows
    for event in events { report(event) }
    try removeSuperfluous(in: interval + 1)
  }

  /// Makes an offspring's checkpoint from its parents' and a fresh one.
  ///
  /// - Parameters:
  ///   - ends: what every member had at the end of the interval before.
  ///   - prepare: what remains to be done about the parents once there is a fresh network.
  /// - Returns: the checkpoint, and the names of the tensors that no parent could give.
  func make(
    _ offspring: Offspring, from ends: [KnownFile], interval: Int, prepare: () async throws -> Void = {}
  ) async throws -> (KnownFile, fresh: [String]) {
    let (folder, space, method) = (folder, space, method)
    let fresh = folder.fresh(member: offspring.member, interval: interval)
    let start = folder.start(member: offspring.member, interval: interval)
    let freshNetwork = try await initialise(
      offspring.genome, offspring.freshSeed, fresh, offspring.member, interval: interval)
    try await prepare()
    try clearWay(for: start, offspring.member, interval)
    let begin = repairCount
    let base = try Checkpoint(path: folder.absolute(ends[offspring.base].name))
    let written = try await aside {
      let donor = try offspring.donor.map { try Checkpoint(path: folder.absolute(ends[$0].name)) }
      let written = try writeOffspring(
        offspring, in: space, method, base: base, donor: donor, fresh: freshNetwork,
        to: folder.absolute(start))
      // What stays behind here goes when the interval's superfluous checkpoints do.
      try folder.remove(CheckpointName(.fresh, member: offspring.member, interval: interval))
      if let digest = written.digest { try digests.note(digest, of: folder.absolute(start)) }
      return written
    }
    try checkUntouched(offspring.parents.map { ends[$0] }, base, since: begin)
    noteWritten(bytes: folder.size(of: start))
    return (try await known(start), written.missing)
  }

  /// Has a fresh network made, without which its member cannot be.
  ///
  /// - Throws: ``RunError/member(_:interval:reason:)`` if that is the network's or the trainer's fault.
  private func initialise(
    _ genome: Genome, _ seed: UInt64, _ checkpoint: String, _ member: Int, interval: Int
  ) async throws -> Checkpoint {
    let path = folder.absolute(checkpoint)
    try clearWay(for: checkpoint, member, interval)
    let job = Job.initialise(InitialiseJob(genome: genome, seed: seed, output: path))
    do {
      _ = try await perform(job, member, interval)
      let found = try Checkpoint(path: path)
      guard found.genome == genome else {
        throw CheckpointError(path, .wrongGenome(expected: genome, found: found.genome))
      }
      return found
    } catch let error where Self.isMembersFault(error) && !isInterrupted {
      throw RunError.member(member, interval: interval, reason: String(describing: error))
    }
  }
}
