import Foundation
import GRDB
import TestSupport
import Testing

@testable import Engine

/// A record in which numbers are not what they can be.
@Suite struct DamagedRecordTests {
  /// A change of a record that no run makes.
  struct Change: CustomTestStringConvertible, Sendable {
    var sql: String
    /// The runs that read what it changes.
    var runs = Runs.all
    var testDescription: String { sql }

    enum Runs {
      case all
      case finished
      case stopped
    }

    init(_ sql: String, of runs: Runs = .all) {
      (self.sql, self.runs) = (sql, runs)
    }

    /// Replaces a value in the JSON of a key of the run.
    static func run(_ key: String, _ path: String, _ value: String, of runs: Runs = .all) -> Change {
      Change(
        "UPDATE run SET value = json_set(value, '\(path)', \(value)) WHERE key = '\(key)'",
        of: runs)
    }

    /// Replaces a value in the JSON of a column, of one member that has it.
    static func member(_ column: String, _ path: String, _ value: String) -> Change {
      Change(
        "UPDATE member SET \(column) = json_set(\(column), '\(path)', \(value)) WHERE rowid = "
          + "(SELECT max(rowid) FROM member WHERE \(column) IS NOT NULL "
          + "AND interval = (SELECT max(interval) FROM member))"
      )
    }

    static func last(_ column: String, _ value: String) -> Change {
      Change(
        "UPDATE member SET \(column) = \(value) "
          + "WHERE interval = (SELECT max(interval) FROM member) AND member = 3"
      )
    }
  }

  static let changes: [Change] = [
    .run("best", "$.member", "999"), .run("best", "$.member", "-1"), .run("best", "$.interval", "0"),
    .run("best", "$.interval", "9223372036854775807"), .run("best", "$.genome", "json('[9,9]')"),
    .run("best", "$.fitness", "'NaN'"), .run("best", "$.member", "'three'"),
    .member("offspring", "$.base", "999"), .member("offspring", "$.base", "-1"),
    .member("offspring", "$.donor", "999"), .member("offspring", "$.member", "6000"),
    .member("offspring", "$.donated_genes", "json('[0,77]')"),
    .member("offspring", "$.change", "json('{\"fresh_layer\":{\"gene\":400}}')"),
    .member("offspring", "$.genome", "json('[0]')"),
    .last("genome", "'[0,0,0,99]'"), .last("genome", "'[0,-1,0,0]'"), .last("genome", "'[]'"),
    .last("genome", "'{'"), .last("genome", "'[9223372036854775807,0,0,0]'"), .last("genome", "x'ff'"),
    .last("fitness", "9e999"), .last("freshTensors", "-5"), .last("freshTensors", "1 << 40"),
    .last("startCheckpoint", "'../../../etc/passwd'"),
    .last("startCheckpoint", "'checkpoints/interval-001/member-02.safetensors'"),
    .last("startCheckpoint", "'checkpoints/interval-999/member-03.safetensors'"),
    .last("resultCheckpoint", "'attachments/../../x'"), .last("member", "70"), .last("member", "-3"),
    .last("metrics", "'[1]'"), .last("hyperparameters", "'{\"rate\":[]}'"),
    .last("sharing", "'{\"shares\":[\"../x\"],\"releases\":[]}'"),
    .last("interval", "9223372036854775807"), .last("interval", "-1"), .last("interval", "'first'"),
    .init("DELETE FROM member WHERE member = 3"), .init("DELETE FROM member WHERE interval = 1"),
    .init("UPDATE member SET interval = interval + 4000000"),
    .init("UPDATE member SET member = member + 100"),
    .init("DELETE FROM run WHERE key = 'settings'"), .init("DROP TABLE member"),
    .run("settings", "$.method.population_size", "9223372036854775807"),
    .run("settings", "$.method.intervals", "-9223372036854775808"),
    .run("settings", "$.method.tau", "1e308"), .run("settings", "$.retries", "-1"),
    .init("UPDATE run SET value = '{}' WHERE key = 'settings'"),
    .run("searchSpace", "$.genes[0].options", "json('[]')"),
    .init("UPDATE run SET value = '-1' WHERE key = 'largestResult'", of: .stopped),
    .init("UPDATE run SET value = '9223372036854775807' WHERE key = 'largestResult'", of: .stopped),
    .run("measured", "$.total", "'Infinity'", of: .stopped),
    .run("measured", "$.useful", "-1", of: .stopped),
    .run("summary", "$.intervals", "9223372036854775807", of: .finished),
    .run("summary", "$.intervals", "-1", of: .finished),
    .run("summary", "$.best_member", "-1", of: .finished),
    .run("summary", "$.best_interval", "80", of: .finished),
    .run("summary", "$.best_genome", "json('[0,0,0,0,0,0]')", of: .finished),
  ]

  private static func copy(of run: TestRun) throws -> TestRun {
    let path = NSTemporaryDirectory() + "engine-\(UUID().uuidString)"
    try FileManager.default.copyItem(atPath: run.folder.path, toPath: path)
    return try TestRun(path)
  }

  /// What a command over a run's folder came to: nil, or its error.
  private static func failures(_ run: TestRun, _ settings: RunSettings) async -> [(String, any Error)] {
    var found: [(String, any Error)] = []
    func note(_ command: String, _ work: () async throws -> Void) async {
      do { try await work() } catch { found.append((command, error)) }
    }
    await note("dry run") { _ = try run.folder.prune(isDryRun: true) }
    await note("report") {
      _ = try run.folder.readHeldOutEvaluation()
      _ = try run.folder.readSoup()
      try? FileManager.default.removeItem(atPath: run.folder.summary)
      _ = try run.folder.readSummary()
    }
    await note("compare") { _ = try Comparison([ComparedRun(run.folder)]) }
    await note("soup") {
      _ = try await makeSoup(of: run.folder, settings: settings, executor: InProcessExecutor(workers: 1)) {
        _ in
      }
    }
    await note("evaluate") {
      _ = try await evaluateHeldOut(
        run.folder, times: 1, settings: settings, executor: InProcessExecutor(workers: 1)
      ) { _, _, _ in }
    }
    await note("resume") { try await run.run(settings, InProcessExecutor(workers: 2), resumes: true) }
    await note("prune") { _ = try run.folder.prune() }
    return found
  }

  @Test(
    "a record that cannot be true is reported as damaged, and no command traps or removes a checkpoint"
  )
  func changes() async throws {
    let settings = RunSettings.test(seed: 7)
    let finished = try await TestRun.undisturbed(settings)
    let stopped = try await TestRun.stopped(settings, after: 33)
    for change in Self.changes {
      let originals =
        switch change.runs {
        case .all: [finished, stopped]
        case .finished: [finished]
        case .stopped: [stopped]
        }
      for original in originals {
        let run = try Self.copy(of: original)
        let checkpoints = try run.folder.checkpointNames().sorted()
        let database = try DatabaseQueue(path: run.folder.record)
        try await database.write { db in
          try db.execute(sql: change.sql)
          #expect(db.changesCount > 0 || change.sql.hasPrefix("DROP"), "\(change.sql)")
        }
        try database.close()
        let failures = await Self.failures(run, settings)
        let damages = failures.filter {
          if case RunError.recordDamaged(run.folder.record, _) = $0.1 { true } else { false }
        }
        #expect(!damages.isEmpty, "\(change.sql): \(failures)")
        for (command, error) in failures {
          // A run that is not finished has nothing to compare or evaluate.
          let isExpected =
            switch error {
            case RunError.recordDamaged(let file, _): file == run.folder.record
            case RunError.notFinished, RunError.incomplete: true
            default: false
            }
          #expect(isExpected, "\(change.sql): \(command): \(error)")
        }
        // Where a resume or a pruning was possible, the damage was in what it does not read.
        if failures.contains(where: { $0.0 == "resume" }), failures.contains(where: { $0.0 == "prune" }) {
          #expect(try run.folder.checkpointNames().sorted() == checkpoints, "\(change.sql)")
        }
      }
    }
  }

  @Test(
    "a file that is no record is reported as damaged at once",
    arguments: ["text", "pipe", "pipe as journal", "folder as log", "other database"])
  func noRecord(kind: String) throws {
    let run = try TestRun()
    switch kind {
    case "text": try Data("This is no database.".utf8).write(to: URL(fileURLWithPath: run.folder.record))
    case "pipe": #expect(mkfifo(run.folder.record, 0o600) == 0)
    case "pipe as journal":
      _ = try Record(path: run.folder.record)
      #expect(mkfifo("\(run.folder.record)-journal", 0o600) == 0)
    case "folder as log":
      _ = try Record(path: run.folder.record)
      try? FileManager.default.removeItem(atPath: "\(run.folder.record)-wal")
      try FileManager.default.createDirectory(
        atPath: "\(run.folder.record)-wal", withIntermediateDirectories: true)
    default:
      let database = try DatabaseQueue(path: run.folder.record)
      try database.write { db in try db.execute(sql: "CREATE TABLE person (name TEXT)") }
    }
    for work: () throws -> Void in [
      { _ = try run.folder.prune() }, { _ = try ComparedRun(run.folder) },
      { _ = try run.search(.test(), InProcessExecutor(workers: 1), resumes: true) },
    ] {
      let error = #expect(throws: RunError.self) { try work() }
      #expect(error?.description.hasPrefix("\(run.folder.record): the run's record is damaged") == true)
    }
  }
}

/// Reading a record changes nothing, and needs no right to.
@Suite struct ReadingTests {
  /// The text of a report and a comparison.
  private func read(_ folder: RunFolder) throws -> [String] {
    [
      try folder.readSummary(), "\(try folder.readHeldOutEvaluation()?.fitness ?? [])",
      "\(try folder.readSoup()?.members ?? [])", "\(try ComparedRun(folder).bestSoFar)",
    ]
  }

  @Test(
    "report and compare read a run on a disk that cannot be written to", .enabled(if: SmallDisk.isPossible),
    arguments: [true, false])
  func readOnlyDisk(hasLog: Bool) async throws {
    let run = try await TestRun.undisturbed(.test(population: 4, intervals: 2))
    // With somebody at the record, its log stays beside it.
    let reader = hasLog ? try Record(path: run.folder.record) : nil
    if let reader {
      try reader.set(
        "heldOutEvaluation",
        HeldOutEvaluation(
          digest: reader.best()?.digest, fitness: [0.5], searchFitness: 1))
    }
    let expected = try read(run.folder)
    let disk = try SmallDisk()
    let copy = RunFolder(path: "\(disk.path)/run")
    try FileManager.default.createDirectory(atPath: copy.path, withIntermediateDirectories: true)
    let names =
      ["run.sqlite", "summary.txt", "config.yml", "best.safetensors"] + (hasLog ? ["run.sqlite-wal"] : [])
    for name in names where FileManager.default.fileExists(atPath: run.folder.absolute(name)) {
      try FileManager.default.copyItem(atPath: run.folder.absolute(name), toPath: copy.absolute(name))
    }
    #expect(FileManager.default.fileExists(atPath: copy.absolute("run.sqlite-wal")) == hasLog)
    #expect(mount("tmpfs", disk.path, "tmpfs", UInt(MS_REMOUNT | MS_RDONLY), nil) == 0)
    #expect(try read(copy) == expected)
    #expect(try copy.prune(isDryRun: true).names.isEmpty)
    withExtendedLifetime(reader) {}
  }

  @Test("compare reads a record while another process works on it, and leaves its bytes alone")
  func runThatGoesOn() async throws {
    let settings = RunSettings.test(population: 4, intervals: 2)
    let run = try await TestRun.undisturbed(settings)
    let lock = try RunLock(run.folder)
    let before = try Data(contentsOf: URL(fileURLWithPath: run.folder.record))
    _ = try read(run.folder)
    #expect(try Data(contentsOf: URL(fileURLWithPath: run.folder.record)) == before)
    withExtendedLifetime(lock) {}
    let stopped = try await TestRun.stopped(settings, after: 6)
    let writer = try Record(path: stopped.folder.record)
    try writer.change { _ in
      // In the middle of a transaction of somebody else's.
      #expect(throws: RunError.notFinished(folder: stopped.folder.path)) { try ComparedRun(stopped.folder) }
    }
  }
}
