/// Why runs cannot be compared as was asked.
public enum ComparisonError: Error, Hashable, Sendable {
  /// There is nothing to compare.
  case noRuns
  /// Two runs had other tasks or numbers of intervals.
  case unfair(setting: String, first: String, firstValue: String, second: String, secondValue: String)
  /// Two runs are the same search.
  case sameRun(first: String, second: String, seed: UInt64)
  /// No group has this name.
  case unknownGroup(String, known: [String])
  /// Several groups' names begin so.
  case ambiguousGroup(String, matching: [String])
  /// Runs' best networks were not evaluated on held-out draws.
  case notEvaluated(folders: [String])
  /// Two groups have no pairs of runs with the same seed.
  case unpaired(first: String, firstSeeds: [UInt64], second: String, secondSeeds: [UInt64])
}

extension ComparisonError: CustomStringConvertible {
  /// What is wrong and how to mend it, as a sentence.
  public var description: String {
    switch self {
    case .noRuns: "there are no runs to compare; name at least one run's folder"
    case .unfair(let setting, let first, let firstValue, let second, let secondValue):
      "\(first) has \(setting) \(firstValue) and \(second) has \(secondValue); "
        + "compare runs of the same task and as many intervals"
    case .sameRun(let first, let second, let seed):
      "\(first) and \(second) have the same settings and the same seed, \(seed); name one of them"
    case .unknownGroup(let name, let known):
      "there is no group `\(name)`; the groups are \(quoted(known))"
    case .ambiguousGroup(let name, let matching):
      "`\(name)` may be any of \(quoted(matching)); give the whole name of one"
    case .notEvaluated(let folders):
      "the best networks of these runs were not evaluated on held-out draws: \(folders.joined(separator: ", ")); "
        + "do so by `pbtnas evaluate` with each of these folders"
    case .unpaired(let first, let firstSeeds, let second, let secondSeeds):
      "Wilcoxon's test compares runs in pairs of the same seed, but `\(first)` has the seeds \(list(firstSeeds)) "
        + "and `\(second)` \(list(secondSeeds)); leave out runs without a partner, or use the test mann-whitney"
    }
  }

  private func quoted(_ names: [String]) -> String { names.map { "`\($0)`" }.joined(separator: ", ") }

  private func list(_ seeds: [UInt64]) -> String { seeds.map(String.init).joined(separator: ", ") }
}
