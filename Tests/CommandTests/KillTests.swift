@testable import Engine
import Foundation
import TestSupport
import Testing

/// Real processes that are killed by `kill -9`, at any time.
@Suite struct KillTests {
  private static let trainer = URL(fileURLWithPath: #filePath).deletingLastPathComponent()
    .appendingPathComponent("../EngineTests/Fixtures/toy_trainer.py").standardizedFileURL.path

  /// The processes that a process has started.
  private func children(of process: Process) throws -> [pid_t] {
    let pid = process.processIdentifier
    let tasks = try FileManager.default.contentsOfDirectory(atPath: "/proc/\(pid)/task")
    return tasks.flatMap { task in
      // A thread that has just ended has no children.
      let text = (try? String(contentsOfFile: "/proc/\(pid)/task/\(task)/children", encoding: .utf8)) ?? ""
      return text.split(separator: " ").compactMap { pid_t($0) }
    }
  }

  /// Waits until a process is over, or the time is: how long that was, in seconds.
  private func wait(for process: Process, atMost seconds: Double) -> Double {
    let begin = ContinuousClock.now
    while true {
      let lasted = (ContinuousClock.now - begin) / .seconds(1)
      guard process.isRunning && lasted < seconds else { return lasted }
      Thread.sleep(forTimeInterval: 0.001)
    }
  }

  /// Members without what a clock decides, and the bytes that a user takes away.
  private func outcome(_ run: String, in folder: TemporaryFolder) throws -> ([Record.Row], Data) {
    let rows = try Record(path: folder.file("\(run)/run.sqlite")).allMembers().map { row in
      var row = row
      row.seconds = nil
      row.metrics = nil
      return row
    }
    return (rows, try Data(contentsOf: URL(fileURLWithPath: folder.file("\(run)/best.safetensors"))))
  }

  @Test(
    "a run whose engine, workers or both are killed 40 times at random instants ends like one that was not")
  func killed() throws {
    let folder = try TemporaryFolder()
    try folder.write(
      """
      task: program
      seed: 11
      search: {population: 6, intervals: 5}
      workers: {count: 2, retries: 50}
      program: {command: [python3, \(Self.trainer), --seconds, "0.02"]}
      """, to: "toy.yml")
    let calm = try startProgram(["run", "toy.yml", "--quiet", "-o", "calm"], in: folder)
    var duration = wait(for: calm, atMost: .infinity)
    let said = try String(contentsOfFile: folder.file("output"), encoding: .utf8)
    try #require(calm.terminationStatus == 0, "\(said)")
    let expected = try outcome("calm", in: folder)
    #expect(expected.0.count == 30 && expected.0.allSatisfy { $0.fitness != nil })

    var kills = 0
    var number = 0
    while kills < 40 {
      number += 1
      let run = "run-\(number)"
      var isWhole = true
      var lasted = 0.0
      var process = try startProgram(["run", "toy.yml", "--quiet", "-o", run], in: folder)
      while true {
        lasted += wait(for: process, atMost: kills < 40 ? .random(in: 0...duration) : .infinity)
        if process.isRunning {
          let kind = kills % 3
          let workers = kind == 0 ? [] : try children(of: process)
          if kind == 1 {
            if let worker = workers.first, kill(worker, SIGKILL) == 0 {
              kills += 1
              isWhole = false
            }
            continue
          }
          kill(process.processIdentifier, SIGKILL)
          for worker in workers { kill(worker, SIGKILL) }
        } else if isWhole {
          // The machine has become faster; a longer wait would hit nothing.
          duration = min(duration, lasted)
        }
        process.waitUntilExit()
        if process.terminationReason == .exit {
          let said = try String(contentsOfFile: folder.file("output"), encoding: .utf8)
          try #require(process.terminationStatus == 0, "\(said)")
          break
        }
        kills += 1
        isWhole = false
        // Killed before there was anything to go on with: from the start.
        let exists = FileManager.default.fileExists(atPath: folder.file("\(run)/run.sqlite"))
        if !exists { try? FileManager.default.removeItem(atPath: folder.file(run)) }
        process = try startProgram(
          exists ? ["resume", run, "--quiet"] : ["run", "toy.yml", "--quiet", "-o", run], in: folder)
      }
      let found = try outcome(run, in: folder)
      #expect(found.0 == expected.0, "\(run)")
      #expect(found.1 == expected.1, "\(run)")
    }
    print("\(kills) kills over \(number) runs of \(duration) s")
  }
}
