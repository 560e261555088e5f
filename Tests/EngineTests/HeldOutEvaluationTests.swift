import Foundation
import PBTNAS
import Synchronization
import Testing

@testable import Engine

@Suite struct HeldOutEvaluationTests {
  /// A worker whose evaluations come to nothing.
  private struct Diverging: Executor {
    private let worker = InProcessExecutor(workers: 1)

    func start(lost: @Sendable (WorkerLost) throws -> Void) async -> Announcement {
      await worker.start(lost: lost)
    }
    func stop() async { await worker.stop() }

    func run(
      _ job: Job, started: @escaping @Sendable () -> Void,
      progress: @escaping @Sendable (TrainingProgress) -> Void
    ) async throws -> FinishedJob {
      let done = try await worker.run(job, started: started, progress: progress)
      var result = done.result
      result?.fitness = .nan
      return FinishedJob(result: result, start: done.start, end: done.end)
    }
  }

  private func evaluate(
    _ run: TestRun, times: Int = 3, _ executor: InProcessExecutor = InProcessExecutor(workers: 2)
  ) async throws -> HeldOutEvaluation {
    try await evaluateHeldOut(run.folder, times: times, executor: executor) { _, _, _ in }
  }

  @Test("the best network is evaluated as often as asked for, on draws that neither search nor soup has used")
  func seeds() async throws {
    let settings = RunSettings.test(.pbt, population: 4, intervals: 2, seed: randomSeed())
    let run = try await TestRun.undisturbed(settings)
    let jobs = Mutex<[EvaluateJob]>([])
    func executor() -> InProcessExecutor {
      InProcessExecutor(workers: 2, order: .random(in: 0..<9)) { job, _ in
        if case .evaluate(let job) = job { jobs.withLock { $0.append(job) } }
        return nil
      }
    }
    _ = try await makeSoup(of: run.folder, executor: executor()) { _ in }
    let used = Set(jobs.withLock { $0.map(\.seed) }).union([settings.evaluationSeed])
    #expect(used.count == 2)
    jobs.withLock { $0 = [] }

    let told = Mutex<[Int: Double]>([:])
    let found = try await evaluateHeldOut(run.folder, times: 4, executor: executor()) { number, fitness, _ in
      told.withLock { $0[number] = fitness }
    }
    let first = jobs.withLock { $0 }
    #expect(Set(first.map(\.seed)).count == 4 && used.isDisjoint(with: first.map(\.seed)))
    let best = try #require(try Record(path: run.folder.record).get("best", as: BestNetwork.self))
    for job in first {
      #expect(job.checkpoint == run.folder.absolute("best.safetensors") && job.genome == best.genome)
      #expect(job.artifacts == nil)
    }
    // This trainer's fitness has no draws.
    #expect(found.fitness == Array(repeating: best.fitness, count: 4) && found.searchFitness == best.fitness)
    #expect(told.withLock { $0 } == [0: best.fitness, 1: best.fitness, 2: best.fitness, 3: best.fitness])
    #expect(try run.folder.readHeldOutEvaluation() == found)
    // More evaluations begin with the same ones.
    jobs.withLock { $0 = [] }
    #expect(
      try await evaluateHeldOut(run.folder, times: 5, executor: executor()) { _, _, _ in }.fitness.count == 5)
    #expect(Set(first.map(\.seed)).isSubset(of: jobs.withLock { $0.map(\.seed) }))
  }

  @Test("what a trainer warns of in an evaluation is told and recorded")
  func warnings() async throws {
    let run = try TestRun()
    try await run.run(.test(population: 4, intervals: 1), PythonTrainer.executor(run))
    let told = Mutex<[String]>([])
    let executor = try PythonTrainer.executor(run, fault: "evaluation-warning")
    _ = try await evaluateHeldOut(run.folder, times: 2, executor: executor) { _, _, warnings in
      told.withLock { $0 += warnings }
    }
    #expect(told.withLock { $0 } == ["the scales are old", "the scales are old"])
    #expect(try Record(path: run.folder.record).events(kind: "memberWarned").count == 2)
  }

  @Test("mean and standard deviation, and none of a single evaluation")
  func statistics() throws {
    let several = HeldOutEvaluation(digest: nil, fitness: [1, 2, 6], searchFitness: 7)
    let deviation = try #require(several.standardDeviation)
    #expect(several.mean == 3 && abs(deviation - 7.0.squareRoot()) < 1e-15)
    let one = HeldOutEvaluation(digest: nil, fitness: [1], searchFitness: 7)
    #expect(one.mean == 1 && one.standardDeviation == nil)
    #expect(try one.json == #"{"fitness":[1],"mean":1,"search_fitness":7}"#)
  }

  @Test("a lost worker's evaluation is done again, and what fails says why and changes nothing")
  func faults() async throws {
    let run = try await TestRun.undisturbed(RunSettings.test(population: 4, intervals: 1))
    let lost = InProcessExecutor(workers: 2) { _, number in
      number == 0 ? WorkerLost(worker: 0, reason: "it fell", lastWords: "") : nil
    }
    let found = try await evaluate(run, lost)
    #expect(await lost.count == 4)
    #expect(found.fitness.allSatisfy { $0 == found.searchFitness })
    let failing = InProcessExecutor(workers: 2) { _, number in number == 1 ? JobFailed("no hands") : nil }
    await #expect(throws: JobFailed("no hands")) { try await evaluate(run, failing) }
    #expect(try run.folder.readHeldOutEvaluation() == found)

    try Data("no network".utf8).write(to: URL(fileURLWithPath: run.folder.best))
    let damaged = await #expect(throws: RunError.self) { try await evaluate(run) }
    #expect(damaged?.description.contains("best.safetensors: ") == true)
    #expect(damaged?.description.contains("`pbtnas resume`") == true)
    let stopped = try await TestRun.stopped(RunSettings.test(population: 4, intervals: 2), after: 5)
    await #expect(throws: RunError.notFinished(folder: stopped.folder.path)) { try await evaluate(stopped) }
  }

  @Test("the first evaluation that fails ends the others, and the executor is stopped")
  func firstError() async throws {
    let run = try await TestRun.undisturbed(RunSettings.test(population: 4, intervals: 1))
    let failing = InProcessExecutor(workers: 1) { _, number in number == 0 ? JobFailed("no hands") : nil }
    await #expect(throws: JobFailed("no hands")) { try await evaluate(run, times: 50, failing) }
    #expect(await failing.count < 3)
  }

  @Test("a run is evaluated only with the settings that it began with")
  func otherSettings() async throws {
    var settings = RunSettings.test(population: 4, intervals: 1)
    settings.taskSettings = ["toy.episodes": "10"]
    let run = try await TestRun.undisturbed(settings)
    func evaluate(_ change: (inout RunSettings) -> Void) async throws {
      var now = settings
      change(&now)
      let executor = InProcessExecutor(workers: 1)
      _ = try await evaluateHeldOut(run.folder, times: 1, settings: now, executor: executor) { _, _, _ in }
    }
    try await evaluate { $0.workers = 7 }
    let changed = await #expect(throws: RunError.self) {
      try await evaluate { $0.taskSettings = ["toy.episodes": "100"] }
    }
    #expect(changed?.description.contains("`toy.episodes` (10, now 100)") == true)
    let seed = settings.seed
    await #expect(throws: RunError.changed(what: "the setting `seed` (\(seed), now \(seed + 1))")) {
      try await evaluate { $0.seed += 1 }
    }
  }

  @Test("no evaluation, and one without a finite fitness, are refused, and nothing is kept")
  func refused() async throws {
    let run = try await TestRun.undisturbed(RunSettings.test(population: 4, intervals: 1))
    let error = await #expect(throws: RunError.self) { try await evaluate(run, times: 0) }
    #expect(error?.description.contains("times: expected at least 1, got 0") == true)
    let diverged = await #expect(throws: RunError.diverged(file: run.folder.best, evaluation: 1)) {
      try await evaluateHeldOut(run.folder, times: 1, executor: Diverging()) { _, _, _ in }
    }
    #expect(diverged?.description.contains("no finite fitness in held-out evaluation 1") == true)
    #expect(try run.folder.readHeldOutEvaluation() == nil)
  }

  @Test("runs are compared by it where all have it")
  func compared() async throws {
    var runs: [TestRun] = []
    for strategy in [Strategy.pbtNAS, .randomSearch] {
      runs.append(
        try await TestRun.undisturbed(RunSettings.test(strategy, population: 4, intervals: 1, seed: 1)))
    }
    func report() throws -> ComparisonReport {
      try Comparison(runs.map { try ComparedRun($0.folder) }).report(fitness: .heldOut)
    }
    _ = try await evaluate(runs[0])
    let error = #expect(throws: ComparisonError.notEvaluated(folders: [runs[1].folder.path])) { try report() }
    #expect(error?.description.contains("\(runs[1].folder.path); do so by `pbtnas evaluate`") == true)

    let record = try Record(path: runs[1].folder.record)
    let best = try #require(try record.get("best", as: BestNetwork.self))
    try HeldOutEvaluation(digest: best.digest, fitness: [-4, -2], searchFitness: best.fitness).keep(
      in: record)
    let compared = try report()
    #expect(compared.fitness == .heldOut && compared.groups[1].mean == -3)
    #expect(compared.groups[1].runs[0].heldOutFitness == [-4, -2])
    #expect(
      compared.text.hasPrefix(
        "fitness of the best networks on held-out draws, means of 2 to 3 evaluations\ngroup"))
    // Of another network, it says nothing.
    try HeldOutEvaluation(digest: "of another", fitness: [1], searchFitness: 1).keep(in: record)
    #expect(try runs[1].folder.readHeldOutEvaluation() == nil)
  }
}
