import Foundation
import PBTNAS
import Synchronization
import Testing

@testable import Engine

/// Whole runs with trainers in another language, some of which go wrong.
@Suite struct FaultyTrainerTests {
  private let settings = RunSettings.test(population: 4, intervals: 2, seed: 5, retries: 1)

  /// How many members failed, with the first one's reason.
  private func failures(_ run: TestRun) throws -> (count: Int, reason: String) {
    let rows = try Record(path: run.folder.record).allMembers().filter { $0.failure != nil }
    for row in rows { #expect(row.isFinished && row.fitness == nil) }
    return (rows.count, rows.first?.failure ?? "")
  }

  @Test(arguments: [
    "killed", "exit", "killed-with-orphan", "killed-with-stranger", "junk", "wrong-id", "no-fitness",
  ])
  func aWorkerThatIsLostInMidIntervalChangesNothing(fault: String) async throws {
    let good = try TestRun()
    try await good.run(settings, PythonTrainer.executor(good))
    let run = try TestRun()
    let summary = try await run.run(settings, PythonTrainer.executor(run, fault: fault))
    #expect(try run.outcome().members.map(\.fitness) == good.outcome().members.map(\.fitness))
    #expect(try run.outcome().best == good.outcome().best)
    #expect(try run.outcome().checkpoints == good.outcome().checkpoints)
    #expect(summary.lostJobs == 1)
    let lost = try Record(path: run.folder.record).events(kind: "workerLost")
    #expect(lost.count == 1)
    guard case .workerLost(_, 1, _, tryAgain: true)? = lost.first else {
      Issue.record("\(lost)")
      return
    }
  }

  @Test("what a trainer warns of is told and recorded, and nothing else changes")
  func warnings() async throws {
    let good = try TestRun()
    try await good.run(settings, PythonTrainer.executor(good))
    let run = try TestRun()
    try await run.run(settings, PythonTrainer.executor(run, fault: "warning", member: 2))
    #expect(try run.outcome().members == good.outcome().members)
    #expect(try run.outcome().best == good.outcome().best)
    let events = ["the cheese is a day old", "so is the bread"].map {
      RunEvent.memberWarned(member: 2, interval: 1, warning: $0)
    }
    #expect(try Record(path: run.folder.record).events(kind: "memberWarned") == events)
    #expect(run.seen.filter { if case .memberWarned = $0 { true } else { false } } == events)
  }

  @Test("a worker that hangs is killed after the time that the settings give it, and its job done again")
  func hang() async throws {
    let good = try TestRun()
    try await good.run(settings, PythonTrainer.executor(good))
    let run = try TestRun()
    // On a busy machine a worker that is fine may be too slow to start; then its job is done once more.
    var patient = settings
    patient.retries = 5
    try await run.run(patient, PythonTrainer.executor(run, fault: "hang", heartbeatTimeout: 8))
    #expect(try run.outcome().members.map(\.fitness) == good.outcome().members.map(\.fitness))
    #expect(try run.outcome().best == good.outcome().best)
    let lost = try Record(path: run.folder.record).events(kind: "workerLost")
    let reasons = lost.map {
      if case .workerLost(_, _, let reason, tryAgain: true) = $0 { reason } else { "" }
    }
    #expect(
      reasons.contains {
        $0.contains("it said nothing for 8.0 s (workers.heartbeat_timeout) before an answer to the job")
      }, "\(lost)")
  }

  @Test("a trainer that hangs while it starts stops the run, and says so")
  func hangAtStart() async throws {
    let run = try TestRun()
    let error = await #expect(throws: RunError.self) {
      try await run.run(settings, PythonTrainer.executor(run, fault: "start-hang", heartbeatTimeout: 1))
    }
    let said = error?.description ?? ""
    #expect(said.contains("no worker can be started: ") && said.contains("it said nothing for 1.0 s"))
  }

  @Test("a worker that starts only when asked again is told of, and the run goes on")
  func startsAgain() async throws {
    let run = try TestRun()
    let summary = try await run.run(settings, PythonTrainer.executor(run, fault: "start-exit-once"))
    let events = try Record(path: run.folder.record).events(kind: "workerStartsAgain")
    #expect(events.count == 1 && summary.lostJobs == 0)
    guard case .workerStartsAgain(let reason)? = events.first else { return }
    #expect(reason.contains("there is no data set here") && run.seen.contains(events[0]))
  }

  @Test(
    "where no worker can be started any more, the run stops, no member fails for it, and it goes on later")
  func noWorker() async throws {
    let good = try TestRun()
    try await good.run(settings, PythonTrainer.executor(good))
    let run = try TestRun()
    let data = "\(run.folder.path)/data"
    try Data().write(to: URL(fileURLWithPath: data))
    let error = await #expect(throws: RunError.self) {
      try await run.run(
        settings, PythonTrainer.executor(run, workers: 1, fault: "exit-without-data", data: data))
    }
    let said = error?.description ?? ""
    #expect(said.contains("no worker can be started: ") && said.contains("there is no data set here"))
    #expect(said.contains("pbtnas resume \(run.folder.path)"))
    #expect(try failures(run).count == 0)
    try Data().write(to: URL(fileURLWithPath: data))
    try await run.run(settings, PythonTrainer.executor(run, data: data), resumes: true)
    #expect(try run.outcome().members.map(\.fitness) == good.outcome().members.map(\.fitness))
    #expect(try run.outcome().best == good.outcome().best)
  }

  @Test("where one worker cannot be replaced, the others do its jobs, and no member fails for it")
  func fewerWorkers() async throws {
    let good = try TestRun()
    try await good.run(settings, PythonTrainer.executor(good))
    let run = try TestRun()
    let data = "\(run.folder.path)/data"
    try Data().write(to: URL(fileURLWithPath: data))
    let executor = try PythonTrainer.executor(run, fault: "exit-without-data", data: data)
    let summary = try await run.run(settings, executor)
    #expect(try run.outcome().members.map(\.fitness) == good.outcome().members.map(\.fitness))
    #expect(try run.outcome().best == good.outcome().best)
    // The worker itself, and that no other could be started in its place.
    #expect(summary.lostJobs == 2)
    let told = run.seen.filter { if case .workerLost(_, _, _, tryAgain: true) = $0 { true } else { false } }
    #expect(told.count == 2)
  }

  @Test("a run that stopped because its members failed says why, and trains them again when it goes on")
  func tooManyFailed() async throws {
    let good = try TestRun()
    try await good.run(settings, PythonTrainer.executor(good))
    let run = try TestRun()
    let error = await #expect(throws: RunError.self) {
      try await run.run(settings, PythonTrainer.executor(run, fault: "exit", times: 7))
    }
    let said = error?.description ?? ""
    #expect(said.contains("of 4 members failed") && said.contains("out of cheese"), "\(said)")
    #expect(try failures(run).count >= 3)
    try await run.run(settings, PythonTrainer.executor(run), resumes: true)
    #expect(try failures(run).count == 0)
    #expect(try run.outcome().members.map(\.fitness) == good.outcome().members.map(\.fitness))
    #expect(try run.outcome().best == good.outcome().best)
  }

  @Test("a member whose network cannot be made ranks last and is replaced, and the run goes on")
  func networksThatCannotBeMade() async throws {
    let run = try TestRun()
    let executor = InProcessExecutor(workers: 2) { job, _ in
      guard case .initialise(let job) = job else { return nil }
      let (first, second) = ("interval-001/member-02", "interval-002")
      return job.output.contains(first) || job.output.contains(second)
        ? WorkerLost(worker: 0, reason: "it was killed by signal 9", lastWords: "") : nil
    }
    let small = RunSettings.test(population: 6, intervals: 3, retries: 1)
    let summary = try await run.run(small, executor)
    let rows = try Record(path: run.folder.record).allMembers()
    let failed = rows.filter { $0.failure != nil }
    #expect(failed.map(\.interval).sorted() == [1] + Array(repeating: 2, count: small.method.droppedCount))
    #expect(failed[0].member == 2 && failed.allSatisfy { $0.isFinished && $0.fitness == nil })
    #expect(failed.allSatisfy { $0.failure?.contains("could not be made") == true })
    // They are the worst of their interval.
    for row in failed {
      let next = try #require(rows.first { $0.interval == row.interval + 1 && $0.member == row.member })
      #expect(next.offspring != nil)
    }
    let events = run.seen.filter { if case .memberFailed = $0 { true } else { false } }
    #expect(events.count == failed.count && summary.bestFitness.isFinite)
    #expect(try Record(path: run.folder.record).events(kind: "memberFailed").count == failed.count)
  }

  @Test("a network that could not be made is made later where nothing takes its member's place")
  func madeLater() async throws {
    let run = try TestRun()
    let losses = Mutex(2)
    let executor = InProcessExecutor(workers: 1) { job, _ in
      guard case .initialise(let job) = job, job.output.contains("member-01") else { return nil }
      let isLost = losses.withLock { left in
        left -= 1
        return left >= 0
      }
      return isLost ? WorkerLost(worker: 0, reason: "it was killed by signal 9", lastWords: "") : nil
    }
    let settings = RunSettings.test(.randomSearch, population: 4, intervals: 2, retries: 1)
    try await run.run(settings, executor)
    let undisturbed = try await TestRun.undisturbed(settings).outcome().members
    let rows = try run.outcome().members
    #expect(rows[1].failure != nil && rows[1].fitness == nil)
    // It has had one interval less: what it has now is what it would have had after the first, from another seed.
    #expect(rows[5].failure == nil && rows[5].fitness != nil && rows[5].genome == undisturbed[5].genome)
    for index in [0, 2, 3, 4, 6, 7] { #expect(rows[index].fitness == undisturbed[index].fitness) }
  }

  @Test("a trainer that can make no network stops the run at once, and says why")
  func noNetworks() async throws {
    let run = try TestRun()
    let error = await #expect(throws: RunError.self) {
      try await run.run(
        settings,
        InProcessExecutor(workers: 2) { job, _ in
          if case .initialise = job { JobFailed("the plan is upside down") } else { nil }
        })
    }
    #expect(error?.description.contains("the plan is upside down") == true)
    #expect(try Record(path: run.folder.record).lastInterval() == nil)
  }

  @Test func aMemberWhoseWorkersAreAllLostRanksLastAndTheOthersGoOn() async throws {
    let run = try TestRun()
    try await run.run(settings, PythonTrainer.executor(run, fault: "exit", times: 2, member: 2))
    let (count, reason) = try failures(run)
    #expect(count == 1 && reason.contains("it exited with status 3") && reason.contains("out of cheese"))
    let events = run.seen.compactMap { event in
      if case .workerLost(_, _, _, let tryAgain) = event { tryAgain } else { nil }
    }
    #expect(events == [true, false])
    let record = try Record(path: run.folder.record)
    #expect(try record.members(interval: 1)[2].failure != nil)
    let next = try record.members(interval: 2)[2]
    #expect(try next.decodedOffspring() != nil, "it is the worst, so it is replaced")
  }

  @Test(arguments: [
    ("missing-tensor", "tensor `net.stem.weight` is missing"),
    ("extra-tensor", "there is a tensor `net.more.weight`"),
    ("misshapen-tensor", "tensor `net.stem.weight` has shape [3, 4]; expected [4, 3], as before training"),
    ("nan-weights", "tensor `net.stem.weight` has elements that are not finite"),
    ("wrong-genome", "the trainer wrote genome [2, 1, 1]"),
    ("truncated-checkpoint", "cut short"), ("error", "the loss is a lemon"),
  ])
  func aMemberWithABadNetworkFailsForTheIntervalWithTheRuleNamed(fault: String, says: String) async throws {
    let run = try TestRun()
    try await run.run(settings, PythonTrainer.executor(run, fault: fault))
    let (count, reason) = try failures(run)
    #expect(count == 1 && reason.contains(says), "\(reason)")
    let failed = run.seen.filter { if case .memberFailed = $0 { true } else { false } }
    #expect(failed.count == 1)
  }

  @Test func aFitnessThatIsNotFiniteRanksLast() async throws {
    let run = try TestRun()
    try await run.run(settings, PythonTrainer.executor(run, fault: "nan-fitness"))
    let members = try Record(path: run.folder.record).members(interval: 1)
    let diverged = try #require(members.first { $0.fitness == nil })
    #expect(diverged.isFinished)
    let rankings = run.seen.compactMap { event in
      if case .intervalFinished(1, let ranking, _) = event { ranking } else { nil }
    }
    #expect(rankings.first?.last == diverged.member)
  }

  @Test func aRunInWhichAllDivergeSaysSo() async throws {
    let run = try TestRun()
    await #expect(throws: MethodError.tooFewFinite(finite: 0, of: 4)) {
      try await run.run(settings, PythonTrainer.executor(run, fault: "nan-fitness", times: 100))
    }
  }

  @Test func aTrainerWithoutRoomOnTheDiskStopsTheRunWhichGoesOnLater() async throws {
    let good = try TestRun()
    try await good.run(settings, PythonTrainer.executor(good))
    let run = try TestRun()
    await #expect(throws: JobFailed("no room left", isDiskFull: true)) {
      try await run.run(settings, PythonTrainer.executor(run, fault: "disk-full"))
    }
    #expect(try failures(run).count == 0)
    try await run.run(settings, PythonTrainer.executor(run), resumes: true)
    #expect(try run.outcome().best == good.outcome().best)
  }

  @Test func interruptingAndResumingGivesTheUndisturbedResult() async throws {
    let good = try TestRun()
    try await good.run(settings, PythonTrainer.executor(good))
    let run = try TestRun()
    do {
      let search = try run.search(settings, PythonTrainer.executor(run, seconds: 1))
      let interrupter = Task {
        while !run.seen.contains(where: { if case .progress(_, 2, _) = $0 { true } else { false } }) {
          try await Task.sleep(for: .milliseconds(5))
        }
        await search.interrupt()
      }
      await #expect(throws: CancellationError.self) { try await search.run() }
      try await interrupter.value
    }
    try await run.run(settings, PythonTrainer.executor(run, workers: 1), resumes: true)
    #expect(try run.outcome().best == good.outcome().best)
    #expect(try run.outcome().checkpoints == good.outcome().checkpoints)
  }
}
