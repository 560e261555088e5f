import Foundation
import GRDB
import PBTNAS
import Synchronization
import Testing

@testable import Engine

/// At a search's end the best network is shown, by trainers that can.
@Suite struct ShowingTests {
  private let settings = RunSettings.test(intervals: 2)

  /// The evaluations that a run asks for.
  private final class Evaluations: Sendable {
    private let list = Mutex<[EvaluateJob]>([])
    var jobs: [EvaluateJob] { list.withLock { $0 } }

    /// Workers whose evaluations come here first.
    func executor(shows: ToyTrainer.Shows = .text) -> InProcessExecutor {
      InProcessExecutor(workers: 2, shows: shows) { job, _ in
        guard case .evaluate(let job) = job else { return nil }
        self.list.withLock { $0.append(job) }
        return nil
      }
    }
  }

  private func events(_ run: TestRun) -> [RunEvent] {
    run.seen.filter {
      switch $0 {
      case .showingBest, .bestShown, .bestNotShown: true
      default: false
      }
    }
  }

  /// Makes a run's record what it is just before the run's end.
  private func forgetEnd(of run: TestRun) throws {
    try DatabaseQueue(path: run.folder.record).write {
      try $0.execute(sql: "DELETE FROM run WHERE key = 'summary'")
    }
  }

  @Test("the best network is evaluated once more on the run's own draws, and its files are named")
  func shown() async throws {
    let (run, evaluations) = (try TestRun(), Evaluations())
    let summary = try await run.run(settings, evaluations.executor())
    let job = try #require(evaluations.jobs.first)
    #expect(evaluations.jobs.count == 1 && job.seed == settings.evaluationSeed)
    #expect(job.checkpoint == run.folder.absolute("best.safetensors") && job.genome == summary.bestGenome)
    #expect(summary.bestFiles == ["best.txt"] && summary.bestFilesProblem == nil)
    // The network as it was ranked.
    #expect(
      try String(contentsOfFile: "\(run.folder.path)/best.txt", encoding: .utf8)
        == "fitness \(summary.bestFitness)")
    #expect(
      events(run) == [
        .showingBest(member: summary.bestMember, interval: summary.bestInterval),
        .bestShown(files: ["best.txt"]),
      ])
    #expect(try Record(path: run.folder.record).events(kind: "bestShown").count == 1)
    let report = try run.folder.readSummary()
    #expect(report.contains("\n  best.txt          what the best network does\n  run.sqlite"), "\(report)")
    // Nothing else is another than without.
    #expect(try await run.outcome() == TestRun.undisturbed(settings).outcome())
  }

  @Test("a trainer that does not say that it shows networks is not asked to")
  func notAsked() async throws {
    let (run, evaluations) = (try TestRun(), Evaluations())
    let summary = try await run.run(settings, evaluations.executor(shows: .nothing))
    #expect(evaluations.jobs.isEmpty && events(run).isEmpty && summary.bestFiles == nil)
    let report = try run.folder.readSummary()
    #expect(report.contains("%\n\nFiles in") && report.contains("header\n  run.sqlite"), "\(report)")
  }

  @Test(
    "what cannot be shown ends no run, and the reason is kept, told and reported", arguments: [true, false])
  func problem(isAnswer: Bool) async throws {
    let run = try TestRun()
    let executor = InProcessExecutor(workers: 1, shows: isAnswer ? .problem : .text) { job, _ in
      if case .evaluate = job, !isAnswer { JobFailed("there is no pencil", isDiskFull: true) } else { nil }
    }
    let summary = try await run.run(settings, executor)
    #expect(summary.bestFiles == [] && summary.bestFilesProblem == "there is no pencil")
    #expect(events(run).last == .bestNotShown(reason: "there is no pencil"))
    #expect(
      try Record(path: run.folder.record).events(kind: "bestNotShown")
        == [.bestNotShown(reason: "there is no pencil")])
    let report = try run.folder.readSummary()
    #expect(report.contains("\n\nWhat the best network does could not be shown: there is no pencil\n\nFiles"))
    // It is finished: nothing is tried again.
    let again = InProcessExecutor(workers: 1, shows: .text)
    #expect(try await run.run(settings, again, resumes: true) == summary)
    #expect(await again.count == 0)
  }

  @Test("a worker that is lost while it shows the network is replaced as in training")
  func lostWorker() async throws {
    let run = try TestRun()
    let losses = Mutex(0)
    let executor = InProcessExecutor(workers: 1, shows: .text) { job, _ in
      guard case .evaluate = job else { return nil }
      return losses.withLock { count in
        count += 1
        return count == 1 ? WorkerLost(worker: 0, reason: "it fell", lastWords: "") : nil
      }
    }
    let summary = try await run.run(settings, executor)
    #expect(losses.withLock { $0 } == 2 && summary.bestFiles == ["best.txt"] && summary.lostJobs == 1)
  }

  @Test("a run that is stopped while it shows the network does so after a resume, and only once")
  func resume() async throws {
    let run = try TestRun()
    let small = RunSettings.test(population: 4, intervals: 1)
    func showings() -> Int { run.seen.count { if case .showingBest = $0 { true } else { false } } }
    do {
      let search = try run.search(small, PythonTrainer.executor(run, evaluationSeconds: 300, shows: true))
      let interrupter = Task {
        while showings() == 0 { try await Task.sleep(for: .milliseconds(5)) }
        await search.interrupt()
      }
      await #expect(throws: CancellationError.self) { try await search.run() }
      try await interrupter.value
    }
    // What a killed trainer leaves half done goes.
    try Data("half".utf8).write(to: URL(fileURLWithPath: "\(run.folder.path)/best.part-77.mp4"))
    let summary = try await run.run(small, PythonTrainer.executor(run, shows: true), resumes: true)
    #expect(summary.bestFiles == ["best.txt"] && showings() == 2)
    #expect(!FileManager.default.fileExists(atPath: "\(run.folder.path)/best.part-77.mp4"))
    #expect(run.seen.count { if case .memberStarted = $0 { true } else { false } } == 4)

    // As if it had been killed between this and its last word.
    try forgetEnd(of: run)
    let again = try await run.run(small, PythonTrainer.executor(run, shows: true), resumes: true)
    #expect(again.bestFiles == ["best.txt"] && showings() == 2)
    // And without its file.
    try forgetEnd(of: run)
    try FileManager.default.removeItem(atPath: "\(run.folder.path)/best.txt")
    try await run.run(small, PythonTrainer.executor(run, shows: true), resumes: true)
    #expect(FileManager.default.fileExists(atPath: "\(run.folder.path)/best.txt") && showings() == 3)
  }

  @Test("a trainer in another language shows the network by the same protocol")
  func python() async throws {
    let run = try TestRun()
    let small = RunSettings.test(population: 4, intervals: 1)
    let summary = try await run.run(small, PythonTrainer.executor(run, shows: true))
    #expect(summary.bestFiles == ["best.txt"])
    let text = try String(contentsOfFile: "\(run.folder.path)/best.txt", encoding: .utf8)
    // It rates what it has written: in float32, where training has float64.
    let found = try #require(Double(text.dropFirst("fitness ".count)))
    #expect(abs(found - summary.bestFitness) < 1e-6)
  }
}
