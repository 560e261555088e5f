import Foundation
import PBTNAS

// How an interval gets its members: the first from fresh networks, the others from the interval before.
extension Search {
  /// Deals out genomes and has their networks initialised.
  func beginFirstInterval() async throws {
    try folder.prepare(interval: 1)
    let genomes = try initialPopulation(space, method, seed: seed)
    let rows = try await executor.concurrently(genomes.indices) { member in
      let start = try await self.makeFirst(member, genomes[member])
      return try await Record.Row(
        interval: 1, member: member, genome: genomes[member],
        hyperparameters: self.method.initialHyperparameters(member: member, seed: self.seed), start: start)
    }
    try record.begin(rows)
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
    let generation = try nextGeneration(
      after: interval, genomes, fitness: members.map(\.fitnessOrNaN), hyperparameters: hyperparameters,
      in: space, method, seed: seed)
    let ends = members.map { current($0.end) }
    let parents = Set(generation.offspring.flatMap(\.parents))
    try await repair(parents.sorted().map { ends[$0] })
    let repaired = ends.map(current)
    try makeRoom(for: generation.offspring.map { 2 * folder.size(of: ends[$0.base].name) }, in: interval)
    try folder.prepare(interval: interval + 1)
    let offspring = try await executor.concurrently(generation.offspring.indices) { index in
      let offspring = generation.offspring[index]
      let (start, fresh) = try await self.make(offspring, from: repaired, interval: interval + 1)
      return try Record.Row(
        interval: interval + 1, member: offspring.member, genome: offspring.genome,
        hyperparameters: offspring.hyperparameters, start: start, offspring: offspring,
        freshTensors: fresh.count)
    }
    let replaced = Dictionary(uniqueKeysWithValues: offspring.map { ($0.member, $0) })
    let rows = try members.indices.map { member in
      try replaced[member]
        ?? Record.Row(
          interval: interval + 1, member: member, genome: genomes[member],
          hyperparameters: hyperparameters[member], start: repaired[member])
    }
    let events = zip(generation.offspring, offspring).map { offspring, row in
      RunEvent.offspringMade(
        offspring: offspring, interval: interval + 1, freshTensors: row.freshTensors)
    }
    try record.begin(rows, events + [started(interval + 1, rows)], measured: clock.measured)
    members = rows
    for event in events { report(event) }
    try removeSuperfluous(in: interval + 1)
  }

  /// Makes an offspring's checkpoint from its parents' and a fresh one.
  ///
  /// - Parameter ends: what every member had at the end of the interval before.
  /// - Returns: the checkpoint, and the names of the tensors that no parent could give.
  func make(
    _ offspring: Offspring, from ends: [KnownFile], interval: Int
  ) async throws -> (KnownFile, fresh: [String]) {
    let (folder, space, method) = (folder, space, method)
    let fresh = folder.fresh(member: offspring.member, interval: interval)
    let start = folder.start(member: offspring.member, interval: interval)
    let freshNetwork = try await initialise(
      offspring.genome, offspring.freshSeed, fresh, offspring.member, interval: interval)
    let missing = try await aside {
      let missing = try writeOffspring(
        offspring, in: space, method, base: Checkpoint(path: folder.absolute(ends[offspring.base].name)),
        donor: try offspring.donor.map { try Checkpoint(path: folder.absolute(ends[$0].name)) },
        fresh: freshNetwork, to: folder.absolute(start))
      // What stays behind here goes when the interval's superfluous checkpoints do.
      unlink(folder.absolute(fresh))
      return missing
    }
    noteWritten(bytes: folder.size(of: start))
    return (try await known(start), missing)
  }

  /// Has a fresh network made, without which its member cannot be.
  ///
  /// - Throws: ``RunError/member(_:interval:reason:)`` if no worker can, or the file is not what was asked for.
  private func initialise(
    _ genome: Genome, _ seed: UInt64, _ checkpoint: String, _ member: Int, interval: Int
  ) async throws -> Checkpoint {
    let path = folder.absolute(checkpoint)
    let job = Job.initialise(InitialiseJob(genome: genome, seed: seed, output: path))
    do {
      _ = try await perform(job, member, interval)
      let found = try Checkpoint(path: path)
      guard found.genome == genome else {
        throw CheckpointError(path, .wrongGenome(expected: genome, found: found.genome))
      }
      return found
    } catch let error where !(error is CancellationError) {
      throw RunError.member(member, interval: interval, reason: String(describing: error))
    }
  }
}
