import Foundation
import Safetensors

/// Answers jobs from standard input with lines on standard output until the input ends: the trainer's side of the worker protocol.
///
/// Standard output is kept for the protocol: whatever else the process prints there goes to standard error. When the input ends the
/// process exits at once, also in the middle of training, so that no worker outlives its engine. Interrupts from the keyboard are left to the engine.
///
/// - Throws: what writing to standard output throws.
public func serve(_ trainer: some Trainer) throws {
  signal(SIGINT, SIG_IGN)
  let output = FileHandle(fileDescriptor: dup(STDOUT_FILENO), closeOnDealloc: true)
  dup2(STDERR_FILENO, STDOUT_FILENO)
  try output.write(
    contentsOf: WorkerProtocol.line(
      ReadyLine(
        ready: true, protocol: WorkerProtocol.version, searchSpace: trainer.searchSpace,
        showsBest: trainer.showsBest ? true : nil)))
  let jobs = JobQueue()
  Thread.detachNewThread {
    readLines(of: STDIN_FILENO) { jobs.append($0) }
    // Not `exit`: what runs then could wait for the thread that trains.
    _exit(0)
  }
  while true {
    try answer(jobs.next(), with: trainer) { try output.write(contentsOf: WorkerProtocol.line($0)) }
  }
}

/// Does the job of a line and sends what is to be said about it.
func answer(_ line: Data, with trainer: some Trainer, send: (AnswerLine) throws -> Void) throws {
  let job: JobLine
  do {
    job = try WorkerProtocol.decode(JobLine.self, line, expected: "a job")
  } catch {
    // No job has this number, so the engine sees that something is wrong.
    return try send(AnswerLine(id: -1, error: "found \(error.found), expected \(error.expected)"))
  }
  try send(
    perform(job, with: trainer) { progress in
      // If the engine is gone, so is this process soon.
      try? send(
        AnswerLine(id: job.id, progress: progress.fraction, samplesPerSecond: progress.samplesPerSecond))
    })
}

/// Does a job and puts what came of it into a line.
private func perform(
  _ line: JobLine, with trainer: some Trainer, progress: (TrainingProgress) -> Void
) -> AnswerLine {
  do {
    let result: TrainingResult
    switch line.job {
    case .initialise(let job):
      try trainer.initialise(job)
      return AnswerLine(id: line.id)
    case .train(let job): result = try trainer.train(job, progress: progress)
    case .evaluate(let job): result = try trainer.evaluate(job, progress: progress)
    }
    return AnswerLine(
      id: line.id, fitness: result.fitness, metrics: result.metrics, shownMetrics: result.shownMetrics,
      files: result.files,
      artifactsProblem: result.artifactsProblem, warnings: result.warnings, seconds: result.seconds,
      shares: result.shares, releases: result.releases)
  } catch {
    let isDiskFull = meansFullDisk(error)
    return AnswerLine(
      id: line.id, error: String(describing: error), diskFull: isDiskFull ? true : nil)
  }
}

/// Reads lines until the input ends or cannot be read any more.
private func readLines(of file: Int32, _ line: (Data) -> Void) {
  let buffer = UnsafeMutableRawBufferPointer.allocate(byteCount: 1 << 16, alignment: 1)
  defer { buffer.deallocate() }
  var splitter = LineSplitter()
  while true {
    let count = read(file, buffer.baseAddress, buffer.count)
    if count < 0 && errno == EINTR { continue }
    if count <= 0 { return }
    splitter.take(UnsafeRawBufferPointer(rebasing: buffer[..<count]), line)
  }
}

/// Jobs that one thread reads and another takes.
private final class JobQueue: @unchecked Sendable {
  /// An engine sends one job at a time. Of somebody who sends more, no more than this is held.
  private static let maximalCount = 4

  // Guarded by `condition`.
  private var lines: [Data] = []
  private let condition = NSCondition()

  /// Adds a line; waits while there is no room.
  func append(_ line: Data) {
    condition.withLock {
      while lines.count >= Self.maximalCount { condition.wait() }
      lines.append(line)
    }
    condition.broadcast()
  }

  /// The next line; waits for one.
  func next() -> Data {
    condition.lock()
    defer { condition.unlock() }
    while lines.isEmpty { condition.wait() }
    condition.broadcast()
    return lines.removeFirst()
  }
}
