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

  @Test func aRunDoesNotGoOnWithOtherSettings() async throws {
    let run = try await TestRun.stopped(.test(), after: 11, workers: 1)
    for change in [\RunSettings.method.lambda, \RunSettings.method.mixProbability] {
      var settings = RunSettings.test()
      settings[keyPath: change] = 0.9
      await #expect(throws: RunError.changed(what: "a setting under `task`, `seed` or `search`")) {
        try await run.run(settings, InProcessExecutor(workers: 1), resumes: true)
      }
    }
    var settings = RunSettings.test()
    settings.workers = 3
    try await run.run(settings, InProcessExecutor(workers: 3), resumes: true)
  }
}
