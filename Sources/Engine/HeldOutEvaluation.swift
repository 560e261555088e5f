import Foundation
import PBTNAS
import Statistics

/// The fitness of a run's best network on draws that nothing was chosen by.
///
/// The best fitness of a search is the highest of many that were measured on the same draws, so it flatters
/// the network that has it. This one does not.
public struct HeldOutEvaluation: Codable, Hashable, Sendable {
  /// The digest of the network's file.
  var digest: String?
  /// The fitness in each evaluation, which has its own draws.
  public var fitness: [Double]
  /// The fitness that the search measured.
  public var searchFitness: Double

  /// The mean.
  public var mean: Double { SampleSummary(fitness)?.mean ?? .nan }
  /// The standard deviation, with n - 1; nil for a single evaluation.
  public var standardDeviation: Double? {
    fitness.count > 1 ? SampleSummary(fitness)?.standardDeviation : nil
  }

  /// The evaluation as one line of JSON.
  public var json: String {
    get throws {
      try Record.json(
        Shown(
          fitness: fitness, mean: mean, standardDeviation: standardDeviation, searchFitness: searchFitness))
    }
  }

  private struct Shown: Encodable {
    var fitness: [Double]
    var mean: Double
    var standardDeviation: Double?
    var searchFitness: Double
  }
}

extension HeldOutEvaluation {
  private static let key = "heldOutEvaluation"

  /// What the record of a run says of its best network; nil if that was not evaluated so.
  init?(_ record: Record) throws {
    guard let found: Self = try record.get(Self.key), let best = try record.best(),
      best.digest == found.digest
    else { return nil }
    guard !found.fitness.isEmpty, (found.fitness + [found.searchFitness]).allSatisfy(\.isFinite) else {
      throw record.damaged("`\(Self.key)` has no finite fitness")
    }
    self = found
  }

  func keep(in record: Record) throws { try record.set(Self.key, self) }
}

extension RunFolder {
  /// The best network's fitness on held-out draws; nil if it was not measured.
  ///
  /// - Throws: ``RunError/noRun(folder:)``
  public func readHeldOutEvaluation() throws -> HeldOutEvaluation? {
    try requireRun()
    return try HeldOutEvaluation(Record(reading: record))
  }
}

/// Evaluates a finished run's best network on draws that the search has not used, and keeps the result in the
/// run's record. The k-th evaluation's draws follow from the run's seed and k.
///
/// - Parameters:
///   - times: how many evaluations, each as long as those of the search; at least 1.
///   - settings: as they are now, which must be those that the run began with; nil for the record's.
///   - executor: evaluates; it is started and stopped here.
///   - report: is told every evaluation's number, counted from 0, its fitness, and what the trainer warns of, in any
///     order.
/// - Throws: ``RunError`` if there is no run, one that is not finished or began with other settings, or one
///   whose best network is damaged, or diverges on other draws; what the executor throws.
public func evaluateHeldOut(
  _ folder: RunFolder, times: Int, settings: RunSettings? = nil, executor: any Executor,
  report: @escaping @Sendable (_ number: Int, _ fitness: Double, _ warnings: [String]) -> Void
) async throws -> HeldOutEvaluation {
  guard times > 0 else { throw RunError.settings(["times: expected at least 1, got \(times)"]) }
  let run = try FinishedRun(folder, settings)
  guard let best = try run.record.best() else {
    throw RunError.bestDamaged(file: folder.best, reason: "the record does not say whose network it is")
  }
  if let damage = FileDigests().damage(of: folder.best, expected: best.digest) {
    throw RunError.bestDamaged(file: folder.best, reason: damage)
  }
  return try await run.withExecutor(executor) {
    let fitness = try await executor.concurrently(0..<times) { number in
      let job = EvaluateJob(
        genome: best.genome, checkpoint: folder.absolute(RunFolder.bestName),
        seed: run.settings.heldOutSeed(number), artifacts: nil)
      let result = try await run.evaluate(job, member: best.member, interval: best.interval, with: executor)
      guard result.fitness.isFinite else {
        throw RunError.diverged(file: folder.best, evaluation: number + 1)
      }
      report(number, result.fitness, result.warnings ?? [])
      return result.fitness
    }
    let evaluation = HeldOutEvaluation(digest: best.digest, fitness: fitness, searchFitness: best.fitness)
    try evaluation.keep(in: run.record)
    return evaluation
  }
}
