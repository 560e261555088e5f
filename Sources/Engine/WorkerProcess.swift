import Foundation
import PBTNAS

/// A trainer in a process of this machine. Used by one task at a time.
final class WorkerProcess: @unchecked Sendable {
  let number: Int
  private let process = Process()
  private let input = Pipe()
  private let lines: AsyncStream<Data>
  private let logPath: String
  // Only touched by the one task that uses the worker.
  private var iterator: AsyncStream<Data>.Iterator
  private var nextID = 1

  /// Starts the process.
  ///
  /// - Parameter logPath: where its standard error is appended.
  init(number: Int, command: WorkerCommand, logPath: String) throws {
    self.number = number
    self.logPath = logPath
    process.executableURL = URL(fileURLWithPath: command.executable)
    process.arguments = command.arguments
    process.environment = command.environment
    process.standardInput = input
    let output = Pipe()
    process.standardOutput = output
    process.standardError = try Self.appending(to: logPath)
    let (stream, continuation) = AsyncStream.makeStream(of: Data.self)
    lines = stream
    iterator = stream.makeAsyncIterator()
    try process.run()
    let handle = output.fileHandleForReading
    Thread.detachNewThread {
      var rest = Data()
      while case let chunk = handle.availableData, !chunk.isEmpty {
        rest.append(chunk)
        while let end = rest.firstIndex(of: UInt8(ascii: "\n")) {
          continuation.yield(Data(rest[rest.startIndex..<end]))
          rest = Data(rest[rest.index(after: end)...])
        }
      }
      continuation.finish()
    }
  }

  private static func appending(to path: String) throws -> FileHandle {
    if !FileManager.default.fileExists(atPath: path) {
      try Data().write(to: URL(fileURLWithPath: path))
    }
    let handle = try FileHandle(forWritingTo: URL(fileURLWithPath: path))
    try handle.seekToEnd()
    return handle
  }

  /// Waits for the first line.
  func ready() async throws -> SearchSpace {
    let line = try await nextLine(expecting: "the line that says it is ready")
    guard let ready = try? WorkerProtocol.decoder().decode(ReadyLine.self, from: line), ready.ready else {
      throw lost(violation(line, expected: "{\"ready\":true,\"protocol\":1,\"search_space\":...}"))
    }
    guard ready.protocol == WorkerProtocol.version else {
      throw lost(
        ProtocolViolation(found: "protocol \(ready.protocol)", expected: "\(WorkerProtocol.version)")
          .description)
    }
    return ready.searchSpace
  }

  /// Has a job done.
  func perform(_ job: Job, progress: (TrainingProgress) -> Void) async throws -> TrainingResult? {
    let id = nextID
    nextID += 1
    do {
      try input.fileHandleForWriting.write(contentsOf: WorkerProtocol.line(JobLine(id: id, job: job)))
    } catch {
      throw lost(await ending())
    }
    while true {
      let line = try await nextLine(expecting: "an answer")
      guard let answer = try? WorkerProtocol.decoder().decode(AnswerLine.self, from: line), answer.id == id
      else {
        throw lost(violation(line, expected: "an answer to job \(id)"))
      }
      switch try answer.meaning(for: job) {
      case .progress(let report): progress(report)
      case .failed(let message): throw JobFailed(description: message)
      case .finished(let result): return result
      }
    }
  }

  /// Ends the process, whatever it does.
  func kill() {
    try? input.fileHandleForWriting.close()
    if process.isRunning { Foundation.kill(process.processIdentifier, SIGKILL) }
  }

  private func nextLine(expecting what: String) async throws -> Data {
    guard let line = await iterator.next() else { throw lost("\(await ending()) before \(what)") }
    return line
  }

  private func violation(_ line: Data, expected: String) -> String {
    let text = String(decoding: line.prefix(200), as: UTF8.self)
    return ProtocolViolation(found: "`\(text)`", expected: expected).description
  }

  /// How the process ended. Its output has ended, so it is ending too.
  private func ending() async -> String {
    for _ in 0..<200 where process.isRunning {
      try? await Task.sleep(for: .milliseconds(10))
    }
    if process.isRunning { return "it closed its output" }
    return process.terminationReason == .exit
      ? "it exited with status \(process.terminationStatus)"
      : "it was killed by signal \(process.terminationStatus)"
  }

  private func lost(_ reason: String) -> WorkerLost {
    let log = (try? String(contentsOfFile: logPath, encoding: .utf8)) ?? ""
    let tail = log.split(separator: "\n").suffix(3).joined(separator: " | ")
    return WorkerLost(worker: number, reason: reason, lastWords: String(tail.suffix(500)))
  }
}
