import Foundation
import PBTNAS
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
      let mean = group.best.reduce(0, +) / 3
      #expect(group.mean == mean)
      #expect(
        abs(group.standardDeviation - (group.best.map { pow($0 - mean, 2) }.reduce(0, +) / 2).squareRoot())
          < 1e-15)
    }
    #expect(comparison.test(against: comparison.groups[1])?.name == "Wilcoxon signed-rank")
    let lines = comparison.text.split(separator: "\n")
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
    #expect(unpaired.test(against: unpaired.groups[1])?.name == "Mann-Whitney U")
  }

  @Test("what cannot be compared fairly is refused with both runs' names")
  func refused() async throws {
    let first = try await run(.pbtNAS, seed: 1)
    let longer = try await run(.randomSearch, seed: 1) { $0.method.intervals = 3 }
    let same = try await run(.pbtNAS, seed: 1)
    for (other, says) in [(longer, "search.intervals 2"), (same, "the same seed, 1")] {
      let error = #expect(throws: RunError.self) { try Comparison([first, other]) }
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
