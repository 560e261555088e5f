import Foundation
import GRDB
import PBTNAS
import Safetensors
import TestSupport
import Testing

@testable import Engine

/// Runs on a file system that is really full: a small one in memory, which only root can mount.
@Suite struct FullDiskTests {
  @Test("what SQLite says of a used-up quota or a failing disk is told without its statements")
  func quota() {
    let error = DatabaseError(
      resultCode: .SQLITE_IOERR_WRITE, message: "disk I/O error", sql: "INSERT INTO event", arguments: nil)
    #expect(
      "\(RunError.told(error, folder: "runs/a"))"
        == "runs/a cannot be written to: the run's record: disk I/O error")
  }

  @Test(
    "that the engine itself has no room for a network is no member's fault",
    .enabled(if: SmallDisk.isPossible, "mounting a small file system needs root"))
  func nobodysFault() throws {
    let disk = try SmallDisk()
    try disk.fill(leaving: 8)
    let length = 100_000
    let error = #expect(throws: SafetensorsError.self) {
      let writer = try SafetensorsWriter(
        path: "\(disk.path)/a.safetensors", tensors: [.init(name: "a", dtype: .float32, shape: [length])],
        metadata: [:])
      try [Float](repeating: 1, count: length).withUnsafeBytes { try writer.write($0) }
      try writer.finish()
    }
    #expect(error.map(Search.isMembersFault) == false)
  }

  @Test(
    .enabled(if: SmallDisk.isPossible, "mounting a small file system needs root"),
    arguments: [0, 24, 48, 64, 88, 112])
  func aRunOnAFullDiskSaysSoStaysReadableAndGoesOn(kibibytes: Int) async throws {
    let settings = RunSettings.test(population: 4, intervals: 4, seed: 7)
    let undisturbed = try await TestRun.undisturbed(settings)
    let expected = try undisturbed.outcome()

    let disk = try SmallDisk()
    let run = try TestRun("\(disk.path)/run")
    try disk.fill(leaving: kibibytes)
    let problem: String
    do {
      try await run.run(settings, InProcessExecutor(workers: 2))
      Issue.record("the disk was never full")
      return
    } catch {
      problem = "\(error)"
    }
    #expect(
      problem.contains("no room left on the disk") && problem.contains("free some and go on"), "\(problem)")
    #expect(problem.contains(run.folder.path) && !problem.contains("SQL"), "\(problem)")
    if case .runFailed(let reason)? = run.seen.last { #expect(reason == problem) }
    let began = run.seen.contains { if case .intervalStarted = $0 { true } else { false } }
    if began {
      // Still full: reading must need no room.
      for row in try Record(path: run.folder.record).allMembers() { #expect(row.failure == nil) }
    }
    try disk.free()
    let exists = FileManager.default.fileExists(atPath: run.folder.record)
    try await run.run(settings, InProcessExecutor(workers: 2), resumes: exists)
    #expect(try run.outcome() == expected)
  }
}
