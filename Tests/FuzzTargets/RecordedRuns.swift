import Engine
import Foundation
import GRDB
import Synchronization

/// A finished run and one that was stopped, made once in a process, whose records are then edited.
struct RecordedRuns: Sendable {
  let finished: RecordedRun
  let stopped: RecordedRun

  /// Nil where they cannot be made.
  static let shared = try? RecordedRuns()

  private init() throws {
    finished = try RecordedRun(jobs: .max)
    stopped = try RecordedRun(jobs: 10)
  }
}

/// The files of a small run, by their names in its folder.
struct RecordedRun: Sendable {
  let files: [String: Data]
  /// The bytes of its record.
  let record: Data

  /// Runs a search that does so many jobs at most.
  init(jobs: Int) throws {
    let scratch = try ScratchFolder()
    let folder = RunFolder(path: "\(scratch.path)/run")
    let settings = "\(scratch.path)/config.yml"
    try Data("task: toy\n".utf8).write(to: URL(fileURLWithPath: settings))
    try folder.create(configuration: settings)
    let left = Countdown(jobs)
    let workers = ToyWorkers { _ in try left.next() }
    try? waitFor {
      let search = try Search(folder, ToyWorkers.settings, executor: workers, resumes: false) { _ in }
      _ = try await search.run()
    }
    // The record's log goes into the record's file.
    let database = try DatabaseQueue(path: folder.record)
    try database.writeWithoutTransaction { _ = try $0.checkpoint(.truncate) }
    try database.close()
    record = try Data(contentsOf: URL(fileURLWithPath: folder.record))
    var files: [String: Data] = [:]
    for name in try FileManager.default.subpathsOfDirectory(atPath: folder.path)
    where !name.hasPrefix("run.sqlite") && name != ".lock" {
      // Of a folder there are no contents.
      files[name] = FileManager.default.contents(atPath: "\(folder.path)/\(name)")
    }
    self.files = files
  }

  /// Writes the files into a folder, with another record.
  func write(to folder: String, record: Data) throws {
    let manager = FileManager.default
    try manager.createDirectory(atPath: folder, withIntermediateDirectories: true)
    for (name, data) in files {
      let url = URL(fileURLWithPath: "\(folder)/\(name)")
      if name.contains("/") {
        try manager.createDirectory(at: url.deletingLastPathComponent(), withIntermediateDirectories: true)
      }
      try data.write(to: url)
    }
    try record.write(to: URL(fileURLWithPath: "\(folder)/run.sqlite"))
  }
}

/// Ends a search after so many jobs.
final class Countdown: Sendable {
  private let left: Mutex<Int>

  init(_ count: Int) { left = Mutex(count) }

  /// Counts a job.
  ///
  /// - Throws: `JobFailed`, as where the disk is full, which stops a search, if there have been enough.
  func next() throws {
    let isOver = left.withLock { left in
      left -= 1
      return left < 0
    }
    if isOver { throw JobFailed("enough", isDiskFull: true) }
  }
}

/// Waits for work from a function that is not asynchronous, as a fuzzer's callback is not.
func waitFor(_ work: @escaping @Sendable () async throws -> Void) throws {
  let result = Mutex<Result<Void, any Error>?>(nil)
  let done = DispatchSemaphore(value: 0)
  Task.detached {
    let outcome: Result<Void, any Error>
    do { outcome = .success(try await work()) } catch { outcome = .failure(error) }
    result.withLock { $0 = outcome }
    done.signal()
  }
  done.wait()
  try result.withLock { $0 }?.get()
}
