import Foundation
import PBTNAS

/// How a worker is started.
public struct WorkerCommand: Hashable, Sendable {
  /// The program's path.
  public var executable: String
  /// Its arguments.
  public var arguments: [String]
  /// Its whole environment.
  public var environment: [String: String]
  /// The folder that it starts in; nil for this process's.
  public var folder: String?

  /// A command whose environment is this process's, with the number of threads that libraries for parallel loops may use.
  public init(executable: String, arguments: [String], threads: Int, folder: String? = nil) {
    self.executable = executable
    self.folder = folder
    self.arguments = arguments
    environment = ProcessInfo.processInfo.environment
    for variable in ["OMP_NUM_THREADS", "MKL_NUM_THREADS", "OPENBLAS_NUM_THREADS"] {
      environment[variable] = String(threads)
    }
  }
}

/// Workers that are processes of this machine. They live as long as the executor: no interval pays for starting them.
public actor LocalExecutor: Executor {
  private let command: WorkerCommand
  private let heartbeatTimeout: Duration
  private let logFolder: String
  private var workers: [WorkerProcess?]
  private var free: [Int] = []
  private var waiting: [CheckedContinuation<Int, Never>] = []
  private var announcement: Announcement?
  private var isStopped = false

  /// Prepares workers.
  ///
  /// - Parameters:
  ///   - heartbeatTimeout: how many seconds a worker may say nothing while it starts or has a job; then it counts as hung and is killed.
  ///   - logFolder: where every worker's standard error is kept, as `worker-0.log` and so on.
  public init(workers: Int, command: WorkerCommand, heartbeatTimeout: Double, logFolder: String) {
    self.heartbeatTimeout = .seconds(heartbeatTimeout)
    self.command = command
    self.logFolder = logFolder
    self.workers = Array(repeating: nil, count: workers)
    // A worker that dies must show as an error of the write to it, not end this process. Ignored signals would stay ignored
    // in workers.
    signal(SIGPIPE) { _ in }
  }

  /// Starts the workers and waits until all are ready.
  public func start(lost: @Sendable (WorkerLost) throws -> Void) async throws -> Announcement {
    if isStopped { throw CancellationError() }
    try FileManager.default.createDirectory(atPath: logFolder, withIntermediateDirectories: true)
    do {
      // All at once; one that cannot be started yet has its turn below.
      for number in workers.indices { workers[number] = try? launch(number) }
      for number in workers.indices {
        do {
          if workers[number] == nil { workers[number] = try launch(number) }
          try await makeReady(number)
        } catch let error as WorkerLost where !isStopped {
          // It may have been an accident, such as too little memory for a moment; a trainer that cannot start fails again.
          try lost(error)
          workers[number]?.kill()
          _ = try await launchAndMakeReady(number)
        }
        release(number)
      }
    } catch {
      if isStopped { throw CancellationError() }
      guard var loss = error as? WorkerLost else { throw error }
      loss.moment = .starting
      throw loss
    }
    guard let announcement else { throw JobFailed("an executor needs at least one worker") }
    return announcement
  }

  /// Does a job on the next free worker; starts the worker again first if it was lost.
  public func run(
    _ job: Job, started: @escaping @Sendable () -> Void,
    progress: @escaping @Sendable (TrainingProgress) -> Void
  ) async throws -> FinishedJob {
    let number = await acquire()
    // One that cannot be started is not tried again as long as there are others.
    var isOfUse = true
    defer { if isOfUse { release(number) } }
    if isStopped { throw CancellationError() }
    do {
      let worker =
        if let running = workers[number] { running } else { try await replace(number) }
      let start = ContinuousClock.now
      started()
      let result = try await worker.perform(job, progress: progress)
      return FinishedJob(result: result, start: start, end: .now)
    } catch let error as JobFailed {
      throw error
    } catch {
      workers[number]?.kill()
      workers[number] = nil
      if let error = error as? WorkerLost, error.moment == .replacing { isOfUse = false }
      throw isStopped ? CancellationError() : error
    }
  }

  /// Ends all workers: asks them to go, and kills those that do not.
  public func stop() async {
    isStopped = true
    let running = workers.compactMap { $0 }
    for worker in running { worker.endInput() }
    let deadline = ContinuousClock.now + Self.patience
    while running.contains(where: \.isRunning) && ContinuousClock.now < deadline {
      // Cancellation only makes it look more often.
      try? await Task.sleep(for: .milliseconds(5))
    }
    for worker in running { worker.kill() }
  }

  /// How long a worker may take to end when its input has ended: enough to end in good order, and no more than a user who stops a run
  /// would wait.
  private static let patience = Duration.seconds(1)

  /// Waits for a worker that was launched. All must announce the same.
  private func makeReady(_ number: Int) async throws {
    guard let announced = try await workers[number]?.ready() else { return }
    if announcement == nil { try announced.searchSpace.validate() }
    if let announcement, let difference = announced.difference(from: announcement) {
      throw WorkerLost(
        worker: number, reason: "it announced another \(difference) than the workers before", lastWords: "")
    }
    announcement = announced
  }

  /// How long to wait before a replacement that did not start is started again: what is short may be there a little
  /// later.
  private static let pauses: [Duration] = [.seconds(1), .seconds(5)]

  /// Starts a worker in the place of one that was lost.
  ///
  /// - Throws: ``WorkerLost`` if it does not start, nor a little later.
  private func replace(_ number: Int) async throws -> WorkerProcess {
    for pause in Self.pauses {
      do {
        return try await launchAndMakeReady(number)
      } catch is WorkerLost where !isStopped {
        workers[number]?.kill()
        try await Task.sleep(for: pause)
      }
    }
    do {
      return try await launchAndMakeReady(number)
    } catch var error as WorkerLost {
      let hasOthers = workers.indices.contains { $0 != number && workers[$0] != nil }
      error.moment = hasOthers ? .replacing : .replacingTheLast
      throw error
    }
  }

  /// Starts a worker and waits until it is ready.
  private func launchAndMakeReady(_ number: Int) async throws -> WorkerProcess {
    if isStopped { throw CancellationError() }
    let worker = try launch(number)
    workers[number] = worker
    try await makeReady(number)
    return worker
  }

  private func launch(_ number: Int) throws -> WorkerProcess {
    try WorkerProcess(
      number: number, command: command, heartbeatTimeout: heartbeatTimeout,
      logPath: "\(logFolder)/worker-\(number).log")
  }

  private func acquire() async -> Int {
    // The one that has been free for longest: a job that has lost its worker goes to another one, if there is one.
    if !free.isEmpty { return free.removeFirst() }
    return await withCheckedContinuation { waiting.append($0) }
  }

  private func release(_ number: Int) {
    if waiting.isEmpty {
      free.append(number)
    } else {
      waiting.removeFirst().resume(returning: number)
    }
  }
}
