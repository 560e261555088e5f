import Foundation
import PBTNAS
import Safetensors
import Synchronization
import Testing

@testable import Engine

/// Files of a run that are damaged while nobody looks.
@Suite struct DamageTests {
  enum Damage: CaseIterable {
    case flippedBit
    case cutShort
    case removed
    case emptied
  }

  static func damage(_ path: String, _ damage: Damage, _ random: inout SeededGenerator) throws {
    let url = URL(fileURLWithPath: path)
    var bytes = try Data(contentsOf: url)
    // An exact copy is the same file under another name, which may have been emptied before.
    if bytes.isEmpty { return }
    switch damage {
    case .flippedBit: bytes[random.below(bytes.count)] ^= UInt8(1 << random.below(8))
    case .cutShort: bytes = bytes.prefix(random.below(bytes.count))
    case .emptied: bytes = Data()
    case .removed: return try FileManager.default.removeItem(at: url)
    }
    try bytes.write(to: url)
  }

  private func kinds(_ run: TestRun) -> [String] {
    run.seen.map(\.kind)
  }

  @Test("damaged checkpoints are made again, and the run ends as if nothing had been", arguments: 0..<10)
  func damagedCheckpoints(turn: Int) async throws {
    let seed = randomSeed()
    var random = SeededGenerator(seed: seed)
    let settings = RunSettings.test([.pbtNAS, .mutation][turn % 2], seed: seed)
    let undisturbed = try await TestRun.undisturbed(settings)
    let run = try await TestRun.stopped(settings, after: 12 + random.below(24))
    var damaged = 0
    for name in try run.checkpointNames() where random.uniform() < 0.4 {
      let kind = Damage.allCases[random.below(Damage.allCases.count)]
      try Self.damage("\(run.folder.path)/checkpoints/\(name)", kind, &random)
      damaged += 1
    }
    try await run.run(settings, InProcessExecutor(workers: 2), resumes: true)
    #expect(try run.outcome() == undisturbed.outcome())
    let events = kinds(run)
    let restored = events.count { $0 == "checkpointRestored" }
    #expect(events.count { $0 == "checkpointDamaged" } == restored)
    print("\(damaged) damaged, \(restored) made again")
    for case .checkpointRestored(let file, let isIdentical) in run.seen { #expect(isIdentical, "\(file)") }
  }

  @Test("a run that has lost all its checkpoints makes them again from seeds alone")
  func allLost() async throws {
    let settings = RunSettings.test(seed: randomSeed())
    let undisturbed = try await TestRun.undisturbed(settings)
    let run = try await TestRun.stopped(settings, after: 30)
    try FileManager.default.removeItem(atPath: "\(run.folder.path)/checkpoints")
    try await run.run(settings, InProcessExecutor(workers: 2), resumes: true)
    #expect(try run.outcome() == undisturbed.outcome())
    #expect(kinds(run).contains("checkpointRestored"))
  }

  @Test(
    "a checkpoint that is damaged during the run, before it is used, is made again",
    arguments: Damage.allCases)
  func damagedMeanwhile(kind: Damage) async throws {
    let seed = randomSeed()
    let settings = RunSettings.test(seed: seed)
    let undisturbed = try await TestRun.undisturbed(settings)
    let run = try TestRun()
    let search = try run.search(settings, InProcessExecutor(workers: 2)) { event in
      // The search waits for this, so nobody uses the files meanwhile.
      guard case .bestImproved(_, 2, _) = event else { return }
      var random = SeededGenerator(seed: seed)
      for member in 0..<8 {
        let path = run.folder.absolute(run.folder.result(member: member, interval: 2))
        #expect(throws: Never.self) { try Self.damage(path, kind, &random) }
      }
    }
    _ = try await search.run()
    #expect(try run.outcome() == undisturbed.outcome())
    let improved = run.seen.contains { if case .bestImproved(_, 2, _) = $0 { true } else { false } }
    #expect(kinds(run).contains("checkpointRestored") == improved)
  }

  @Test(
    "a checkpoint that is damaged while its member waits for a worker is made again before anything comes of it",
    arguments: Damage.allCases)
  func damagedWhileWaiting(kind: Damage) async throws {
    let seed = randomSeed()
    let settings = RunSettings.test(seed: seed)
    let undisturbed = try await TestRun.undisturbed(settings)
    let run = try TestRun()
    let begun = Mutex<Set<Int>>([])
    let search = try run.search(settings, InProcessExecutor(workers: 1)) { event in
      // The first of them has begun; all the others have been looked at and wait.
      guard case .memberStarted(let member, 2) = event, begun.withLock({ $0.insert(member).inserted }),
        begun.withLock({ $0.count }) == 1
      else { return }
      #expect(throws: Never.self) {
        var random = SeededGenerator(seed: seed)
        for row in try Record(path: run.folder.record).members(interval: 2) where row.member != member {
          try Self.damage(run.folder.absolute(row.startCheckpoint), kind, &random)
        }
      }
    }
    _ = try await search.run()
    #expect(try run.outcome() == undisturbed.outcome())
    #expect(kinds(run).count { $0 == "checkpointRestored" } >= 7)
    #expect(!kinds(run).contains("memberFailed"))
  }

  @Test(
    "a parent that is damaged while its offspring's fresh network is made is made again first",
    arguments: Damage.allCases)
  func damagedParents(kind: Damage) async throws {
    let seed = randomSeed()
    let settings = RunSettings.test(seed: seed)
    let undisturbed = try await TestRun.undisturbed(settings)
    let run = try TestRun()
    let isDone = Mutex(false)
    let executor = InProcessExecutor(workers: 1) { job, _ in
      guard case .initialise(let job) = job, job.output.contains("interval-002"),
        !isDone.withLock({ done in
          defer { done = true }; return done
        })
      else { return nil }
      #expect(throws: Never.self) {
        var random = SeededGenerator(seed: seed)
        for row in try Record(path: run.folder.record).members(interval: 1) {
          try Self.damage(run.folder.absolute(row.end.name), kind, &random)
        }
      }
      return nil
    }
    try await run.run(settings, executor)
    #expect(try run.outcome() == undisturbed.outcome())
    #expect(kinds(run).contains("checkpointRestored") && isDone.withLock { $0 })
  }

  @Test("a full disk during a repair is told as one, and the run goes on once there is room")
  func fullDiskInRepair() async throws {
    let settings = RunSettings.test(seed: randomSeed())
    let undisturbed = try await TestRun.undisturbed(settings)
    let run = try await TestRun.stopped(settings, after: 30)
    try FileManager.default.removeItem(atPath: "\(run.folder.path)/checkpoints")
    let full = InProcessExecutor(workers: 2) { _, _ in JobFailed("no room left", isDiskFull: true) }
    await #expect(throws: JobFailed("no room left", isDiskFull: true)) {
      try await run.run(settings, full, resumes: true)
    }
    try await run.run(settings, InProcessExecutor(workers: 2), resumes: true)
    #expect(try run.outcome() == undisturbed.outcome())
  }

  @Test(
    "the best network's file is made again if it is damaged, also after the run's end",
    arguments: Damage.allCases)
  func damagedBest(kind: Damage) async throws {
    let settings = RunSettings.test(seed: randomSeed())
    let run = try await TestRun.undisturbed(settings)
    let before = try run.outcome()
    var random = SeededGenerator(seed: 1)
    try Self.damage(run.folder.best, kind, &random)
    try await run.run(settings, InProcessExecutor(workers: 2), resumes: true)
    #expect(try run.outcome() == before)
    #expect(run.seen.contains(.checkpointRestored(file: "best.safetensors", isIdentical: true)))
  }

  @Test("a run that ended between naming a new best network and having its file trains nothing again for it")
  func killedBeforeTheBestIsThere() async throws {
    let settings = RunSettings.test(seed: 5)
    let run = try TestRun()
    let copy = try TestRun()
    let old = Mutex<Data?>(nil)
    let search = try Search(
      run.folder, settings, executor: InProcessExecutor(workers: 2), resumes: false
    ) { event in
      guard case .bestImproved(_, let interval, _) = event, copy.seen.isEmpty else { return }
      #expect(throws: Never.self) {
        let best = try Data(contentsOf: URL(fileURLWithPath: run.folder.best))
        guard let before = old.withLock({ $0 }), interval > 1 else { return old.withLock { $0 = best } }
        // The record has come to the disk, the file's new name has not.
        try WholeRunTests.copy(run.folder.path, to: copy.folder.path)
        try before.write(to: URL(fileURLWithPath: copy.folder.best))
        try best.write(to: URL(fileURLWithPath: copy.folder.newBest))
        copy.events.withLock { $0.append(event) }
      }
    }
    _ = try await search.run()
    let jobs = Mutex(0)
    let executor = InProcessExecutor(workers: 2) { job, _ in
      if case .train = job { jobs.withLock { $0 += 1 } }
      return nil
    }
    guard case .bestImproved(_, let interval, _)? = copy.seen.first else {
      Issue.record("expected the best to improve after the first interval")
      return
    }
    try await copy.run(settings, executor, resumes: true)
    #expect(try copy.outcome() == run.outcome())
    #expect(copy.seen.contains(.checkpointRestored(file: "best.safetensors", isIdentical: true)))
    #expect(jobs.withLock { $0 } == (settings.method.intervals - interval) * settings.method.populationSize)
    #expect(!FileManager.default.fileExists(atPath: copy.folder.newBest))
  }

  @Test("a checkpoint that cannot be made again stops the run with its name")
  func notRestorable() async throws {
    let settings = RunSettings.test(seed: randomSeed())
    let run = try await TestRun.stopped(settings, after: 30)
    try FileManager.default.removeItem(atPath: "\(run.folder.path)/checkpoints")
    let failing = InProcessExecutor(workers: 2) { job, _ in
      if case .initialise = job { JobFailed("the data set is gone") } else { nil }
    }
    let error = await #expect(throws: RunError.self) {
      try await run.run(settings, failing, resumes: true)
    }
    #expect(error?.description.contains("the data set is gone") == true)
    try await run.run(settings, InProcessExecutor(workers: 2), resumes: true)
  }

  @Test("a checkpoint that is made again with other bytes is known by these from then on")
  func otherBytes() async throws {
    let settings = RunSettings.test(population: 4, intervals: 3, seed: randomSeed())
    let run = try TestRun()
    // The third interval's first training finds no room.
    let full = UnsteadyExecutor(
      InProcessExecutor(workers: 1) { job, _ in
        guard case .train(let job) = job, job.output.contains("interval-003") else { return nil }
        return JobFailed("no room left", isDiskFull: true)
      })
    await #expect(throws: JobFailed.self) { try await run.run(settings, full) }
    let record = try Record(path: run.folder.record)
    let lost = try record.members(interval: 3).filter { $0.offspring == nil }.map(\.startCheckpoint)
    try #require(!lost.isEmpty)
    for name in lost { try FileManager.default.removeItem(atPath: run.folder.absolute(name)) }
    try await run.run(settings, UnsteadyExecutor(InProcessExecutor(workers: 2)), resumes: true)
    let again = Set(
      run.seen.compactMap {
        if case .checkpointRestored(let file, isIdentical: false) = $0 { file } else { nil }
      })
    #expect(again == Set(lost))
    #expect(kinds(run).count { $0 == "checkpointDamaged" } == lost.count, "each is damaged only once")
    for row in try record.members(interval: 3) {
      let path = run.folder.absolute(row.end.name)
      #expect(try row.end.digest == FileDigests.compute(path))
    }
    #expect(Set(try record.members(interval: 3).compactMap(\.startDigest)).count == 4)
    let starts = try record.members(interval: 3).filter { lost.contains($0.startCheckpoint) }
    let ends = try record.members(interval: 2)
    for row in starts { #expect(row.startDigest == ends[row.member].end.digest) }
  }

  @Test("what a killed writer left beside the best network's file is removed")
  func leftovers() async throws {
    let settings = RunSettings.test(seed: 1)
    let run = try await TestRun.stopped(settings, after: 30)
    let leftover = "\(run.folder.best).part-4711"
    try Data("half".utf8).write(to: URL(fileURLWithPath: leftover))
    try await run.run(settings, InProcessExecutor(workers: 2), resumes: true)
    #expect(!FileManager.default.fileExists(atPath: leftover))
  }
}

/// Workers whose training never gives the same bytes twice.
private struct UnsteadyExecutor: Executor {
  let workers: InProcessExecutor

  init(_ workers: InProcessExecutor) { self.workers = workers }

  func start(lost: @Sendable (WorkerLost) throws -> Void) async throws -> Announcement {
    try await workers.start(lost: lost)
  }

  func stop() async { await workers.stop() }

  func run(
    _ job: Job, started: @escaping @Sendable () -> Void,
    progress: @escaping @Sendable (TrainingProgress) -> Void
  ) async throws -> FinishedJob {
    let done = try await workers.run(job, started: started, progress: progress)
    if case .train(let job) = job {
      let trained = try SafetensorsFile(path: job.output)
      let writer = try SafetensorsWriter(
        path: job.output,
        tensors: trained.tensors.map { .init(name: $0.name, dtype: $0.dtype, shape: $0.shape) },
        metadata: trained.metadata.merging(["time": UUID().uuidString]) { _, new in new })
      for tensor in trained.tensors { try writer.copy(tensor, of: trained) }
      try writer.finish()
    }
    return done
  }
}
