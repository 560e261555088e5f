import Foundation
import PBTNAS
import Synchronization
import Testing

@testable import Engine

/// Seconds of processor time that this process has used.
private func processorSeconds() -> Double { Double(clock()) / Double(CLOCKS_PER_SEC) }

@Suite struct LineSplitterTests {
  private func lines(_ chunks: [[UInt8]]) -> [Data] {
    var (splitter, lines) = (LineSplitter(), [Data]())
    for chunk in chunks { chunk.withUnsafeBytes { splitter.take($0) { lines.append($0) } } }
    return lines
  }

  @Test func linesAreTheSameHoweverTheirBytesArrive() {
    let seed = randomSeed()
    var random = SeededGenerator(seed: seed)
    let bytes = (0..<5000).map { _ in random.below(7) == 0 ? UInt8(ascii: "\n") : UInt8(random.below(256)) }
    var expected = bytes.split(separator: UInt8(ascii: "\n"), omittingEmptySubsequences: false).map {
      Data($0)
    }
    // What has no end is no line.
    expected.removeLast()
    #expect(lines([bytes]) == expected)
    #expect(lines(bytes.map { [$0] }) == expected)
    var (chunks, start) = ([[UInt8]](), 0)
    while start < bytes.count {
      let end = min(bytes.count, start + random.below(40))
      chunks.append(Array(bytes[start..<end]))
      start = end
    }
    #expect(lines(chunks) == expected, "seed \(seed)")
  }

  @Test("a long line takes time in proportion to its length")
  func longLine() {
    let chunk = Array(repeating: UInt8(ascii: " "), count: 1 << 12)
    let start = processorSeconds()
    let found = lines(Array(repeating: chunk, count: 1 << 12) + [[UInt8(ascii: "\n")]])
    #expect(found.map(\.count) == [1 << 24])
    // Searching anew what was there took minutes.
    #expect(processorSeconds() - start < 20)
  }

  @Test("a line that is too long is handed out at once, cut, and the next one whole")
  func tooLong() {
    let chunk = Array(repeating: UInt8(ascii: "x"), count: 1 << 16)
    let long = Array(repeating: chunk, count: 260)
    #expect(lines(long).map(\.count) == [ProtocolLimits.line + 1])
    let found = lines(long + [Array("x\nnext\n".utf8)])
    #expect(found.map(\.count) == [ProtocolLimits.line + 1, 4] && found.last == Data("next".utf8))
  }
}

@Suite struct WorkerOutputTests {
  @Test(arguments: [
    (#"{"id":7,"progress":0.4,"samples_per_second":812}"#, true), (#"{ "progress" : NaN , "id":7}"#, true),
    (#"{"x":{"progress":null},"y":["progress"],"progress":"-Infinity"}"#, true),
    (#"{"id":7,"fitness":1,"metrics":{"progress":0.5}}"#, false), (#"{"id":7,"progress":null}"#, false),
    (#"{"id":7,"error":"no \"progress\":1 today"}"#, false), (#"{"id":7,"error":"progress","x":1}"#, false),
    (#"{"id":7}"#, false), (#"{"progress""#, false), (#"{"progress":"#, false), ("progress", false),
    ("", false),
  ])
  func reportsOfProgressAreKnownWithoutReadingThem(line: String, isReport: Bool) {
    #expect(isProgressReport(Data(line.utf8)) == isReport)
    #expect(isProgressReport(Data("xx\(line)".utf8).dropFirst(2)) == isReport)
  }

  private func output() -> (WorkerOutput, FileHandle) {
    let pipe = Pipe()
    let output = WorkerOutput(Heartbeat(timeout: .seconds(60)))
    output.read(pipe.fileHandleForReading)
    return (output, pipe.fileHandleForWriting)
  }

  /// Writes in a thread until that fails or the text is at its end; then closes.
  private func write(to handle: FileHandle, _ next: @escaping @Sendable (Int) -> String?) {
    signal(SIGPIPE) { _ in }
    Thread.detachNewThread {
      var count = 0
      while let text = next(count), (try? handle.write(contentsOf: Data(text.utf8))) != nil { count += 1 }
      // The other end may be closed already.
      try? handle.close()
    }
  }

  @Test(
    "of a flood of progress that nobody takes little is held, the newest is kept, and answers in their order",
    .timeLimit(.minutes(10)))
  func flood() async throws {
    let (output, handle) = output()
    let block = 1000
    write(to: handle) { count in
      if count == 800 { return "{\"id\":1,\"fitness\":1}\n{\"id\":2,\"progress\":0.5}\n{\"id\":2}\n" }
      if count > 800 { return nil }
      return (0..<block).map { "{\"id\":1,\"progress\":\(count * block + $0)}\n" }.joined()
    }
    // 20 MB come before the end.
    var largest = 0
    while !(await hasEnded(output, &largest)) {}
    #expect(largest <= LineQueue.maximalBytes)
    var lines: [String] = []
    while let line = await output.next() { lines.append(String(decoding: line, as: UTF8.self)) }
    #expect(
      lines == [
        #"{"id":1,"progress":799999}"#, #"{"id":1,"fitness":1}"#, #"{"id":2,"progress":0.5}"#, #"{"id":2}"#,
      ])
  }

  /// Whether an output has been read to its end, without taking anything.
  private func hasEnded(_ output: WorkerOutput, _ largest: inout Int) async -> Bool {
    largest = max(largest, output.size)
    // Cancellation only makes it look sooner.
    try? await Task.sleep(for: .milliseconds(10))
    return output.isFinished
  }

  @Test(
    "a worker that writes other lines than progress waits until they are taken, and none is lost",
    .timeLimit(.minutes(10)))
  func backPressure() async throws {
    let (output, handle) = output()
    let written = Mutex(0)
    let count = 20_000
    write(to: handle) { number in
      written.withLock { $0 = number }
      return number < count ? "{\"id\":\(number),\"x\":\"\(String(repeating: "x", count: 500))\"}\n" : nil
    }
    try await Task.sleep(for: .milliseconds(500))
    #expect(output.size <= LineQueue.maximalBytes)
    // What lies in the queue, in the pipe and in the reader's hands.
    #expect(written.withLock { $0 } < 2000)
    for number in 0..<count {
      let line = try #require(await output.next())
      #expect(line.starts(with: Data("{\"id\":\(number),".utf8)))
    }
    #expect(await output.next() == nil)
  }

  @Test(
    "the newest progress is handed out where nothing follows it, and no more than ten times a second",
    .timeLimit(.minutes(10)))
  func newestProgress() async throws {
    let (output, handle) = output()
    try handle.write(contentsOf: Data(#"{"id":1,"progress":0.1}"#.utf8 + [10]))
    #expect(await output.next() == Data(#"{"id":1,"progress":0.1}"#.utf8))
    let start = ContinuousClock.now
    for part in 2...9 { try handle.write(contentsOf: Data("{\"id\":1,\"progress\":0.\(part)}\n".utf8)) }
    // On a busy machine some of those before are handed out, too; the newest always is, though nothing
    // follows it.
    var newest: Data?
    while newest != Data(#"{"id":1,"progress":0.9}"#.utf8) { newest = try #require(await output.next()) }
    write(to: handle) { _ in
      ContinuousClock.now - start < .seconds(2) ? "{\"id\":1,\"progress\":0.5}\n" : nil
    }
    var count = 0
    while await output.next() != nil { count += 1 }
    #expect(count <= 10 * Int((ContinuousClock.now - start).seconds.rounded(.up)) + 2)
  }

  @Test("reading ends when it is told to, also while somebody holds the output open or writes without end")
  func ending() async throws {
    for isFull in [false, true] {
      let (output, handle) = output()
      let isRefused = Mutex(false)
      if isFull {
        write(to: handle) { _ in "{}\n" }
        while output.size == 0 { try await Task.sleep(for: .milliseconds(5)) }
        try await Task.sleep(for: .milliseconds(100))
      }
      output.finish()
      if isFull { while output.size > 0 { _ = await output.next() } }
      #expect(await output.next() == nil)
      // The reading end is closed when the thread is gone: then writing fails.
      signal(SIGPIPE) { _ in }
      for _ in 0..<1000 where !isRefused.withLock({ $0 }) {
        if isFull { break }
        if (try? handle.write(contentsOf: Data("{}\n".utf8))) == nil { isRefused.withLock { $0 = true } }
        try await Task.sleep(for: .milliseconds(5))
      }
      #expect(isFull || isRefused.withLock { $0 })
    }
  }
}

/// Trainers that are a line of shell, for what they say and how much.
@Suite struct TalkativeTrainerTests {
  private let run: TestRun

  init() throws { run = try TestRun() }

  private static let ready =
    #"{"ready":true,"protocol":1,"search_space":{"genes":[{"name":"g","options":["a","b"],"owns":[]}]}}"#

  /// - Parameter script: Python that has `say(text)` and `job()`, which gives the next job's number.
  private func executor(_ script: String, heartbeatTimeout: Double = 60) -> LocalExecutor {
    let begin = """
      import json, os, sys, time
      def say(text):
          sys.stdout.buffer.write(text if isinstance(text, bytes) else text.encode())
          sys.stdout.buffer.flush()
      def job():
          line = sys.stdin.readline()
          if not line: os._exit(0)
          return json.loads(line)['id']
      ready = '\(Self.ready)\\n'

      """
    let command = WorkerCommand(
      executable: "/usr/bin/env", arguments: ["python3", "-c", begin + script], threads: 1)
    return LocalExecutor(
      workers: 1, command: command, heartbeatTimeout: heartbeatTimeout, logFolder: run.folder.logs)
  }

  private let evaluate = Job.evaluate(
    EvaluateJob(genome: Genome([0]), checkpoint: "/a", seed: 1, artifacts: nil))

  @Test("a line that is not UTF-8 costs the worker its job, and no more", arguments: [true, false])
  func notUTF8(isFirstLine: Bool) async throws {
    let script =
      isFirstLine
      ? #"say(b'{"\xfb":1}\n')"#
      : #"""
      say(ready)
      first = not os.path.exists('MARKER')
      while True:
          id = job()
          if first: open('MARKER', 'w'); say(b'{"\xfb":1}\n')
          else: say('{"id":%d,"fitness":1}\n' % id)
      """#
    let executor = executor(script.replacing("MARKER", with: "\(run.folder.path)/marker"))
    if isFirstLine {
      await #expect { try await executor.start() } throws: {
        "\($0)".contains("the trainer broke the worker protocol: found `{\"\u{fffd}\":1}` (not UTF-8)")
      }
    } else {
      _ = try await executor.start()
      await #expect { try await executor.run(evaluate, started: {}, progress: { _ in }) } throws: {
        ($0 as? WorkerLost)?.reason.contains("(not UTF-8), expected `{\"id\":1}` with `fitness`") == true
      }
      let done = try await executor.run(evaluate, started: {}, progress: { _ in })
      #expect(done.result?.fitness == 1)
    }
    await executor.stop()
  }

  @Test("a line of 15 MB of blanks is read in time")
  func blanks() async throws {
    let executor = executor(
      #"""
      say(ready)
      while True:
          id = job()
          say(' ' * 15_000_000 + '{"id":%d,"fitness":1}\n' % id)
      """#)
    _ = try await executor.start()
    let start = processorSeconds()
    let done = try await executor.run(evaluate, started: {}, progress: { _ in })
    #expect(done.result?.fitness == 1)
    // Of this process alone. It took minutes.
    #expect(processorSeconds() - start < 60)
    await executor.stop()
  }

  @Test(
    "a flood of progress is a sign of life, little of it is handed on, and the answer comes through"
  )
  func flood() async throws {
    let executor = executor(
      #"""
      say(ready)
      while True:
          id = job()
          end = time.time() + 8
          block = ('{"id":%d,"progress":0.25,"samples_per_second":9}\n' % id) * 2000
          while time.time() < end: say(block)
          say('{"id":%d,"progress":0.75}\n{"id":%d,"fitness":3}\n' % (id, id))
      """#, heartbeatTimeout: 6)
    _ = try await executor.start()
    let reports = Mutex<[Double]>([])
    let start = ContinuousClock.now
    let done = try await executor.run(
      evaluate, started: {},
      progress: { report in reports.withLock { $0.append(report.fraction) } })
    let seconds = (ContinuousClock.now - start).seconds
    #expect(done.result?.fitness == 3)
    let found = reports.withLock { $0 }
    #expect(
      found.first == 0.25 && found.last == 0.75 && found.count <= Int(10 * seconds) + 2, "\(found.count)")
    await executor.stop()
  }

  @Test("a worker that floods, with a job or without, is stopped at once")
  func stopping() async throws {
    let executor = executor(
      #"""
      say(ready)
      while True: say('{"id":1,"progress":0.25}\n{"x":[]}\n' * 1000)
      """#)
    _ = try await executor.start()
    try await Task.sleep(for: .milliseconds(300))
    let start = ContinuousClock.now
    await executor.stop()
    #expect(ContinuousClock.now - start < .seconds(20))
    await #expect(throws: CancellationError.self) {
      try await executor.run(evaluate, started: {}, progress: { _ in })
    }
  }

  @Test("a worker that floods ends when nobody has it any more", .timeLimit(.minutes(10)))
  func forgotten() async throws {
    let marker = "\(run.folder.path)/ended"
    do {
      let executor = executor(
        #"""
        say(ready)
        try:
            while True: say('{"x":[]}\n' * 1000)
        except BrokenPipeError:
            open('MARKER', 'w')
            os._exit(0)
        """#.replacing("MARKER", with: marker))
      _ = try await executor.start()
    }
    while !FileManager.default.fileExists(atPath: marker) { try await Task.sleep(for: .milliseconds(20)) }
  }

  @Test("a worker's last words have no commands for a terminal in them")
  func lastWords() async throws {
    let executor = executor(
      #"sys.stderr.write('10%\r20%\r\x1b[31mno cheese\x1b[0m\x07\n'); sys.exit(1)"#)
    await #expect { try await executor.start() } throws: {
      "\($0)".hasSuffix("its last words: 10% | 20% | no cheese\u{fffd}")
    }
    await executor.stop()
  }
}
