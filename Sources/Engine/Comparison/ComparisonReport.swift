import Foundation
import Statistics

/// By which test groups are compared.
public enum TestChoice: String, CaseIterable, Sendable {
  /// Wilcoxon's where both groups have the same seeds, else Mann and Whitney's.
  case auto
  /// Wilcoxon's signed-rank test of pairs with the same seed.
  case wilcoxon
  /// Mann and Whitney's U test, which knows no pairs.
  case mannWhitney = "mann-whitney"
}

/// By which fitness of every run groups are compared.
public enum FitnessChoice: String, CaseIterable, Sendable, Codable {
  /// The highest that the search measured, all on the same draws.
  case best
  /// The best network's on held-out draws (``HeldOutEvaluation``).
  case heldOut = "held-out"
}

/// What a comparison found: ``text`` for people, ``json`` for machines.
public struct ComparisonReport: Encodable, Hashable, Sendable {
  /// A group's figures.
  public struct Group: Encodable, Hashable, Sendable {
    /// Its label.
    public let label: String
    /// Its runs' folders, seeds and curves.
    public let runs: [Run]
    /// The mean of the runs' fitness.
    public let mean: Double
    /// Its standard deviation, with n - 1; nil for a single run.
    public let standardDeviation: Double?
    /// The fitness of the worst run.
    public let least: Double
    /// The fitness of the best run.
    public let best: Double
  }

  /// A run's figures.
  public struct Run: Encodable, Hashable, Sendable {
    /// Its folder.
    public let folder: String
    /// Its seed.
    public let seed: UInt64
    /// Its best fitness up to the end of each interval.
    public let bestSoFar: [Double]
    /// The best network's fitness in each evaluation on held-out draws; nil where there was none.
    public let heldOutFitness: [Double]?
  }

  /// Whether one group's fitness is greater than another's.
  public struct Test: Encodable, Hashable, Sendable {
    /// The group that may be better.
    public let greater: String
    /// The other one.
    public let than: String
    /// `wilcoxon` or `mann-whitney`.
    public let test: String
    /// The test's statistic; nil if there is no difference to test.
    public let statistic: Double?
    /// The one-sided, exact p-value.
    public let pValue: Double?
    /// The smallest p-value that these samples could have given.
    public let smallestPValue: Double?
  }

  /// The fitness that was compared.
  public let fitness: FitnessChoice
  /// The group that is tested against the others.
  public let reference: String
  /// The groups in the order in which their runs were named.
  public let groups: [Group]
  /// The reference against every other group.
  public let tests: [Test]

  /// The report as one line of JSON.
  public var json: String {
    get throws { try Record.json(self) }
  }
}

extension Comparison {
  /// Summarises the groups, and tests whether one's fitness is greater than the others'.
  ///
  /// - Parameters:
  ///   - reference: the group to test, by its name or the beginning of it; nil for the first.
  ///   - test: by which test.
  ///   - fitness: by which of every run's.
  /// - Throws: ``ComparisonError`` if there is no such group, or the test cannot be made.
  public func report(
    reference: String? = nil, test: TestChoice = .auto, fitness: FitnessChoice = .best
  ) throws(ComparisonError) -> ComparisonReport {
    guard let first = groups.first else { throw .noRuns }
    let chosen = if let reference { try group(named: reference) } else { first }
    var tests: [ComparisonReport.Test] = []
    for other in groups where other != chosen {
      tests.append(try chosen.isGreater(than: other, by: test, comparing: fitness))
    }
    var shown: [ComparisonReport.Group] = []
    for group in groups {
      if let figures = try ComparisonReport.Group(group, fitness) { shown.append(figures) }
    }
    return ComparisonReport(fitness: fitness, reference: chosen.label, groups: shown, tests: tests)
  }
}

extension Comparison.Group {
  /// Whether this group's fitness is greater than another's.
  func isGreater(
    than other: Self, by choice: TestChoice, comparing fitness: FitnessChoice
  ) throws(ComparisonError) -> ComparisonReport.Test {
    let isPaired = seeds == other.seeds
    if choice == .wilcoxon && !isPaired {
      throw .unpaired(first: label, firstSeeds: seeds, second: other.label, secondSeeds: other.seeds)
    }
    let test: TestChoice = choice == .auto ? (isPaired ? .wilcoxon : .mannWhitney) : choice
    let (own, others) = (try self.fitness(fitness), try other.fitness(fitness))
    let result =
      test == .wilcoxon
      ? RankTest.wilcoxonSignedRank(zip(own, others).map { ($0, $1) })
      : RankTest.mannWhitney(own, others)
    return ComparisonReport.Test(
      greater: label, than: other.label, test: test.rawValue, statistic: result?.statistic,
      pValue: result?.pValue, smallestPValue: result?.smallestPValue)
  }
}

extension ComparisonReport.Group {
  init?(_ group: Comparison.Group, _ fitness: FitnessChoice) throws(ComparisonError) {
    guard let summary = SampleSummary(try group.fitness(fitness)) else { return nil }
    self.init(
      label: group.label,
      runs: group.runs.map {
        .init(
          folder: $0.folder, seed: $0.settings.seed, bestSoFar: $0.bestSoFar,
          heldOutFitness: $0.heldOut?.fitness)
      },
      mean: summary.mean, standardDeviation: summary.count > 1 ? summary.standardDeviation : nil,
      least: summary.least, best: summary.greatest)
  }
}

// MARK: For people

extension ComparisonReport {
  /// What the held-out fitness is a mean of.
  private var heldOutTitle: String {
    let counts = groups.flatMap(\.runs).compactMap(\.heldOutFitness?.count)
    let (least, most) = (counts.min() ?? 0, counts.max() ?? 0)
    let number = least == most ? "\(most)" : "\(least) to \(most)"
    return "fitness of the best networks on held-out draws, means of \(number) evaluations"
  }

  /// A table of the groups, and the tests.
  public var text: String {
    let width = max("group".count, groups.map(\.label.count).max() ?? 0)
    func row(_ label: String, _ values: [String]) -> String {
      label + String(repeating: " ", count: width - label.count)
        + values.map { String(repeating: " ", count: max(1, 12 - $0.count)) + $0 }.joined()
    }
    func number(_ value: Double?) -> String { value.map { String(format: "%.4f", $0) } ?? "-" }
    let rows = groups.map { group in
      row(
        group.label,
        [String(group.runs.count)]
          + [group.mean, group.standardDeviation, group.least, group.best].map(number))
    }
    let title = fitness == .heldOut ? [heldOutTitle] : []
    return (title + [row("group", ["runs", "mean", "st. dev.", "worst", "best"])] + rows + tests.map(\.text))
      .joined(separator: "\n") + "\n"
  }
}

extension ComparisonReport.Test {
  /// The test's result as a line.
  fileprivate var text: String {
    guard let pValue, let smallestPValue else { return "\(greater) > \(than): no difference to test" }
    let name = test == TestChoice.wilcoxon.rawValue ? "Wilcoxon signed-rank" : "Mann-Whitney U"
    let (p, least) = (String(format: "%.4g", pValue), String(format: "%.4g", smallestPValue))
    return "\(greater) > \(than): p = \(p) (\(name), one-sided, exact; "
      + "these samples could not give less than \(least))"
  }
}
