import Foundation
import PBTNAS
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

  @Test(arguments: ["killed", "exit", "killed-with-orphan", "junk", "wrong-id", "no-fitness"])
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
    let error = await #expect(throws: WorkerLost.self) {
      try await run.run(settings, PythonTrainer.executor(run, fault: "start-hang", heartbeatTimeout: 1))
    }
    #expect(error?.reason.contains("it said nothing for 1.0 s") == true)
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
