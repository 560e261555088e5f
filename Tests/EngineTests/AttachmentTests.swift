import Foundation
import PBTNAS
import Safetensors
import Testing

@testable import Engine

/// Files that checkpoints list because they are too large to be in each.
@Suite struct AttachmentTests {
  private func listed(_ run: TestRun) throws -> Set<String> {
    Set(
      try run.checkpointNames().flatMap {
        try Checkpoint(path: "\(run.folder.path)/checkpoints/\($0)").attachments
      })
  }

  private func resume(_ run: TestRun, _ settings: RunSettings) async throws {
    try await run.run(settings, InProcessExecutor(workers: 2, attaches: .some), resumes: true)
  }

  @Test(
    "damaged attachments are made again with the same bytes, and the run ends as if nothing had been",
    arguments: 0..<4)
  func damaged(turn: Int) async throws {
    let seed = randomSeed()
    var random = SeededGenerator(seed: seed)
    let settings = RunSettings.test([.pbtNAS, .mutation][turn % 2], seed: seed)
    let undisturbed = try await TestRun.undisturbed(settings, attaches: .some)
    let run = try await TestRun.stopped(settings, after: 14 + random.below(22), attaches: .some)
    let names = try run.attachmentNames()
    let before = try names.map { try Data(contentsOf: attachment(run, $0)) }
    for (index, name) in names.enumerated() where index == 0 || random.uniform() < 0.3 {
      try damage(attachment(run, name), DamageTests.Damage.allCases[(turn + index) % 4], &random)
    }
    try await resume(run, settings)
    #expect(try run.outcome() == undisturbed.outcome())
    for case .checkpointRestored(let file, let isIdentical) in run.seen { #expect(isIdentical, "\(file)") }
    for (name, bytes) in zip(names, before) where try run.attachmentNames().contains(name) {
      #expect(try Data(contentsOf: attachment(run, name)) == bytes)
    }
  }

  private func attachment(_ run: TestRun, _ name: String) -> URL {
    URL(fileURLWithPath: "\(run.folder.path)/attachments/\(name)")
  }

  private func damage(_ file: URL, _ kind: DamageTests.Damage, _ random: inout SeededGenerator) throws {
    try DamageTests.damage(file.path, kind, &random)
  }

  @Test("a checkpoint that has lost an attachment is said to be damaged, with the attachment's name")
  func saysWhich() async throws {
    let settings = RunSettings.test(seed: randomSeed())
    // After 8 fresh networks and 8 trainings, in the second interval.
    let run = try await TestRun.stopped(settings, after: 22, attaches: .some)
    let start = try #require(
      try Record(path: run.folder.record).members(interval: 2).first { !$0.isFinished })
    let name = try #require(try Checkpoint(path: run.folder.absolute(start.startCheckpoint)).attachments.last)
    try FileManager.default.removeItem(at: attachment(run, name))
    try await resume(run, settings)
    let reasons = run.seen.compactMap {
      if case .checkpointDamaged(start.startCheckpoint, let reason) = $0 { reason } else { nil }
    }
    #expect(reasons.count == 1 && reasons[0].contains("its attachment `\(name)` is not what the name says"))
    #expect(reasons[0].contains("it cannot be read: No such file or directory"))
  }

  @Test("a run that has lost all attachments, with or without its checkpoints, makes them again from seeds")
  func allLost() async throws {
    let settings = RunSettings.test(seed: randomSeed())
    let undisturbed = try await TestRun.undisturbed(settings, attaches: .some)
    for lost in [["attachments"], ["attachments", "checkpoints"]] {
      let run = try await TestRun.stopped(settings, after: 30, attaches: .some)
      for folder in lost { try FileManager.default.removeItem(atPath: "\(run.folder.path)/\(folder)") }
      try await resume(run, settings)
      #expect(try run.outcome() == undisturbed.outcome())
    }
  }

  @Test("a run with attachments that stops again and again ends like one that was not stopped")
  func resumes() async throws {
    let settings = RunSettings.test(seed: randomSeed())
    let undisturbed = try await TestRun.undisturbed(settings, attaches: .some)
    let run = try await TestRun.stopped(settings, after: 9, attaches: .some)
    for jobs in [5, 9, 7] {
      let full = InProcessExecutor(workers: 2, attaches: .some) { _, number in
        number >= jobs ? JobFailed("no room left", isDiskFull: true) : nil
      }
      await #expect(throws: JobFailed.self) { try await run.run(settings, full, resumes: true) }
    }
    try await resume(run, settings)
    #expect(try run.outcome() == undisturbed.outcome())
    #expect(!run.seen.contains { if case .checkpointDamaged = $0 { true } else { false } })
  }

  @Test("an offspring goes on with its base parent's attachments, without copies")
  func offspring() async throws {
    let settings = RunSettings.test(seed: randomSeed())
    // The second interval's members are known when its first job runs.
    let run = try await TestRun.stopped(settings, after: 19, workers: 1, attaches: .some)
    let record = try Record(path: run.folder.record)
    let ends = try record.members(interval: 1).map(\.end)
    var seen = 0
    for row in try record.members(interval: 2) {
      guard let base = try row.decodedOffspring()?.base else { continue }
      let lists = try [row.start, ends[base]].map {
        try Checkpoint(path: run.folder.absolute($0.name)).attachments
      }
      #expect(lists[0] == lists[1] && lists[0].count == 1)
      seen += 1
    }
    #expect(seen == 2)
  }

  @Test("exactly the attachments stay that a kept checkpoint lists; a killed writer's leftovers go")
  func pruning() async throws {
    let settings = RunSettings.test(intervals: 6, seed: randomSeed())
    let run = try await TestRun.stopped(settings, after: 52, attaches: .some)
    let leftover = attachment(run, "new-4711")
    try Data("half".utf8).write(to: leftover)
    let before = try run.folder.bytes(of: run.folder.checkpointNames())
    let dryRun = try run.folder.prune(isDryRun: true)
    #expect(FileManager.default.fileExists(atPath: leftover.path))
    let pruned = try run.folder.prune()
    #expect(pruned == dryRun)
    #expect(try before - run.folder.bytes(of: run.folder.checkpointNames()) == pruned.bytes)
    #expect(try Set(run.attachmentNames()) == listed(run) && !listed(run).isEmpty)
    try await resume(run, settings)
    #expect(try Set(run.attachmentNames()) == listed(run) && !listed(run).isEmpty)
    let undisturbed = try await TestRun.undisturbed(settings, attaches: .some)
    #expect(try run.outcome() == undisturbed.outcome())
  }

  @Test("the best network's file does without attachments")
  func best() async throws {
    let settings = RunSettings.test(seed: randomSeed())
    let run = try await TestRun.undisturbed(settings, attaches: .some)
    #expect(try Checkpoint(path: run.folder.best).attachments.isEmpty)
    _ = try run.folder.prune()
    #expect(try run.attachmentNames().isEmpty)
    try await resume(run, settings)
  }

  @Test(
    "attachments, a member's own and shared ones, count against the limit on disk use",
    arguments: [ToyTrainer.Attachments.some, .shared])
  func diskLimit(attaches: ToyTrainer.Attachments) async throws {
    var settings = RunSettings.test(seed: randomSeed())
    let undisturbed = try await TestRun.undisturbed(settings)
    settings.storage.diskLimit = 3 * (try undisturbed.folder.bytes(of: undisturbed.folder.checkpointNames()))
    try await TestRun().run(settings, InProcessExecutor(workers: 2))
    let error = await #expect(throws: RunError.self) {
      try await TestRun().run(settings, InProcessExecutor(workers: 2, attaches: attaches))
    }
    guard case .diskLimit? = error else { Issue.record("\(String(describing: error))"); return }
  }

  @Test("a network whose trainer lists an attachment that is not there ranks last")
  func lostByTrainer() async throws {
    let run = try TestRun()
    try await run.run(
      .test(intervals: 2, seed: randomSeed()),
      InProcessExecutor(workers: 2, attaches: .lost("interval-001/member-03")))
    let rows = try Record(path: run.folder.record).members(interval: 1)
    #expect(rows.filter { $0.failure != nil }.map(\.member) == [3])
    #expect(rows[3].failure?.contains("its attachment") == true)
  }

  @Test(
    "a name that is no digest is refused before it becomes a path",
    arguments: [
      "../../etc/passwd", "", "a.b", "0123456789abcdef0123456789abcdef",
      "0123456789ABCDEF0123456789abcdef.x", "0123456789abcdef0123456789abcdef.x/y",
      "0123456789abcdef0123456789abcdef.", "0123456789abcdef0123456789abcdef.a.b",
    ])
  func badName(name: String) throws {
    let run = try TestRun()
    let path = "\(run.folder.path)/checkpoint"
    try writeCheckpoint([], genome: Genome([1]), attachments: [name], to: path)
    let error = #expect(throws: CheckpointError.self) { try Checkpoint(path: path) }
    #expect(error?.reason == .attachmentName(name))
    #expect(error?.description.hasPrefix("\(path): the header lists an attachment `\(name)`") == true)
  }

  @Test("an attachment's name follows from its content")
  func contentAddressed() throws {
    let run = try TestRun()
    let folder = run.folder.attachments
    let names = try ["a", "b", "a"].map { text in
      try folder.add(extension: "txt") { try Data(text.utf8).write(to: URL(fileURLWithPath: $0)) }
    }
    // The digest of "a" by `xxhsum -H2`.
    #expect(names[0] == "a96faf705af16834e6c632b61e964e1f.txt")
    #expect(names[0] == names[2] && names[0] != names[1])
    #expect(try run.attachmentNames() == names.prefix(2).sorted())
    #expect(throws: JobFailed.self) { try folder.add(extension: "txt") { _ in throw JobFailed("no") } }
    #expect(try run.attachmentNames().count == 2)
  }
}
