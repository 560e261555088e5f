import Foundation
import TestSupport
import Testing

extension BinaryTests {
  private static let toyTrainer = URL(fileURLWithPath: #filePath).deletingLastPathComponent()
    .appendingPathComponent("../EngineTests/Fixtures/toy_trainer.py").standardizedFileURL.path

  @Test("compare prints a table or JSON, draws a picture and writes both kinds of curves")
  func compare() throws {
    let folder = try TemporaryFolder()
    for (strategy, seed) in [("pbt-nas", 1), ("random-search", 1)] {
      try folder.write(
        """
        task: program
        program: {command: [python3, \(Self.toyTrainer)]}
        seed: \(seed)
        search: {strategy: \(strategy), population: 4, intervals: 2}
        """, to: "\(strategy).yml")
      let outcome = try call("run", "\(strategy).yml", "--quiet", "-o", strategy, folder: folder)
      #expect(outcome.code == 0, "\(outcome)")
    }
    let table = try call(
      "compare", "pbt-nas", "random-search", "--reference", "random", "--test", "mann-whitney", "--plot",
      "curves.svg", "--csv", "runs.csv", "--curves-csv", "curves.csv", folder: folder)
    #expect(table.code == 0 && table.error.isEmpty, "\(table)")
    let lines = table.output.split(separator: "\n")
    #expect(lines.count == 4 && lines[3].hasPrefix("random-search > pbt-nas: p = "), "\(table.output)")
    let picture = try String(contentsOfFile: folder.file("curves.svg"), encoding: .utf8)
    #expect(picture.hasPrefix("<svg xmlns=") && picture.contains(">pbt-nas (1 run)</text>"))
    #expect(try String(contentsOfFile: folder.file("runs.csv"), encoding: .utf8).hasPrefix("group,seed,"))
    #expect(
      try String(contentsOfFile: folder.file("curves.csv"), encoding: .utf8).hasPrefix("group,interval,"))
    let json = try call("compare", "pbt-nas", "random-search", "--json", folder: folder)
    let parsed = try JSONSerialization.jsonObject(with: Data(json.output.utf8)) as? [String: Any]
    #expect(parsed?["reference"] as? String == "pbt-nas" && (parsed?["groups"] as? [Any])?.count == 2)
    let missing = try call("compare", "pbt-nas", "random-search", "--fitness", "held-out", folder: folder)
    #expect(
      missing.code == 1 && missing.error.contains("pbt-nas; do so by `pbtnas evaluate`"))
    for run in ["pbt-nas", "random-search"] {
      let evaluated = try call("evaluate", run, "--times", "2", folder: folder)
      #expect(evaluated.code == 0 && evaluated.error.isEmpty, "\(evaluated)")
      #expect(evaluated.output.contains("evaluation 2 of 2: fitness "))
      let last = evaluated.output.split(separator: "\n").last ?? ""
      #expect(
        last.hasPrefix("fitness on held-out draws: ") && last.contains(", mean of 2 evaluations, standard"))
      #expect(try call("report", run, folder: folder).output.hasSuffix("best network's \(last)\n"))
    }
    let heldOut = try call("compare", "pbt-nas", "random-search", "--fitness", "held-out", folder: folder)
    #expect(
      heldOut.code == 0
        && heldOut.output.hasPrefix("fitness of the best networks on held-out draws, means of 2 "))
    let never = try call("evaluate", "pbt-nas", "--times", "0", folder: folder)
    #expect(never.code == 64 && never.error.contains("--times must be at least 1, not 0"))
    let unknown = try call("compare", "pbt-nas", "--reference", "random", folder: folder)
    #expect(unknown.code == 1 && unknown.error.contains("no group `random`; the groups are `pbt-nas`"))
  }

  @Test("compare refuses what it cannot draw, and folders without a run")
  func compareRefuses() throws {
    let folder = try TemporaryFolder()
    let plot = try call("compare", folder.path, "--plot", "curves.png", folder: folder)
    #expect(plot.code == 64 && plot.error.contains("ends in .svg, not curves.png"))
    let none = try call("compare", folder.path, folder: folder)
    #expect(none.code == 1 && none.error.contains("\(folder.path) holds no run"))
    let test = try call("compare", folder.path, "--test", "t-test", folder: folder)
    #expect(test.code == 64 && test.error.contains("mann-whitney"))
  }
}
