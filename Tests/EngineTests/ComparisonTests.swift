import Foundation
import PBTNAS
import Statistics
import Testing

@testable import Engine

@Suite final class ComparisonTests {
  /// Their folders stay as long as they do.
  private var kept: [TestRun] = []

  private func run(_ strategy: Strategy, seed: UInt64, _ change: (inout RunSettings) -> Void = { _ in })
    async throws
    -> ComparedRun
  {
    var settings = RunSettings.test(strategy, population: 4, intervals: 2, seed: seed)
    change(&settings)
    let run = try await TestRun.undisturbed(settings)
    kept.append(run)
    return try ComparedRun(run.folder)
  }

  @Test("populations of other sizes are other groups, and every label says how large")
  func populations() async throws {
    let runs = [
      try await run(.pbtNAS, seed: 1), try await run(.pbtNAS, seed: 1) { $0.method.populationSize = 8 },
      try await run(.randomSearch, seed: 1) { $0.method.populationSize = 8 },
    ]
    #expect(
      try Comparison(runs).groups.map(\.label) == [
        "pbt-nas population=4", "pbt-nas population=8", "random-search population=8",
      ])
  }

  @Test(
    "runs are grouped by what they did, their best fitness is the record's, and groups are tested by pairs of seeds"
  )
  func groups() async throws {
    var runs: [ComparedRun] = []
    for seed in UInt64(1)...3 {
      runs.append(try await run(.pbtNAS, seed: seed))
      runs.append(try await run(.randomSearch, seed: 4 - seed))
      runs.append(try await run(.pbtNAS, seed: seed) { $0.method.lambda = 1 })
    }
    let comparison = try Comparison(runs)
    #expect(comparison.groups.map(\.label) == ["pbt-nas lambda=0.4", "random-search", "pbt-nas lambda=1.0"])
    for group in comparison.groups {
      #expect(group.runs.map(\.settings.seed) == [1, 2, 3])
      for run in group.runs {
        let fitness = try Record(path: RunFolder(path: run.folder).record).allMembers()
        #expect(run.bestSoFar[0] == fitness.filter { $0.interval == 1 }.compactMap(\.fitness).max())
        #expect(run.bestSoFar[1] == fitness.compactMap(\.fitness).max())
      }
      #expect(group.best == group.runs.map { $0.bestSoFar[1] })
    }
    let report = try comparison.report()
    for (shown, group) in zip(report.groups, comparison.groups) {
      let mean = group.best.reduce(0, +) / 3
      let squares = group.best.reduce(0) { $0 + pow($1 - mean, 2) }
      #expect(shown.label == group.label && shown.mean == mean)
      #expect(abs(try #require(shown.standardDeviation) - (squares / 2).squareRoot()) < 1e-15)
      #expect(shown.least == group.best.min() && shown.best == group.best.max())
    }
    #expect(report.tests.map(\.test) == ["wilcoxon", "wilcoxon"])
    let lines = report.text.split(separator: "\n")
    #expect(
      lines.count == 6 && lines[0].hasPrefix("group")
        && lines[4].hasPrefix("pbt-nas lambda=0.4 > random-search: p = "))
    let csv = comparison.csv.split(separator: "\n")
    #expect(csv.count == 1 + 9 * 2 && csv[0] == "group,seed,interval,best_so_far,run")
    #expect(
      csv[2]
        == "pbt-nas lambda=0.4,1,2,\(comparison.groups[0].best[0]),\(comparison.groups[0].runs[0].folder)")
    // Without the same seeds there are no pairs.
    let unpaired = try Comparison(
      runs.filter { $0.settings.seed != 2 || $0.settings.method.strategy == .pbtNAS })
    #expect(try unpaired.report().tests.map(\.test) == ["mann-whitney", "wilcoxon"])
  }

  @Test("mutation that copies the better of two is a group of its own")
  func mutationParents() async throws {
    let runs = [
      try await run(.mutation, seed: 1),
      try await run(.mutation, seed: 1) { $0.method.mutationParent = .tournament },
    ]
    #expect(
      try Comparison(runs).groups.map(\.label) == [
        "mutation mutation.parent=uniform", "mutation mutation.parent=tournament",
      ])
  }

  @Test("any group can be the reference, by a name that fits only it, and any test be chosen")
  func choices() async throws {
    var runs: [ComparedRun] = []
    for seed in UInt64(1)...3 {
      runs.append(try await run(.pbtNAS, seed: seed))
      runs.append(try await run(.randomSearch, seed: seed))
      runs.append(try await run(.pbtNAS, seed: seed + 1) { $0.method.lambda = 1 })
    }
    let comparison = try Comparison(runs)
    #expect(try comparison.report().reference == "pbt-nas lambda=0.4")
    let report = try comparison.report(reference: "rand", test: .mannWhitney)
    #expect(report.reference == "random-search")
    #expect(report.tests.map(\.than) == ["pbt-nas lambda=0.4", "pbt-nas lambda=1.0"])
    for test in report.tests {
      let other = try comparison.group(named: test.than)
      let expected = RankTest.mannWhitney(try comparison.group(named: "random-search").best, other.best)
      #expect(test.test == "mann-whitney" && test.pValue == expected?.pValue)
      #expect(test.statistic == expected?.statistic && test.smallestPValue == expected?.smallestPValue)
    }
    #expect(throws: ComparisonError.unknownGroup("mutation", known: comparison.groups.map(\.label))) {
      try comparison.report(reference: "mutation")
    }
    let ambiguous = #expect(throws: ComparisonError.self) { try comparison.report(reference: "pbt-nas") }
    #expect(ambiguous?.description.contains("`pbt-nas lambda=0.4`, `pbt-nas lambda=1.0`") == true)
    let unpaired = #expect(throws: ComparisonError.self) { try comparison.report(test: .wilcoxon) }
    #expect(unpaired?.description.contains("`pbt-nas lambda=1.0` 2, 3, 4; leave out") == true)
    #expect(throws: ComparisonError.noRuns) { try Comparison([]) }
  }

  @Test("JSON, CSV and the chart say the same as the runs")
  func outputs() async throws {
    var runs: [ComparedRun] = []
    for seed in UInt64(1)...2 { runs.append(try await run(.pbtNAS, seed: seed)) }
    runs.append(try await run(.randomSearch, seed: 1))
    let comparison = try Comparison(runs)
    struct Parsed: Decodable {
      struct Group: Decodable {
        var label: String
        var mean: Double
        var standardDeviation: Double?
        var runs: [Run]
      }
      struct Run: Decodable {
        var seed: UInt64
        var bestSoFar: [Double]
      }
      var reference: String
      var groups: [Group]
    }
    let json = try comparison.report().json
    #expect(!json.contains("\n"))
    let parsed: Parsed = try Record.parse(json)
    #expect(parsed.reference == "pbt-nas" && parsed.groups.map(\.label) == ["pbt-nas", "random-search"])
    #expect(parsed.groups[0].runs.map(\.bestSoFar) == runs.prefix(2).map(\.bestSoFar))
    #expect(parsed.groups[0].runs.map(\.seed) == [1, 2] && parsed.groups[0].standardDeviation != nil)
    #expect(parsed.groups[1].mean == runs[2].best && parsed.groups[1].standardDeviation == nil)
    let rows = comparison.curvesCSV.split(separator: "\n").map {
      $0.split(separator: ",", omittingEmptySubsequences: false)
    }
    #expect(rows.count == 1 + 2 * 2 && rows.allSatisfy { $0.count == 7 })
    let chart = comparison.chart()
    let range = comparison.chart(band: .range)
    #expect(chart.series.map(\.name) == ["pbt-nas (2 runs)", "random-search (1 run)"])
    for interval in 0...1 {
      let values = runs.prefix(2).map { $0.bestSoFar[interval] }
      let mean = (values[0] + values[1]) / 2
      // Of two values, the standard deviation with n - 1 is their distance over the root of 2.
      let deviation = abs(values[0] - values[1]) / 2.0.squareRoot()
      #expect(Double(rows[1 + interval][3]) == mean)
      #expect(abs(try #require(Double(rows[1 + interval][4])) - deviation) < 1e-15)
      #expect(rows[3 + interval][4].isEmpty && Double(rows[3 + interval][3]) == runs[2].bestSoFar[interval])
      let point = chart.series[0].points[interval]
      #expect(point.x == Double(interval + 1) && point.y == mean)
      #expect(abs(try #require(point.band).upperBound - mean - deviation) < 1e-15)
      #expect(range.series[0].points[interval].band == (values.min() ?? 0)...(values.max() ?? 0))
      #expect(chart.series[1].points[interval].band == nil)
    }
  }

  @Test("groups that search other hyperparameters, or in other ranges, are told apart by what differs")
  func hyperparameters() async throws {
    let rate = Hyperparameter(name: "rate", .range(low: 0.1, high: 2, scale: .log))
    let momentum = Hyperparameter(name: "momentum", .list([0.5, 0.9]))
    var narrow = rate
    narrow.domain = .range(low: 0.5, high: 2, scale: .log)
    var runs: [ComparedRun] = []
    for hyperparameters in [[], [rate], [rate, momentum], [narrow]] {
      runs.append(try await run(.pbtNAS, seed: 1) { $0.method.hyperparameters = hyperparameters })
    }
    #expect(
      try Comparison(runs).groups.map(\.label) == [
        "pbt-nas hyperparameters=none", "pbt-nas hyperparameters=rate rate[0.1..2.0 log x[0.8, 1.2]] 0.25",
        "pbt-nas hyperparameters=momentum+rate",
        "pbt-nas hyperparameters=rate rate[0.5..2.0 log x[0.8, 1.2]] 0.25",
      ])
  }

  @Test("runs whose trained networks' settings differ are not taken for seeds of one search")
  func taskSettings() async throws {
    var runs: [ComparedRun] = []
    for (seed, rate) in [(UInt64(1), "1e-3"), (2, "1e-3"), (1, "2e-3")] {
      let settings = RunSettings.test(population: 4, intervals: 1, seed: seed)
      let run = try await TestRun.undisturbed(settings)
      kept.append(run)
      try "task: toy\nseed: \(seed)\ntoy: {size: 3, rate: {first: \(rate)}}\nworkers: {count: \(seed)}\n"
        .write(toFile: run.folder.configuration, atomically: true, encoding: .utf8)
      runs.append(try ComparedRun(run.folder))
    }
    let comparison = try Comparison(runs)
    #expect(comparison.groups.map(\.label) == ["pbt-nas toy.rate.first=1e-3", "pbt-nas toy.rate.first=2e-3"])
    #expect(comparison.groups.map(\.seeds) == [[1, 2], [1]])
  }

  @Test("the record says what was trained, whatever stands in the run's settings file later")
  func recordedTaskSettings() async throws {
    var runs: [ComparedRun] = []
    for (seed, rate) in [(UInt64(1), "0.001"), (2, "0.001"), (1, "0.002")] {
      var settings = RunSettings.test(population: 4, intervals: 1, seed: seed)
      settings.taskSettings = ["toy.rate": rate]
      let run = try await TestRun.undisturbed(settings)
      kept.append(run)
      try "task: toy\ntoy: {rate: \(seed)}\n"
        .write(toFile: run.folder.configuration, atomically: true, encoding: .utf8)
      runs.append(try ComparedRun(run.folder))
    }
    #expect(
      try Comparison(runs).groups.map(\.label) == ["pbt-nas toy.rate=0.001", "pbt-nas toy.rate=0.002"])
  }

  @Test("what cannot be compared fairly is refused with both runs' names")
  func refused() async throws {
    let first = try await run(.pbtNAS, seed: 1)
    let longer = try await run(.randomSearch, seed: 1) { $0.method.intervals = 3 }
    let same = try await run(.pbtNAS, seed: 1)
    for (other, says) in [(longer, "search.intervals 2"), (same, "the same seed, 1")] {
      let error = #expect(throws: ComparisonError.self) { try Comparison([first, other]) }
      let text = error?.description ?? ""
      #expect(text.contains(says) && text.contains(first.folder) && text.contains(other.folder), "\(text)")
    }
    let empty = try TestRun()
    #expect(throws: RunError.noRun(folder: empty.folder.path)) { try ComparedRun(empty.folder) }
    let stopped = try await TestRun.stopped(.test(), after: 6)
    #expect(throws: RunError.notFinished(folder: stopped.folder.path)) { try ComparedRun(stopped.folder) }
  }

  @Test("settings of records from before there were heartbeats and storage settings are read with defaults")
  func oldSettings() throws {
    let settings = RunSettings.test(seed: 9)
    let text = try Record.json(settings)
    #expect(try Record.parse(text) == settings)
    let old = text.replacing(/"heartbeat_timeout":[0-9.]+,/, with: "").replacing(
      /,"storage":\{[^}]*\}/, with: "")
    #expect(!old.contains("heartbeat") && !old.contains("storage"))
    #expect(try Record.parse(old) == settings)
  }
}
