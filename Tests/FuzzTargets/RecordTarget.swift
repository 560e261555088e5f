import Engine
import Foundation
import GRDB

extension FuzzTarget {
  /// A run's record, as `report`, `compare`, `prune` and `resume` read it.
  ///
  /// An input is a database file, or edits of a run's record, a line each:
  ///
  /// ```
  /// stopped                                    the run that was stopped, not the finished one
  /// run best {"member":999}                    a value of the table `run`; `NULL` removes it
  /// member 2 1 offspring {"base":9}            a column of an interval's member
  /// event 3 {}                                 an event's details
  /// remove member 2 1                          a member's row
  /// bytes 16 0001                              bytes of the database's file from an offset on, after all
  /// else ```
  static let record = FuzzTarget(name: "record", longestInput: 16384) { input in
    guard let runs = RecordedRuns.shared else { preconditionFailure("the runs to be edited cannot be made") }
    do {
      let scratch = try ScratchFolder()
      // What lies beside a run is none of its readers' business.
      let beside = try scratch.file("beside.safetensors")
      let folder = RunFolder(path: "\(scratch.path)/run")
      if input.starts(with: "SQLite format 3".utf8) {
        try runs.finished.write(to: folder.path, record: Data(input))
      } else {
        let lines = String(decoding: input, as: UTF8.self).split(separator: "\n")
        let run = lines.first == "stopped" ? runs.stopped : runs.finished
        try run.write(to: folder.path, record: run.record)
        let database = try DatabaseQueue(path: folder.record)
        for line in lines.prefix(64) { try? apply(line, to: database) }
        try database.close()
        for line in lines.prefix(64) { try overwrite(line, in: folder.record) }
      }
      readAll(folder)
      precondition(access(beside, F_OK) == 0, "a reader has removed a file outside the run's folder")
    } catch {
      _ = String(describing: error)
    }
  }

  private static func apply(_ line: Substring, to database: DatabaseQueue) throws {
    let parts = line.split(separator: " ", maxSplits: 1, omittingEmptySubsequences: false)
    guard parts.count == 2 else { return }
    let rest = parts[1]
    func words(_ count: Int) -> [String]? {
      let words = rest.split(separator: " ", maxSplits: count - 1, omittingEmptySubsequences: false)
      return words.count == count ? words.map(String.init) : nil
    }
    try database.write { db in
      switch parts[0] {
      case "run":
        guard let words = words(2) else { return }
        try db.execute(sql: "DELETE FROM run WHERE key = ?", arguments: [words[0]])
        guard words[1] != "NULL" else { return }
        try db.execute(
          sql: "INSERT INTO run (key, value) VALUES (?, ?)", arguments: [words[0], value(words[1])])
      case "member":
        guard let words = words(4), try db.columns(in: "member").contains(where: { $0.name == words[2] })
        else { return }
        try db.execute(
          sql: "UPDATE member SET \(words[2].quotedDatabaseIdentifier) = ? WHERE interval = ? AND member = ?",
          arguments: [value(words[3]), value(words[0]), value(words[1])])
      case "event":
        guard let words = words(2) else { return }
        try db.execute(
          sql: "UPDATE event SET details = ? WHERE id = ?", arguments: [value(words[1]), value(words[0])])
      case "remove":
        guard let words = words(3), words[0] == "member" else { return }
        try db.execute(
          sql: "DELETE FROM member WHERE interval = ? AND member = ?",
          arguments: [value(words[1]), value(words[2])])
      default: return
      }
    }
  }

  /// Applies a line `bytes OFFSET HEXADECIMAL`.
  private static func overwrite(_ line: Substring, in file: String) throws {
    let words = line.split(separator: " ")
    guard words.count == 3, words[0] == "bytes", let offset = UInt64(words[1]) else { return }
    var digits = Array(words[2].utf8)
    // A zero more where the last byte has a single digit.
    if !digits.count.isMultiple(of: 2) { digits.append(UInt8(ascii: "0")) }
    let bytes = stride(from: 0, to: digits.count, by: 2).compactMap { place in
      UInt8(String(decoding: digits[place..<place + 2], as: UTF8.self), radix: 16)
    }
    let handle = try FileHandle(forUpdating: URL(fileURLWithPath: file))
    defer { try? handle.close() }
    guard try offset <= handle.seekToEnd() else { return }
    try handle.seek(toOffset: offset)
    try handle.write(contentsOf: bytes)
  }

  /// A column's value: a number where the text is one.
  private static func value(_ text: String) -> DatabaseValue {
    if text == "NULL" { return .null }
    return Int64(text)?.databaseValue ?? Double(text)?.databaseValue ?? text.databaseValue
  }

  private static func readAll(_ folder: RunFolder) {
    attempt { _ = try folder.prune(isDryRun: true) }
    attempt { _ = try folder.readSummary() }
    attempt { _ = try folder.readHeldOutEvaluation() }
    attempt { _ = try folder.readSoup() }
    attempt {
      let run = try ComparedRun(folder)
      let comparison = try Comparison([run, run])
      _ = (comparison.csv, comparison.curvesCSV, comparison.chart().svg)
      _ = try comparison.report().text
    }
    attempt { try resume(folder) }
    attempt { _ = try folder.prune() }
  }
}

/// Resumes a run, with no more jobs than an intact one could still have.
private func resume(_ folder: RunFolder, jobs: Int = 40) throws {
  let left = Countdown(jobs)
  let workers = ToyWorkers { _ in try left.next() }
  let search = try Search(folder, ToyWorkers.settings, executor: workers, resumes: true) { _ in }
  try waitFor { _ = try await search.run() }
}
