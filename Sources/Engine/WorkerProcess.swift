import Files
import Foundation
import PBTNAS
import Synchronization

/// A trainer in a process of this machine. Used by one task at a time.
final class WorkerProcess: @unchecked Sendable {
  let number: Int
  private let process = Process()
  private let input = Pipe.closedInOtherProcesses()
  /// Held while the input is written to or closed: it is closed by whoever stops the worker.
  private let inputLock = Mutex(())
  private let logPath: String
  /// Where in the log this process began.
  private let logStart: UInt64
  private let output: WorkerOutput
  private let ending = Mutex<Ending?>(nil)
  // Only touched by the one task that uses the worker.
  private var nextID = 1
  private let heartbeat: Heartbeat

  /// How a process ended.
  private enum Ending {
    case exited(status: Int32)
    case killed(signal: Int32)
  }

  /// Starts the process.
  ///
  /// - Parameters:
  ///   - heartbeatTimeout: how long it may say nothing while something is expected of it.
  ///   - logPath: where its standard error is appended.
  /// - Throws: ``WorkerLost`` if it does not start.
  init(number: Int, command: WorkerCommand, heartbeatTimeout: Duration, logPath: String) throws {
    self.number = number
    heartbeat = Heartbeat(timeout: heartbeatTimeout)
    self.logPath = logPath
    process.executableURL = URL(fileURLWithPath: command.executable)
    process.arguments = command.arguments
    process.environment = command.environment
    if let folder = command.folder { process.currentDirectoryURL = URL(fileURLWithPath: folder) }
    process.standardInput = input
    let pipe = Pipe.closedInOtherProcesses()
    process.standardOutput = pipe
    output = WorkerOutput(heartbeat)
    do {
      let log = try Self.appending(to: logPath)
      logStart = try log.offset()
      process.standardError = log
      try withNoSignalsBlocked { try process.run() }
    } catch {
      let cause = (error as? FileError)?.description ?? error.localizedDescription
      let reason = "`\(command.executable)` could not be started: \(cause)"
      throw WorkerLost(worker: number, reason: reason, lastWords: "")
    }
    output.read(pipe.fileHandleForReading)
    watchEnd()
    heartbeat.watch { [weak self] in self?.kill() }
  }

  deinit {
    endInput()
    // A process that is waiting to write would not notice that.
    output.finish()
  }

  /// Does something in a thread that signals reach. Those of Swift's tasks block most of them, and what is started inherits
  /// that: it could not be ended, not even by its own parent.
  private func withNoSignalsBlocked(_ body: () throws -> Void) rethrows {
    var (none, before) = (sigset_t(), sigset_t())
    sigemptyset(&none)
    pthread_sigmask(SIG_SETMASK, &none, &before)
    defer { pthread_sigmask(SIG_SETMASK, &before, nil) }
    try body()
  }

  private static func appending(to path: String) throws -> FileHandle {
    // A run's folder can come from elsewhere: a link is not followed, and nobody waits for a pipe's reader.
    let descriptor = open(path, O_WRONLY | O_CREAT | O_NOFOLLOW | O_NONBLOCK | O_CLOEXEC, 0o644)
    guard descriptor >= 0 else { throw FileError.last(path, "opening the log") }
    let handle = FileHandle(fileDescriptor: descriptor, closeOnDealloc: true)
    try handle.seekToEnd()
    return handle
  }

  /// How long the last words of a process may take to be read.
  private static let lastWordsPatience = 2.0

  /// Ends what the process has started when it ends itself, and its output soon after: processes that still hold it, some
  /// of them in groups of their own, would hide that it is gone.
  private func watchEnd() {
    let leader = process.processIdentifier
    // Not this object itself: the process of one that nobody has any more ends when its input goes with it.
    Thread.detachNewThread { [weak self, output] in
      var information = siginfo_t()
      var found: Int32
      // Looks without reaping, which is left to `Process`, and which may have been faster.
      repeat {
        found = waitid(P_PID, id_t(leader), &information, WEXITED | WNOWAIT)
      } while found != 0 && errno == EINTR
      Foundation.kill(-leader, SIGKILL)
      if found == 0 {
        let status = information._sifields._sigchld.si_status
        self?.ending.withLock {
          $0 = information.si_code == CLD_EXITED ? .exited(status: status) : .killed(signal: status)
        }
      }
      Thread.sleep(forTimeInterval: Self.lastWordsPatience)
      output.finish()
    }
  }

  /// Waits for the first line.
  func ready() async throws -> Announcement {
    let line = try await nextLine(expecting: "the line that says it is ready")
    do {
      return try ReadyLine.announcement(in: line)
    } catch {
      throw lost(error.description)
    }
  }

  /// Has a job done.
  ///
  /// - Throws: ``WorkerLost`` if the process ends or breaks the protocol, ``JobFailed`` if the trainer gives up.
  func perform(_ job: Job, progress: (TrainingProgress) -> Void) async throws -> TrainingResult? {
    let id = nextID
    nextID += 1
    do {
      try await send(WorkerProtocol.line(JobLine(id: id, job: job)))
    } catch {
      throw await lost(before: "it took the job")
    }
    while true {
      let line = try await nextLine(expecting: "an answer to the job")
      let meaning: AnswerLine.Meaning
      do {
        meaning = try AnswerLine.meaning(of: line, for: job, id: id)
      } catch {
        throw lost(error.description)
      }
      switch meaning {
      case .progress(let report): progress(report)
      case .failed(let failure): throw failure
      case .finished(let result): return result
      }
    }
  }

  /// How much a pipe holds that nobody has read from yet (pipe(7)).
  private static let pipeCapacity = 1 << 16

  /// Writes a line to the process, which waits for one.
  private func send(_ line: Data) async throws {
    let write: @Sendable () throws -> Void = { [self] in
      try inputLock.withLock { _ in try input.fileHandleForWriting.write(contentsOf: line) }
    }
    if line.count <= Self.pipeCapacity { return try write() }
    // This takes until the process reads: nothing for a thread that others need, those that watch over it among them.
    heartbeat.expect()
    defer { heartbeat.relax() }
    try await withCheckedThrowingContinuation { (written: CheckedContinuation<Void, any Error>) in
      Thread.detachNewThread { written.resume(with: Result { try write() }) }
    }
  }

  /// Asks the process to end, by ending its input.
  func endInput() {
    // A worker that is just being written to, and does not read, has to be killed. An input that is closed already asks
    // for the same.
    _ = inputLock.withLockIfAvailable { _ in try? input.fileHandleForWriting.close() }
  }

  /// Whether the process still runs. Foundation asks whether anybody holds a socket that the process inherited, which
  /// what it started may do for longer.
  var isRunning: Bool { ending.withLock { $0 == nil } && process.isRunning }

  /// Ends the process and all that it started, whatever they do. Nobody waits for what it says any more.
  func kill() {
    if isRunning { Foundation.kill(-process.processIdentifier, SIGKILL) }
    endInput()
    output.finish()
  }

  private func nextLine(expecting what: String) async throws -> Data {
    heartbeat.expect()
    defer { heartbeat.relax() }
    if let line = await output.next() { return line }
    throw await lost(before: what)
  }

  /// The loss of a worker that does not speak or listen any more.
  private func lost(before what: String) async -> WorkerLost {
    if heartbeat.hasStopped {
      let seconds = heartbeat.timeout.seconds
      return lost("it said nothing for \(seconds) s (workers.heartbeat_timeout) before \(what)")
    }
    return lost("\(await howItEnded()) before \(what)")
  }

  /// How the process ended. Its output has ended, so it is ending too.
  private func howItEnded() async -> String {
    for _ in 0..<200 where isRunning {
      // Cancellation only makes it look sooner.
      try? await Task.sleep(for: .milliseconds(10))
    }
    if isRunning { return "it closed its output" }
    let found: Ending =
      ending.withLock { $0 }
      ?? (process.terminationReason == .exit
        ? .exited(status: process.terminationStatus) : .killed(signal: process.terminationStatus))
    switch found {
    case .exited(let status): return "it exited with status \(status)"
    case .killed(let signal):
      return "it was killed by signal \(signal)"
        + (signal == SIGKILL ? " (so does the system where memory is short)" : "")
    }
  }

  private func lost(_ reason: String) -> WorkerLost {
    // Without a log there are no last words.
    let tail = (try? endOfLog()) ?? ""
    let lines = tail.printable(ProtocolLimits.sentence).split(separator: "\n").suffix(3)
    return WorkerLost(
      worker: number, reason: reason, lastWords: String(lines.joined(separator: " | ").suffix(500)))
  }

  /// The last of what this process has written to its log.
  private func endOfLog() throws -> String {
    let log = try FileHandle(forReadingFrom: URL(fileURLWithPath: logPath))
    let end = try log.seekToEnd()
    try log.seek(toOffset: max(logStart, end - min(end, 4096)))
    return String(decoding: try log.readToEnd() ?? Data(), as: UTF8.self)
  }
}
