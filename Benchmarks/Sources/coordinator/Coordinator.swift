import Engine
import Foundation
import PBTNAS

/// How many member-intervals a second the engine can hand out, check and record, when training takes no time:
/// `coordinator [MEMBERS INTERVALS]...`, or `coordinator` for the curve from 10 to 10,000 members.
///
/// Everything is as in any search: worker processes, checkpoints with digests, offspring, the record in SQLite. Only the
/// trainer (``NoOpTrainer``) does nothing. Processor time and memory are the engine's own, without its workers. Where few
/// members make an interval, a part of its wall time is waiting for the last worker.
///
/// Networks that are new cost more than others, and every population has another share of them: of 10 members 3 are
/// replaced, of 100 members 25, and a run of few intervals has many members in its first.
@main
enum Coordinator {
  private static let curve = [(10, 1000), (100, 200), (1000, 100), (10_000, 10)]
  private static let workers = 2

  static func main() async throws {
    var arguments = Array(CommandLine.arguments.dropFirst())
    if arguments == ["worker"] { return try serve(NoOpTrainer()) }
    let inProcess = arguments.first == "--in-process"
    if inProcess { arguments.removeFirst() }
    let numbers = arguments.compactMap(Int.init)
    guard numbers.count == arguments.count, numbers.count.isMultiple(of: 2) else {
      throw UsageError(description: "usage: coordinator [--in-process] [MEMBERS INTERVALS]...")
    }
    let given = stride(from: 0, to: numbers.count, by: 2).map { (numbers[$0], numbers[$0 + 1]) }
    print("                                           microseconds each         memory (MiB)")
    print("members intervals  new each  each a second     wall  processor   at 1/4   at the end")
    for (members, intervals) in given.isEmpty ? curve : given {
      let measured = try await measure(members, intervals, inProcess: inProcess)
      print(
        String(
          format: "%7d %9d %9.2f %14.0f %8.0f %10.0f %8.0f %12.0f", members, intervals, measured.new,
          1 / measured.wall, 1e6 * measured.wall, 1e6 * measured.processor, measured.early, measured.late))
    }
  }

  /// What a member's interval cost, in seconds, and how much memory there was.
  struct Measured {
    /// How many new networks there were for every member's interval.
    var new: Double
    var wall: Double
    var processor: Double
    var early: Double
    var late: Double
  }

  /// The processor time of this process, in seconds.
  private static var processorTime: Double {
    var usage = rusage()
    getrusage(__rusage_who_t(RUSAGE_SELF.rawValue), &usage)
    return [usage.ru_utime, usage.ru_stime].reduce(0) { $0 + Double($1.tv_sec) + 1e-6 * Double($1.tv_usec) }
  }

  /// Runs a search of its own folder.
  private static func measure(
    _ members: Int, _ intervals: Int, inProcess: Bool
  ) async throws -> Measured {
    let folder = RunFolder(path: NSTemporaryDirectory() + "coordinator-\(getpid())")
    try FileManager.default.createDirectory(atPath: folder.path, withIntermediateDirectories: true)
    defer { try? FileManager.default.removeItem(atPath: folder.path) }
    let executable = try FileManager.default.destinationOfSymbolicLink(atPath: "/proc/self/exe")
    let executor: any Executor =
      inProcess
      ? InProcessExecutor()
      : LocalExecutor(
        workers: workers, command: WorkerCommand(executable: executable, arguments: ["worker"], threads: 1),
        heartbeatTimeout: 600, logFolder: folder.logs)
    let settings = RunSettings(
      task: "no-op", seed: 1, method: MethodSettings(populationSize: members, intervals: intervals))
    let memory = Memory()
    let search = try Search(folder, settings, executor: executor, resumes: false) { event in
      if case .intervalFinished(let interval, _, _) = event, interval == max(1, intervals / 4) {
        memory.noteEarly()
      }
    }
    let start = processorTime
    let time = try await ContinuousClock().measure { _ = try await search.run() }
    let count = Double(members * intervals)
    let new = members + settings.method.droppedCount * (intervals - 1)
    return Measured(
      new: Double(new) / count, wall: time / .seconds(1) / count, processor: (processorTime - start) / count,
      early: memory.early,
      late: Memory.now)
  }

  struct UsageError: Error, CustomStringConvertible { let description: String }
}

/// This process's memory.
private final class Memory: @unchecked Sendable {
  // Written once by the search, read after it.
  private(set) var early = 0.0

  func noteEarly() { early = Self.now }

  /// Resident memory in MiB.
  static var now: Double {
    let status = (try? String(contentsOfFile: "/proc/self/status", encoding: .utf8)) ?? ""
    let line = status.split(separator: "\n").first { $0.hasPrefix("VmRSS:") }
    return Double(line?.split(separator: " ").dropFirst().first ?? "").map { $0 / 1024 } ?? .nan
  }
}

/// Does jobs in this process: what is left is the engine without worker processes.
private struct InProcessExecutor: Executor {

  func start(lost: @Sendable (WorkerLost) throws -> Void) async throws -> Announcement {
    Announcement(searchSpace: NoOpTrainer().searchSpace)
  }

  func run(
    _ job: Job, started: @escaping @Sendable () -> Void,
    progress: @escaping @Sendable (TrainingProgress) -> Void
  ) async throws -> FinishedJob {
    let start = ContinuousClock.now
    started()
    let trainer = NoOpTrainer()
    let result: TrainingResult?
    switch job {
    case .initialise(let job):
      try trainer.initialise(job)
      result = nil
    case .train(let job): result = try trainer.train(job, progress: progress)
    case .evaluate(let job): result = try trainer.evaluate(job, progress: progress)
    }
    return FinishedJob(result: result, start: start, end: .now)
  }

  func stop() async {}
}
