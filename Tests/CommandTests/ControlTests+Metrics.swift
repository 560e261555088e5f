@testable import Engine
import Foundation
import TestSupport
import Testing

extension ControlTests {
  @Test(
    "the return and the steps of an agent's episodes are in the record, in a run's lines and in the report")
  func episodeMetrics() async throws {
    let folder = try TemporaryFolder()
    // An episode of 1,000 control steps ends with the interval, after 50 agent steps.
    try small(
      "examples/cartpole-swingup.yml", to: "small.yml", in: folder,
      ["rl": ["frames_per_interval": "1000", "video": "{keep: false}"]])
    try await finish(startProgram(["run", "small.yml", "-o", "run"], in: folder), in: folder)
    let said = try String(contentsOfFile: folder.file("output"), encoding: .utf8)
    let rows = try Record(path: folder.file("run/run.sqlite")).allMembers()
    #expect(rows.count == 8)
    for row in rows {
      let metrics = try row.decodedMetrics()
      let found = try #require(metrics["episode_return"])
      // The reward of a control step is in 0...1.
      #expect(found > 0 && found < 1000 && metrics["episode_steps"] == 50)
      let line = try #require(
        said.split(separator: "\n").first {
          $0.hasPrefix("  interval \(row.interval) member \(row.member)  ") && $0.contains("fitness")
        })
      #expect(
        line.hasSuffix(" s  episode_return \(String(format: "%.4g", found)), episode_steps 50"), "\(line)")
    }
    let best = try #require(rows.max { $0.fitnessOrNaN < $1.fitnessOrNaN })
    try await finish(startProgram(["report", "run"], in: folder), in: folder)
    let report = try String(contentsOfFile: folder.file("output"), encoding: .utf8)
    let value = try #require(try best.decodedMetrics()["episode_return"])
    #expect(report.contains("\n  episode_return: \(String(format: "%.6g", value))\n"), "\(report)")
    #expect(report.contains("\n  episode_steps: 50\n"), "\(report)")
  }
}
