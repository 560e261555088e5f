import Foundation
@testable import PBTNAS
import Safetensors
import Synchronization
import Testing

@testable import Engine

/// What stays on the disk.
@Suite struct StorageTests {
  private func bytes(_ run: TestRun) throws -> Int {
    try run.checkpointNames().reduce(0) {
      $0 + (try Data(contentsOf: URL(fileURLWithPath: "\(run.folder.path)/checkpoints/\($1)")).count)
    }
  }

  @Test(
    "a run that would need more room than it is given stops with the setting's name, and goes on when it is raised"
  )
  func diskLimit() async throws {
    var settings = RunSettings.test(seed: randomSeed())
    let undisturbed = try await TestRun.undisturbed(settings)
    let oneInterval = try bytes(undisturbed)
    let run = try TestRun()
    settings.storage.diskLimit = oneInterval * 3 / 2
    let error = await #expect(throws: RunError.self) {
      try await run.run(settings, InProcessExecutor(workers: 2))
    }
    #expect(error?.description.contains("over storage.disk_limit") == true)
    #expect(error?.description.contains("pbtnas resume \(run.folder.path)") == true)
    settings.storage.diskLimit = oneInterval * 20
    try await run.run(settings, InProcessExecutor(workers: 2), resumes: true)
    #expect(try run.outcome() == undisturbed.outcome())
  }

  @Test("where room is short, older generations go before the run stops")
  func olderGenerationsGoFirst() async throws {
    var settings = RunSettings.test(intervals: 6, seed: randomSeed())
    let undisturbed = try await TestRun.undisturbed(settings)
    let run = try TestRun()
    settings.storage = StorageSettings(generations: 6, diskLimit: try bytes(undisturbed) * 4)
    try await run.run(settings, InProcessExecutor(workers: 2))
    #expect(try run.outcome() == undisturbed.outcome())
  }

  @Test("as many generations of checkpoints stay as the settings say", arguments: [1, 2, 3])
  func generations(count: Int) async throws {
    var settings = RunSettings.test(intervals: 5, seed: 4)
    settings.storage.generations = count
    settings.storage.slack = .none
    let run = try TestRun()
    let jobs = InProcessExecutor(workers: 1) { job, _ in
      guard case .train(let job) = job, job.output.contains("interval-005") else { return nil }
      return JobFailed("no room left", isDiskFull: true)
    }
    await #expect(throws: JobFailed.self) { try await run.run(settings, jobs) }
    let record = try Record(path: run.folder.record)
    let kept = Set(try (6 - count...5).flatMap { try record.members(interval: $0) }.map(\.startCheckpoint))
    #expect(Set(try run.checkpointNames().map { "checkpoints/\($0)" }) == kept)
  }

  /// The most that checkpoints took whenever a job began.
  private func most(_ run: TestRun, _ settings: RunSettings) async throws -> (files: Int, bytes: Int) {
    let most = Mutex((files: 0, bytes: 0))
    let executor = InProcessExecutor(workers: 1) { [folder = run.folder] _, _ in
      let names = (try? folder.checkpointNames()) ?? []
      most.withLock { $0 = (max($0.files, names.count), max($0.bytes, folder.bytes(of: names))) }
      return nil
    }
    try await run.run(settings, executor)
    return most.withLock { $0 }
  }

  @Test("small superfluous checkpoints may wait for company, but no longer than the slack lasts")
  func slack() async throws {
    var settings = RunSettings.test(intervals: 12, seed: randomSeed())
    settings.storage.slack = .none
    let prompt = try TestRun()
    let least = try await most(prompt, settings)
    settings.storage.slack = .init(files: 30, bytes: .max)
    let run = try TestRun()
    let found = try await most(run, settings)
    #expect(found.files > least.files)
    // Those that were needed when the slack began, its own, those of the interval in which it ended, a fresh network.
    #expect(found.files <= least.files + 30 + 10 + 1)
    #expect(try run.outcome() == prompt.outcome())
    // At the end nothing is left of it.
    #expect(try run.folder.checkpointNames().sorted() == prompt.folder.checkpointNames().sorted())
    settings.storage.slack = .init(files: .max, bytes: least.bytes)
    #expect(try await most(TestRun(), settings).bytes <= 3 * least.bytes)
  }

  @Test("the limit on disk use holds whatever slack there is")
  func slackWithinLimit() async throws {
    var settings = RunSettings.test(intervals: 12, seed: randomSeed())
    settings.storage.slack = .none
    let prompt = try TestRun()
    let limit = try await most(prompt, settings).bytes * 2
    settings.storage.slack = .init(files: .max, bytes: .max)
    #expect(try await most(TestRun(), settings).bytes > limit)
    settings.storage.diskLimit = limit
    let run = try TestRun()
    #expect(try await most(run, settings).bytes <= limit)
    #expect(try run.outcome() == prompt.outcome())
  }

  @Test("pruning keeps what a resume starts from, and of a finished run the best network alone")
  func prune() async throws {
    let settings = RunSettings.test(seed: randomSeed())
    let undisturbed = try await TestRun.undisturbed(settings)
    let run = try await TestRun.stopped(settings, after: 30)
    let before = try (run.checkpointNames(), run.folder.bytes(of: run.folder.checkpointNames()))
    let dryRun = try run.folder.prune(isDryRun: true)
    #expect(try run.checkpointNames() == before.0)
    let pruned = try run.folder.prune()
    #expect(pruned == dryRun && !pruned.names.isEmpty)
    #expect(try run.checkpointNames().count == before.0.count - pruned.names.count)
    #expect(try run.folder.bytes(of: run.folder.checkpointNames()) == before.1 - pruned.bytes)
    try await run.run(settings, InProcessExecutor(workers: 2), resumes: true)
    #expect(try run.outcome() == undisturbed.outcome())
    #expect(!run.seen.contains { if case .checkpointDamaged = $0 { true } else { false } })

    let best = try Data(contentsOf: URL(fileURLWithPath: run.folder.best))
    _ = try run.folder.prune()
    #expect(try run.checkpointNames().isEmpty)
    #expect(try Data(contentsOf: URL(fileURLWithPath: run.folder.best)) == best)
    try await run.run(settings, InProcessExecutor(workers: 2), resumes: true)
  }

  @Test("a finished run whose best network is damaged is not pruned: that is made again from what would go")
  func pruneNeedsTheBest() async throws {
    let settings = RunSettings.test(seed: randomSeed())
    let run = try await TestRun.undisturbed(settings)
    let before = (try run.checkpointNames(), try run.outcome())
    var random = SeededGenerator(seed: 1)
    try DamageTests.damage(run.folder.best, .flippedBit, &random)
    let error = #expect(throws: RunError.self) { try run.folder.prune() }
    #expect(error?.description.contains("\(run.folder.best): its digest is") == true)
    #expect(try run.checkpointNames() == before.0)
    try await run.run(settings, InProcessExecutor(workers: 2), resumes: true)
    _ = try run.folder.prune()
    #expect(try Data(contentsOf: URL(fileURLWithPath: run.folder.best)) == before.1.best)
  }

  @Test("a folder without a run, or with an engine at work, is not pruned")
  func pruneRefuses() async throws {
    let run = try TestRun()
    #expect(throws: RunError.noRun(folder: run.folder.path)) { try run.folder.prune() }
    let search = try run.search(.test(), InProcessExecutor(workers: 1))
    #expect(throws: RunError.inUse(folder: run.folder.path)) { try run.folder.prune() }
    _ = try await search.run()
  }

  @Test("an offspring with its parent's bytes is a second name of its parent's file")
  func hardLink() throws {
    let run = try TestRun()
    let trainer = ToyTrainer()
    let genome = Genome([1, 1, 1, 1])
    func path(_ name: String) -> String { "\(run.folder.path)/\(name)" }
    for (name, seed) in [("base", UInt64(1)), ("donor", 2), ("fresh", 3)] {
      try trainer.initialise(InitialiseJob(genome: genome, seed: seed, output: path(name)))
    }
    func write(_ donated: [Int], to name: String) throws -> ino_t {
      let offspring = Offspring(
        member: 0, base: 1, donor: 2, genome: genome, donatedGenes: donated, change: .mix, freshSeed: 3,
        noiseSeed: 4)
      _ = try writeOffspring(
        offspring, in: trainer.searchSpace, MethodSettings(populationSize: 4, intervals: 2),
        base: Checkpoint(path: path("base")), donor: Checkpoint(path: path("donor")),
        fresh: Checkpoint(path: path("fresh")), to: path(name))
      var status = stat()
      #expect(stat(path(name), &status) == 0)
      return status.st_ino
    }
    var base = stat()
    #expect(stat(path("base"), &base) == 0)
    #expect(try write([], to: "same") == base.st_ino)
    #expect(try write([3], to: "mixed") != base.st_ino)
    // A file that was there before is replaced, not written through.
    #expect(try write([3], to: "same") != base.st_ino)
    #expect(
      try Data(contentsOf: URL(fileURLWithPath: path("base")))
        != Data(contentsOf: URL(fileURLWithPath: path("same"))))
  }

  @Test("bytes are shown with a unit that suits them")
  func shown() {
    #expect(
      [0, 999, 1000, 1_540_000, 999_000_000, 20_000_000_000].map(shownBytes)
        == ["0 bytes", "999 bytes", "1.0 kB", "1.5 MB", "999 MB", "20.0 GB"])
  }
}
