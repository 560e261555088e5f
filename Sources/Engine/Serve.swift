import Foundation

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
      ReadyLine(ready: true, protocol: WorkerProtocol.version, searchSpace: trainer.searchSpace)))
  let jobs = LineQueue()
  Thread.detachNewThread {
    while let line = readLine() { jobs.append(line) }
    exit(0)
  }
  while true {
    let answer: AnswerLine
    do {
      let line = try WorkerProtocol.decoder().decode(JobLine.self, from: Data(jobs.next().utf8))
      answer = perform(line, with: trainer) { progress in
        let report = AnswerLine(
          id: line.id, progress: progress.fraction, samplesPerSecond: progress.samplesPerSecond)
        if let data = try? WorkerProtocol.line(report) { try? output.write(contentsOf: data) }
      }
    } catch {
      answer = AnswerLine(id: -1, error: "this is not a job: \(error)")
    }
    try output.write(contentsOf: WorkerProtocol.line(answer))
  }
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
    case .evaluate(let job): result = try trainer.evaluate(job)
    }
    return AnswerLine(
      id: line.id, fitness: result.fitness, metrics: result.metrics, files: result.files,
      seconds: result.seconds)
  } catch {
    return AnswerLine(id: line.id, error: String(describing: error))
  }
}

/// Lines that one thread reads and another takes.
private final class LineQueue: @unchecked Sendable {
  // Guarded by `condition`.
  private var lines: [String] = []
  private let condition = NSCondition()

  func append(_ line: String) {
    condition.withLock { lines.append(line) }
    condition.signal()
  }

  /// The next line; waits for one.
  func next() -> String {
    condition.lock()
    defer { condition.unlock() }
    while lines.isEmpty { condition.wait() }
    return lines.removeFirst()
  }
}
