import Foundation
import PBTNAS
import Statistics

/// The fitness of a run's best network on draws that nothing was chosen by.
///
/// The best fitness of a search is the highest of many that were measured on the same draws, so it flatters
/// the network that has it. This one does not.
public struct FreshEvaluation: Codable, Hashable, Sendable {
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

  private static let key = "freshEvaluation"

  /// What the record of a run says of its best network; nil if that was not evaluated so.
  init?(_ record: Record) throws {
    guard let found: Self = try record.get(Self.key), let best: BestNetwork = try record.get("best"),
      best.digest == found.digest
    else { return nil }
    self = found
  }

  init(digest: String?, fitness: [Double], searchFitness: Double) {
    (self.digest, self.fitness, self.searchFitness) = (digest, fitness, searchFitness)
  }

  func keep(in record: Record) throws { try record.set(Self.key, self) }

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

extension RunFolder {
  /// The best network's fitness on fresh draws; nil if it was not measured.
  ///
  /// - Throws: ``RunError/noRun(folder:)``
  public func readFreshEvaluation() throws -> FreshEvaluation? {
    try requireRun()
    return try FreshEvaluation(Record(path: record))
  }
}

/// Evaluates a finished run's best network on draws that the search has not used, and keeps the result in the
/// run's record. The k-th evaluation's draws follow from the run's seed and k.
///
/// - Parameters:
///   - times: how many evaluations, each as long as those of the search.
///   - executor: evaluates; it is started and stopped here.
///   - report: is told every evaluation's number, counted from 0, and fitness, in any order.
/// - Throws: ``RunError`` if there is no run, one that is not finished, or one whose best network is damaged;
///   what the executor throws.
public func evaluateAfresh(
  _ folder: RunFolder, times: Int, executor: any Executor,
  report: @escaping @Sendable (_ number: Int, _ fitness: Double) -> Void
) async throws -> FreshEvaluation {
  let run = try FinishedRun(folder)
  guard let best: BestNetwork = try run.record.get("best") else {
    throw RunError.notFinished(folder: folder.path)
  }
  if let damage = FileDigests().damage(of: folder.best, expected: best.digest) {
    throw RunError.bestDamaged(file: folder.best, reason: damage)
  }
  let fitness = try await run.with(executor) {
    try await withThrowingTaskGroup(of: (Int, Double).self) { group in
      for number in 0..<times {
        let job = EvaluateJob(
          genome: best.genome, checkpoint: folder.absolute(RunFolder.bestName),
          seed: run.settings.freshSeed(number), artifacts: nil)
        group.addTask {
          let fitness = try await run.evaluate(
            job, with: executor, member: best.member, interval: best.interval)
          report(number, fitness)
          return (number, fitness)
        }
      }
      var fitness = Array(repeating: Double.nan, count: times)
      for try await (number, value) in group { fitness[number] = value }
      return fitness
    }
  }
  let evaluation = FreshEvaluation(digest: best.digest, fitness: fitness, searchFitness: best.fitness)
  try evaluation.keep(in: run.record)
  return evaluation
}
