import Foundation
import PBTNAS
import Statistics

/// A finished search, as it is compared with others.
public struct ComparedRun: Hashable, Sendable {
  /// The run's folder.
  public let folder: String
  /// Its settings.
  public let settings: RunSettings
  /// The best fitness up to the end of each interval.
  public let bestSoFar: [Double]

  /// Reads a run.
  ///
  /// - Throws: ``RunError`` if there is none, or it is not finished.
  public init(_ folder: RunFolder) throws {
    try folder.requireRun()
    let record = try Record(path: folder.record)
    guard let settings: RunSettings = try record.get("settings"),
      let summary: RunSummary = try record.get("summary")
    else { throw RunError.notFinished(folder: folder.path) }
    self.folder = folder.path
    self.settings = settings
    let members = Dictionary(grouping: try record.allMembers(), by: \.interval)
    var best = -Double.infinity
    bestSoFar = (1...summary.intervals).map { interval in
      best = max(best, members[interval]?.compactMap(\.fitness).max() ?? best)
      return best
    }
  }
}

/// Searches grouped by what they did, over seeds.
public struct Comparison: Hashable, Sendable {
  /// Runs that differ in nothing but their seeds.
  public struct Group: Hashable, Sendable {
    /// The strategy, with the settings that tell it from other groups of the same strategy.
    public let label: String
    /// In the order of their seeds.
    public let runs: [ComparedRun]

    /// Every run's best fitness.
    public var best: [Double] { runs.compactMap(\.bestSoFar.last) }
    /// The mean of ``best``.
    public var mean: Double { best.reduce(0, +) / Double(best.count) }
    /// The standard deviation of ``best``, with n - 1; NaN for a single run.
    public var standardDeviation: Double {
      let squares = best.reduce(0) { $0 + ($1 - mean) * ($1 - mean) }
      return best.count > 1 ? (squares / Double(best.count - 1)).squareRoot() : .nan
    }
  }

  /// The groups, in the order in which the runs were named.
  public let groups: [Group]

  /// Groups runs.
  ///
  /// - Throws: ``RunError/incomparable(_:)`` if their budgets or tasks differ, or one run would count twice.
  public init(_ runs: [ComparedRun]) throws {
    for run in runs.dropFirst() {
      guard let first = runs.first else { break }
      try Self.check(run, isFairBeside: first)
    }
    var methods: [MethodSettings] = []
    for run in runs where !methods.contains(run.settings.method) { methods.append(run.settings.method) }
    groups = try methods.map { method in
      let members = runs.filter { $0.settings.method == method }
        .sorted { $0.settings.seed < $1.settings.seed }
      for (one, other) in zip(members, members.dropFirst()) where one.settings.seed == other.settings.seed {
        throw RunError.incomparable(
          "\(one.folder) and \(other.folder) have the same settings and the same seed, \(one.settings.seed); name one of them"
        )
      }
      return Group(label: Self.label(method, among: methods), runs: members)
    }
  }

  private static func check(_ run: ComparedRun, isFairBeside first: ComparedRun) throws {
    let facts: [(String, (RunSettings) -> String)] = [
      ("task", { $0.task }), ("search.population", { String($0.method.populationSize) }),
      ("search.intervals", { String($0.method.intervals) }),
    ]
    for (key, value) in facts where value(run.settings) != value(first.settings) {
      throw RunError.incomparable(
        "\(first.folder) has \(key) \(value(first.settings)) and \(run.folder) has \(value(run.settings)); "
          + "compare runs of the same task and budget")
    }
  }

  private static func label(_ method: MethodSettings, among methods: [MethodSettings]) -> String {
    let facts: [(String, (MethodSettings) -> String)] = [
      ("tau", { "\($0.tau)" }), ("mix_probability", { "\($0.mixProbability)" }),
      ("lambda", { "\($0.lambda)" }),
      ("gamma", { "\($0.gamma)" }), ("optimizer_state", { $0.optimizerState.rawValue }),
      ("mixing.from", { "\($0.gate.from)" }), ("mixing.every", { "\($0.gate.every)" }),
    ]
    let rivals = methods.filter { $0.strategy == method.strategy }
    let telling = facts.filter { fact in Set(rivals.map(fact.1)).count > 1 }
    return ([method.strategy.rawValue] + telling.map { "\($0.0)=\($0.1(method))" }).joined(separator: " ")
  }

  /// Whether the first group's best fitness is greater than another's: Wilcoxon's signed-rank test where both have the same seeds, else Mann and
  /// Whitney's.
  ///
  /// - Returns: nil if there is nothing to test.
  public func test(against other: Group) -> (name: String, result: RankTest)? {
    guard let first = groups.first else { return nil }
    if first.runs.map(\.settings.seed) == other.runs.map(\.settings.seed) {
      return RankTest.wilcoxonSignedRank(zip(first.best, other.best).map { ($0, $1) })
        .map { ("Wilcoxon signed-rank", $0) }
    }
    return RankTest.mannWhitney(first.best, other.best).map { ("Mann-Whitney U", $0) }
  }

  /// A table of the groups, and the first one's tests against the others.
  public var text: String {
    let width = max("group".count, groups.map(\.label.count).max() ?? 0)
    func cells(_ label: String, _ values: [String]) -> String {
      label + String(repeating: " ", count: width - label.count)
        + values.map { String(repeating: " ", count: max(1, 12 - $0.count)) + $0 }.joined()
    }
    func number(_ value: Double) -> String { value.isFinite ? String(format: "%.4f", value) : "-" }
    var lines = [cells("group", ["runs", "mean", "st. dev.", "best"])]
    lines += groups.map { group in
      cells(
        group.label,
        [
          String(group.runs.count), number(group.mean), number(group.standardDeviation),
          number(group.best.max() ?? .nan),
        ])
    }
    for other in groups.dropFirst() {
      guard let first = groups.first else { break }
      guard let (name, result) = test(against: other) else {
        lines.append("\(first.label) > \(other.label): no difference to test")
        continue
      }
      let pValue = String(format: "%.4g", result.pValue)
      let least = String(format: "%.4g", result.smallestPValue)
      lines.append(
        "\(first.label) > \(other.label): p = \(pValue) (\(name), one-sided, exact; these samples could not give less than \(least))"
      )
    }
    return lines.joined(separator: "\n") + "\n"
  }

  /// One line per run and interval: group, seed, interval, best fitness so far, folder (RFC 4180).
  public var csv: String {
    func quoted(_ text: String) -> String {
      text.contains { ",\"\n\r".contains($0) } ? "\"\(text.replacing("\"", with: "\"\""))\"" : text
    }
    let rows = groups.flatMap { group in
      group.runs.flatMap { run in
        run.bestSoFar.enumerated().map { index, best in
          "\(quoted(group.label)),\(run.settings.seed),\(index + 1),\(best),\(quoted(run.folder))"
        }
      }
    }
    return (["group,seed,interval,best_so_far,run"] + rows).joined(separator: "\n") + "\n"
  }
}
