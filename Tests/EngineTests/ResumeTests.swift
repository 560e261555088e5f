import Foundation
import PBTNAS
import Synchronization
import Testing

@testable import Engine

@Suite struct ResumeTests {
  @Test(arguments: [Strategy.pbtNAS, .mutation, .randomSearchShrinkPerturb])
  func anInterruptedRunEndsLikeOneThatWasNot(strategy: Strategy) async throws {
    let seed = randomSeed()
    var random = SeededGenerator(seed: seed)
    let settings = RunSettings.test(strategy, seed: seed)
    let expected = try await TestRun.undisturbed(settings).outcome()
    let run = try TestRun()
    var resumes = false
    var interruptions = 0
    while true {
      let executor = InProcessExecutor(workers: 2, order: random.next())
      let search = try run.search(settings, executor, resumes: resumes)
      let interrupter = Task { [last = random.below(12)] in
        while await executor.count < last { await Task.yield() }
        await search.interrupt()
      }
      defer { interrupter.cancel() }
      do {
        _ = try await search.run()
        break
      } catch is CancellationError {
        interruptions += 1
        #expect(run.seen.last == .interrupted(folder: run.folder.path))
        resumes = FileManager.default.fileExists(atPath: run.folder.record)
      }
      try #require(interruptions < 200)
    }
    print("\(interruptions) interruptions")
    #expect(try run.outcome() == expected)
  }

  @Test func finishedMembersAreNotTrainedAgain() async throws {
    let settings = RunSettings.test(population: 8, intervals: 1)
    let run = try TestRun()
    let trained = Mutex<[String]>([])
    // The fifth member's training fails as on a full disk.
    let executor = InProcessExecutor(workers: 1) { job, _ in
      guard case .train(let job) = job else { return nil }
      return trained.withLock { trained in
        if trained.count == 4 { return JobFailed("no room left", isDiskFull: true) }
        trained.append(job.output)
        return nil
      }
    }
    await #expect {
      try await run.run(settings, executor)
    } throws: {
      ($0 as? JobFailed)?.isDiskFull == true
    }
    let before = trained.withLock { $0 }
    #expect(before.count == 4)
    let second = InProcessExecutor(workers: 1) { job, _ in
      if case .train(let job) = job { trained.withLock { $0.append(job.output) } }
      return nil
    }
    try await run.run(settings, second, resumes: true)
    let all = trained.withLock { $0 }
    #expect(all.count == 8 && Set(all).count == 8)
    #expect(await second.count == 4)
    let expected = try await TestRun.undisturbed(settings).outcome()
    #expect(try run.outcome() == expected)
  }

  @Test func aFullDiskStopsTheRunWhichGoesOnOnceThereIsRoom() async throws {
    let settings = RunSettings.test(seed: randomSeed())
    let expected = try await TestRun.undisturbed(settings).outcome()
    let run = try await TestRun.stopped(settings, after: 20)
    guard case .runFailed(let reason)? = run.seen.last else {
      Issue.record("expected runFailed")
      return
    }
    #expect(reason.contains("no room left"))
    #expect(try Record(path: run.folder.record).events(kind: "runFailed").count == 1)
    try await run.run(settings, InProcessExecutor(workers: 2), resumes: true)
    #expect(try run.outcome() == expected)
  }

  @Test func aRunThatWasMovedGoesOn() async throws {
    let settings = RunSettings.test(seed: randomSeed())
    let expected = try await TestRun.undisturbed(settings).outcome()
    let run = try await TestRun.stopped(settings, after: 20)
    let place = "\(run.folder.path)-moved/"
    try FileManager.default.moveItem(atPath: run.folder.path, toPath: place)
    let moved = try TestRun(place)
    try await moved.run(settings, InProcessExecutor(workers: 2), resumes: true)
    #expect(try moved.outcome() == expected)
  }

  @Test func aFinishedRunIsNotDoneAgain() async throws {
    let run = try TestRun()
    let summary = try await run.run(.test(), InProcessExecutor(workers: 2))
    let text = try run.folder.readSummary()
    let executor = InProcessExecutor(workers: 2)
    let again = try await run.run(.test(), executor, resumes: true)
    #expect(again == summary)
    #expect(await executor.count == 0)
    #expect(try run.folder.readSummary() == text)
    // It is written again from the record where it is gone.
    try FileManager.default.removeItem(atPath: run.folder.summary)
    try await run.run(.test(), InProcessExecutor(workers: 2), resumes: true)
    #expect(try run.folder.readSummary() == text)
  }

  @Test func whatFinishedWorkIsCountedOverAResume() async throws {
    let settings = RunSettings.test(population: 8, intervals: 2)
    let run = try await TestRun.stopped(settings, after: 18, workers: 1)
    let before: RunClock.Measured = try #require(try Record(path: run.folder.record).get("measured"))
    let summary = try await run.run(settings, InProcessExecutor(workers: 1), resumes: true)
    #expect(before.total > 0 && summary.seconds > before.total)
  }

  @Test func aSecondEngineIsRefused() async throws {
    let run = try TestRun()
    let search = try run.search(.test(), InProcessExecutor(workers: 1))
    #expect(throws: RunError.inUse(folder: run.folder.path)) {
      try run.search(.test(), InProcessExecutor(workers: 1), resumes: true)
    }
    _ = try await search.run()
  }

  @Test func aRunIsNotBegunTwiceNorResumedUnbegun() async throws {
    let run = try TestRun()
    #expect(throws: RunError.noRun(folder: run.folder.path)) {
      try run.search(.test(), InProcessExecutor(workers: 1), resumes: true)
    }
    try await run.run(.test(), InProcessExecutor(workers: 1))
    #expect(throws: RunError.exists(folder: run.folder.path)) {
      try run.search(.test(), InProcessExecutor(workers: 1))
    }
  }

  @Test("what a finished run was to remove or write, and ended before, is done when it is asked to go on")
  func unfinishedEnd() async throws {
    let run = try TestRun()
    let summary = try await run.run(.test(), InProcessExecutor(workers: 2))
    let left = run.folder.absolute(run.folder.start(member: 0, interval: 1))
    try FileManager.default.createDirectory(
      atPath: URL(fileURLWithPath: left).deletingLastPathComponent().path, withIntermediateDirectories: true)
    try Data([1]).write(to: URL(fileURLWithPath: left))
    // No text in UTF-8.
    try Data([0xFF, 0xFE]).write(to: URL(fileURLWithPath: run.folder.summary))
    #expect(throws: RunError.self) { try run.folder.readSummary() }
    let again = try await run.run(.test(), InProcessExecutor(workers: 1), resumes: true)
    #expect(again.bestFitness == summary.bestFitness)
    #expect(!FileManager.default.fileExists(atPath: left))
    #expect(try run.folder.readSummary().contains("Best fitness"))
  }

  @Test func aRunDoesNotGoOnWithOtherSettings() async throws {
    let run = try await TestRun.stopped(.test(), after: 11, workers: 1)
    let changes: [(String, (inout RunSettings) -> Void)] = [
      ("task", { $0.task = "other" }), ("seed", { $0.seed += 1 }),
      ("search.strategy", { $0.method.strategy = .mutation }),
      ("search.population", { $0.method.populationSize += 1 }),
      ("search.intervals", { $0.method.intervals += 1 }), ("search.tau", { $0.method.tau = 0.3 }),
      ("search.mix_probability", { $0.method.mixProbability = 0.9 }),
      ("search.lambda", { $0.method.lambda = 0.9 }), ("search.gamma", { $0.method.gamma = 0.9 }),
      ("search.optimizer_state", { $0.method.optimizerState = .reset }),
      ("search.mutation.parent", { $0.method.mutationParent = .tournament }),
      ("search.mixing.from", { $0.method.gate.from = 2 }),
      ("search.mixing.every", { $0.method.gate.every = 2 }),
      (
        "search.hyperparameters.rate",
        { $0.method.hyperparameters = [Hyperparameter(name: "rate", .list([1, 2]))] }
      ),
      ("search.genome.gene", { $0.method.genome = ["gene": "option"] }),
    ]
    // Every property of a method is among them.
    #expect(Mirror(reflecting: RunSettings.test().method).children.count == 12)
    for (key, change) in changes {
      var settings = RunSettings.test()
      change(&settings)
      let error = await #expect(throws: RunError.self) {
        try await run.run(settings, InProcessExecutor(workers: 1), resumes: true)
      }
      #expect(error?.description.hasPrefix("the setting `\(key)` (") == true)
    }
    var settings = RunSettings.test()
    settings.workers = 3
    try await run.run(settings, InProcessExecutor(workers: 3), resumes: true)
    // Neither does one that has come to its end, which would say that it was done.
    settings.method.intervals += 1
    let (now, before) = (settings.method.intervals, settings.method.intervals - 1)
    await #expect(throws: RunError.changed(what: "the setting `search.intervals` (\(before), now \(now))")) {
      try await run.run(settings, InProcessExecutor(workers: 1), resumes: true)
    }
  }

  @Test("a run does not go on with other settings of its task, and the error names the first")
  func otherTaskSettings() async throws {
    var settings = RunSettings.test()
    settings.taskSettings = ["toy.batch": "256", "toy.rate": "0.001"]
    let run = try TestRun()
    try await run.run(settings, InProcessExecutor(workers: 2))
    var changed = settings
    changed.taskSettings?["toy.rate"] = "0.002"
    await #expect(throws: RunError.changed(what: "the setting `toy.rate` (0.001, now 0.002)")) {
      try await run.run(changed, InProcessExecutor(workers: 2), resumes: true)
    }
    // As of a version that has more settings.
    settings.taskSettings?["toy.alpha"] = "1"
    try await run.run(settings, InProcessExecutor(workers: 2), resumes: true)
  }

  @Test(
    "a folder where no member ever began takes a new run, with its settings; one of another kind does not")
  func unbegun() async throws {
    let run = try TestRun()
    let file = run.folder.path + ".yml"
    defer { try? FileManager.default.removeItem(atPath: file) }
    try Data("task: toy\n".utf8).write(to: URL(fileURLWithPath: file))
    try run.folder.create(configuration: file)
    let failing = InProcessExecutor(workers: 1) { _, _ in JobFailed("the data set is gone") }
    await #expect(throws: (any Error).self) { try await run.run(.test(), failing) }
    #expect(FileManager.default.fileExists(atPath: run.folder.record))
    // The search's last task may still be about to end, and with it goes the lock.
    await run.waitForLock()
    try Data("task: toy # mended\n".utf8).write(to: URL(fileURLWithPath: file))
    try run.folder.create(configuration: file)
    #expect(try String(contentsOfFile: run.folder.configuration, encoding: .utf8).contains("mended"))
    var other = RunSettings.test()
    other.method.lambda = 0.5
    try await run.run(other, InProcessExecutor(workers: 1))
    #expect(throws: RunError.exists(folder: run.folder.path)) {
      try run.folder.create(configuration: file)
    }

    let project = try TestRun()
    try FileManager.default.createDirectory(
      atPath: project.folder.attachments.path, withIntermediateDirectories: true)
    #expect(throws: RunError.notEmpty(folder: project.folder.path)) {
      try project.folder.create(configuration: file)
    }
  }
}
