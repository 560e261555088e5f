import Foundation
import PBTNAS
import Synchronization
import Testing

@testable import Engine

@Suite struct LocalExecutorTests {
  private let run: TestRun

  init() throws { run = try TestRun() }

  private func path(_ name: String) -> String { "\(run.folder.path)/\(name)" }

  /// A training job on a fresh network.
  private func trainJob(_ executor: LocalExecutor) async throws -> Job {
    let genome = Genome([1, 0, 1])
    let start = Job.initialise(InitialiseJob(genome: genome, seed: 3, output: path("start")))
    #expect(try await executor.run(start, started: {}, progress: { _ in }).result == nil)
    return .train(
      TrainJob(
        genome: genome, checkpoint: path("start"), seed: 4, evaluationSeed: 5, output: path("end"),
        artifacts: nil))
  }

  @Test func workersDoJobsAndSayHowFarTheyAre() async throws {
    let executor = try PythonTrainer.executor(run)
    let space = try await executor.start().searchSpace
    #expect(space.genes.map(\.name) == ["g0", "g1", "g2"])
    let reports = Mutex<[TrainingProgress]>([])
    let starts = Mutex(0)
    let done = try await executor.run(
      try await trainJob(executor), started: { starts.withLock { $0 += 1 } },
      progress: { report in reports.withLock { $0.append(report) } })
    #expect(done.result?.fitness.isFinite == true && done.start < done.end)
    #expect(reports.withLock { $0 } == [TrainingProgress(fraction: 0.5, samplesPerSecond: 1000)])
    #expect(starts.withLock { $0 } == 1)
    await executor.stop()
  }

  @Test func anEvaluationThatSaysHowFarItIsMayTakeLongerThanTheHeartbeatsTimeout() async throws {
    let executor = try PythonTrainer.executor(run, workers: 1, evaluationSeconds: 7, heartbeatTimeout: 5)
    _ = try await executor.start()
    guard case .train(let job) = try await trainJob(executor) else { return }
    let reports = Mutex<[Double]>([])
    let evaluation = EvaluateJob(genome: job.genome, checkpoint: job.checkpoint, seed: 5, artifacts: nil)
    let done = try await executor.run(
      .evaluate(evaluation), started: {},
      progress: { report in reports.withLock { $0.append(report.fraction) } })
    #expect(done.result?.fitness.isFinite == true && done.end - done.start > .seconds(7))
    let fractions = reports.withLock { $0 }
    // How many depends on how busy the machine is: of those that nobody has taken yet, only the newest is
    // kept.
    #expect(!fractions.isEmpty && fractions == fractions.sorted())
    await executor.stop()
  }

  @Test func workersGetTheirNumberOfThreadsAndNoFilesOfOthers() async throws {
    let command = try PythonTrainer.command(run, threads: 3)
    let executor = LocalExecutor(
      workers: 3, command: command, heartbeatTimeout: 60, logFolder: run.folder.logs)
    _ = try await executor.start()
    let job = try await trainJob(executor)
    var files: Set<Double> = []
    for _ in 0..<3 {
      let metrics = try await executor.run(job, started: {}, progress: { _ in }).result?.metrics
      #expect(metrics?["threads"] == 3)
      #expect(metrics?["unreachable_signals"] == 0)
      files.insert(metrics?["open_files"] ?? 0)
    }
    // Standard input, output and error, what watches over the process, and the folder being listed. A worker that held another's input
    // would keep that alive when the engine is gone.
    #expect(files.count == 1 && (files.first ?? 99) <= 5, "\(files)")
    await executor.stop()
  }

  /// Faults of a worker, with a part of what is said about it.
  static let losses = [
    (
      "killed",
      "it was killed by signal 9 (so does the system where memory is short) before an answer to the job"
    ),
    ("exit", "it exited with status 3 before an answer to the job; its last words: out of cheese"),
    ("killed-with-orphan", "it was killed by signal 9"),
    ("killed-with-stranger", "it was killed by signal 9"),
    ("junk", "found `Epoch 1: loss 0.3` (not a JSON object), expected `{\"id\":2}` with `fitness`"),
    ("wrong-id", "found an answer to job 3, expected one to job 2"),
    ("no-fitness", "found an answer without `fitness`"),
  ]

  @Test(arguments: losses) func aLostWorkerIsNoticedAtOnceAndReplaced(fault: String, says: String)
    async throws
  {
    let executor = try PythonTrainer.executor(run, workers: 1, fault: fault)
    _ = try await executor.start()
    let job = try await trainJob(executor)
    let start = ContinuousClock.now
    await #expect {
      try await executor.run(job, started: {}, progress: { _ in })
    } throws: { error in
      (error as? WorkerLost)?.description.contains(says) == true
    }
    // Not by the heartbeat's timeout, which is a minute.
    #expect(ContinuousClock.now - start < .seconds(30))
    let done = try await executor.run(job, started: {}, progress: { _ in })
    #expect(done.result?.fitness.isFinite == true)
    await executor.stop()
  }

  @Test("a worker that does not read a long job is silent, too")
  func deafWorker() async throws {
    let executor = try PythonTrainer.executor(run, workers: 1, fault: "start-deaf", heartbeatTimeout: 2)
    _ = try await executor.start()
    // More than a pipe holds.
    let long = InitialiseJob(
      genome: Genome([1, 0, 1]), seed: 1, output: path(String(repeating: "x", count: 200_000)))
    let error = await #expect(throws: WorkerLost.self) {
      try await executor.run(.initialise(long), started: {}, progress: { _ in })
    }
    #expect(error?.reason.contains("it said nothing for 2.0 s") == true, "\(String(describing: error))")
    await executor.stop()
  }

  @Test(arguments: [
    (
      "start-exit",
      "it exited with status 1 before the line that says it is ready; its last words: there is no data set here"
    ),
    ("start-junk", "found `Welcome!` (not a JSON object)"), ("start-protocol", "found protocol 2"),
  ])
  func aTrainerThatDoesNotStartIsNamedWithItsLastWords(fault: String, says: String) async throws {
    let executor = try PythonTrainer.executor(run, fault: fault)
    await #expect {
      try await executor.start()
    } throws: {
      // It was started twice, and its log has both.
      "\($0)".contains(says) && ($0 as? WorkerLost)?.moment == .starting && !"\($0)".contains(" | ")
    }
    await executor.stop()
  }

  @Test func aProgramThatDoesNotExistIsNamed() async throws {
    let command = WorkerCommand(executable: "/nowhere/trainer", arguments: [], threads: 1)
    let executor = LocalExecutor(
      workers: 1, command: command, heartbeatTimeout: 60, logFolder: run.folder.logs)
    await #expect {
      try await executor.start()
    } throws: {
      "\($0)".contains("`/nowhere/trainer` could not be started")
    }
  }

  @Test func stoppingEndsBusyWorkersAndThoseWhoWait() async throws {
    let executor = try PythonTrainer.executor(run, workers: 1, seconds: 60)
    _ = try await executor.start()
    let job = try await trainJob(executor)
    let start = ContinuousClock.now
    try await withThrowingTaskGroup(of: Void.self) { group in
      for _ in 0..<3 {
        group.addTask {
          await #expect(throws: CancellationError.self) {
            try await executor.run(
              job, started: { Task { await executor.stop() } }, progress: { _ in })
          }
        }
      }
      try await group.waitForAll()
    }
    // Not by the end of the job, which takes a minute.
    #expect(ContinuousClock.now - start < .seconds(30))
  }
}
