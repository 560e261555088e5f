import Foundation
import PBTNAS
import Safetensors
import Synchronization
import Testing

@testable import Engine

/// Files that all members of a run share.
@Suite struct SharedAttachmentTests {
  private typealias Change = SharedAttachments.Change

  private static func change(_ shares: [String], releasing releases: [String] = []) throws -> Change {
    try #require(
      Change(
        TrainingResult(
          fitness: 0, metrics: [:], files: [], seconds: 0, shares: shares, releases: releases)))
  }

  @Test(
    "names are in the order of intervals and members, and go when every member with a result releases them")
  func list() throws {
    var list = SharedAttachments()
    list.apply([try Self.change(["a"]), try Self.change(["b", "c"])], trained: 2)
    #expect(list.generations == [["a", "b", "c"]])
    // A name that is there already, or twice, is not listed again.
    list.apply([try Self.change(["d", "a"], releasing: ["a", "b"]), try Self.change(["d"])], trained: 2)
    #expect(list.generations == [["a", "b", "c"], ["d"]])
    // A member without a change has released nothing.
    list.apply([try Self.change([], releasing: ["a"]), try Self.change([], releasing: ["a"])], trained: 3)
    #expect(list.generations == [["a", "b", "c"], ["d"]])
    list.apply(
      [try Self.change([], releasing: ["a", "d", "d"]), try Self.change([], releasing: ["d"])], trained: 2)
    #expect(list.generations == [["a", "b", "c"]])
    // It may be added again.
    list.apply([try Self.change(["d"], releasing: ["b", "x"])], trained: 1)
    #expect(list.generations == [["a", "c"], ["d"]] && list.names == ["a", "c", "d"])
    #expect(Change(TrainingResult(fitness: 0, metrics: [:], files: [], seconds: 0)) == nil)
  }

  /// Executors that note what training jobs are told, by the checkpoints that they write.
  private final class Told: Sendable {
    let lists = Mutex<[String: [[String]]]>([:])

    func executor(workers: Int, order: UInt64 = 0, failing: String? = nil) -> InProcessExecutor {
      InProcessExecutor(workers: workers, order: order, attaches: .shared) { job, _ in
        guard case .train(let job) = job else { return nil }
        self.lists.withLock { $0[job.output] = job.sharedAttachments ?? [] }
        return failing.map(job.output.contains) == true ? JobFailed("no") : nil
      }
    }
  }

  @Test("in an interval every member is told what all members added before, whoever trains first or fails")
  func everybodyIsTold() async throws {
    let settings = RunSettings.test(intervals: 5, seed: randomSeed())
    let (run, told) = (try TestRun(), Told())
    try await run.run(settings, told.executor(workers: 3, failing: "interval-002/member-05"))
    let rows = try Record(path: run.folder.record).allMembers()
    var (expected, before): ([[String]], [String]) = ([], [])
    for interval in 1...5 {
      let members = rows.filter { $0.interval == interval }
      let lists = told.lists.withLock { lists in
        lists.filter { $0.key.contains("interval-00\(interval)/") }.map(\.value)
      }
      #expect(lists.count == 8 && Set(lists).count == 1 && lists[0] == expected, "interval \(interval)")
      let added = try members.compactMap { try $0.decodedSharing()?.shares }
      #expect(added.count == (interval == 2 ? 7 : 8) && added.allSatisfy { $0.count == 1 })
      // Of what they were told, all release all but the last twelve.
      let released = Set(before.dropLast(12))
      expected = expected.map { $0.filter { !released.contains($0) } }.filter { !$0.isEmpty }
      expected.append(Array(added.joined()))
      before = Array(expected.joined())
    }
    #expect(rows.filter { $0.failure != nil }.count == 1)
    // No checkpoint lists them.
    #expect(try Checkpoint(path: run.folder.absolute(rows[39].end.name)).attachments.isEmpty)
  }

  @Test("one worker and three, in any order, come to the same", arguments: [Strategy.pbtNAS, .randomSearch])
  func workers(strategy: Strategy) async throws {
    let settings = RunSettings.test(strategy, seed: randomSeed())
    let runs = try (0..<2).map { _ in try TestRun() }
    for (index, run) in runs.enumerated() {
      try await run.run(settings, Told().executor(workers: [1, 3][index], order: UInt64(index)))
    }
    #expect(try runs[0].outcome() == runs[1].outcome())
    // Nobody shares: another result.
    let alone = try await TestRun.undisturbed(settings, attaches: .some)
    #expect(try alone.outcome().checkpoints != runs[0].outcome().checkpoints)
  }

  private func resume(_ run: TestRun, _ settings: RunSettings) async throws {
    try await run.run(settings, InProcessExecutor(workers: 2, attaches: .shared), resumes: true)
  }

  @Test("a run that stops again and again ends like one that was not stopped")
  func resumes() async throws {
    let settings = RunSettings.test(intervals: 5, seed: randomSeed())
    let undisturbed = try await TestRun.undisturbed(settings, attaches: .shared)
    let run = try await TestRun.stopped(settings, after: 9, attaches: .shared)
    for jobs in [5, 9, 7, 6] {
      let full = InProcessExecutor(workers: 2, attaches: .shared) { _, number in
        number >= jobs ? JobFailed("no room left", isDiskFull: true) : nil
      }
      await #expect(throws: (any Error).self) { try await run.run(settings, full, resumes: true) }
    }
    try await resume(run, settings)
    #expect(try run.outcome() == undisturbed.outcome())
    #expect(!run.seen.contains { if case .checkpointDamaged = $0 { true } else { false } })
  }

  @Test(
    "a damaged one is made again by the member that added it, with the same bytes", arguments: 0..<4)
  func damaged(turn: Int) async throws {
    let seed = randomSeed()
    var random = SeededGenerator(seed: seed)
    let settings = RunSettings.test([.pbtNAS, .mutation][turn % 2], intervals: 5, seed: seed)
    let undisturbed = try await TestRun.undisturbed(settings, attaches: .shared)
    let run = try await TestRun.stopped(settings, after: 19 + random.below(27), attaches: .shared)
    let record = try Record(path: run.folder.record)
    let interval = try #require(try record.lastInterval())
    // Where all members have finished the interval, the next one may do without some of what they shared.
    let isNeeded = try record.allMembers().contains { $0.interval == interval && $0.fitness == nil }
    // What the interval's members share is there, and one of it is damaged for sure.
    let names = try record.sharedAttachments(in: interval).names
    let present = try run.attachmentNames()
    #expect(!names.isEmpty && names.allSatisfy(present.contains))
    var damaged: Set<String> = []
    for (index, name) in names.shuffled(using: &random).enumerated()
    where index == 0 || random.uniform() < 0.2 {
      let kind = DamageTests.Damage.allCases[(turn + index) % 4]
      try DamageTests.damage("\(run.folder.path)/attachments/\(name)", kind, &random)
      damaged.insert(name)
    }
    try await resume(run, settings)
    #expect(try run.outcome() == undisturbed.outcome())
    let restored = run.seen.compactMap { event in
      if case .checkpointRestored(let file, true) = event { file } else { nil }
    }
    for name in damaged where isNeeded {
      // Who trains the member that added it, for the sake of a descendant, has made it again already.
      let sharer = try #require(try record.sharer(of: name))
      let makes = ["attachments/\(name)", sharer.end.name]
      #expect(makes.contains(where: restored.contains), "\(name), seed \(seed)")
    }
    for name in try run.attachmentNames() {
      let path = "\(run.folder.path)/attachments/\(name)"
      #expect(FileDigests().damage(of: path, expected: AttachmentFolder.digest(in: name)) == nil)
    }
    #expect(!run.seen.contains { if case .checkpointRestored(_, false) = $0 { true } else { false } })
  }

  @Test("a run that has lost all of them, with or without its checkpoints, makes them again from seeds")
  func allLost() async throws {
    let settings = RunSettings.test(intervals: 5, seed: randomSeed())
    let undisturbed = try await TestRun.undisturbed(settings, attaches: .shared)
    for lost in [["attachments"], ["attachments", "checkpoints"]] {
      let run = try await TestRun.stopped(settings, after: 42, attaches: .shared)
      for folder in lost { try FileManager.default.removeItem(atPath: "\(run.folder.path)/\(folder)") }
      try await resume(run, settings)
      #expect(try run.outcome() == undisturbed.outcome())
    }
  }

  @Test("exactly those stay that kept intervals' members share, and a finished run's can be pruned")
  func pruning() async throws {
    let settings = RunSettings.test(intervals: 6, seed: randomSeed())
    let run = try await TestRun.stopped(settings, after: 58, attaches: .shared)
    let record = try Record(path: run.folder.record)
    let interval = try #require(try record.lastInterval())
    let pruned = try run.folder.prune()
    #expect(!pruned.names.isEmpty)
    let needed = try record.sharedAttachments(neededIn: interval...interval)
    #expect(try Set(run.attachmentNames().map { "attachments/\($0)" }) == needed)
    try await resume(run, settings)
    let undisturbed = try await TestRun.undisturbed(settings, attaches: .shared)
    #expect(try run.outcome() == undisturbed.outcome())
    // 8 more in each of 6 intervals; what the fifth's members released is gone: all but 12 of its 28.
    #expect(try run.attachmentNames().count == 28)
    _ = try run.folder.prune()
    #expect(try run.attachmentNames().isEmpty)
  }

  @Test("a member whose trainer shares what is not there ranks last, and adds nothing")
  func lostByTrainer() async throws {
    let run = try TestRun()
    try await run.run(
      .test(intervals: 2, seed: randomSeed()),
      InProcessExecutor(workers: 2, attaches: .lostShared("interval-001/member-03")))
    let record = try Record(path: run.folder.record)
    let rows = try record.members(interval: 1)
    #expect(rows.filter { $0.failure != nil }.map(\.member) == [3])
    #expect(rows[3].failure?.contains("its attachment") == true && rows[3].sharing == nil)
    #expect(try record.sharedAttachments(in: 2).names.count == 7)
  }

  @Test("a record that was begun before there were shared attachments is read")
  func oldRecord() async throws {
    let settings = RunSettings.test(seed: randomSeed())
    let run = try await TestRun.stopped(settings, after: 20)
    let record = try Record(path: run.folder.record)
    try await record.database.write { db in
      try db.execute(
        sql: """
          DROP INDEX memberSharing; ALTER TABLE member DROP COLUMN sharing;
          DELETE FROM grdb_migrations WHERE identifier LIKE '4:%'
          """)
    }
    try await run.run(settings, InProcessExecutor(workers: 2), resumes: true)
    let undisturbed = try await TestRun.undisturbed(settings)
    #expect(try run.outcome() == undisturbed.outcome())
  }
}
