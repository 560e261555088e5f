import Foundation

/// The lines of a worker's standard output, which a thread of its own reads. They are taken by one task at a
/// time.
///
/// Whatever the worker writes, little of it is held: a line that has not ended, of at most
/// ``ProtocolLimits/line`` bytes, and what a ``LineQueue`` holds. Of reports of progress only the newest is
/// handed out, at most ten times a second, and at once where another line follows it. A worker that writes
/// other lines faster than they are taken has to wait.
final class WorkerOutput: Sendable {
  /// How long after a report of progress the next one is handed out.
  static let reportPause = Duration.milliseconds(100)

  private let lines = LineQueue()
  private let heartbeat: Heartbeat
  /// Nothing is written to it. That its writing end is closed wakes the thread.
  private let end = Pipe.closedInOtherProcesses()

  /// - Parameter heartbeat: gets every sign of life.
  init(_ heartbeat: Heartbeat) {
    self.heartbeat = heartbeat
  }

  /// How many bytes were read and are yet to be taken.
  var size: Int { lines.size }

  /// Whether it was read to its end, or ``finish()`` was called.
  var isFinished: Bool { lines.isFinished }

  /// The next line; nil when none will come.
  func next() async -> Data? {
    guard let line = await lines.next() else { return nil }
    heartbeat.heard()
    return line
  }

  /// Ends reading, also where another process holds the output open. What was read can still be taken.
  func finish() {
    lines.finish()
    // It may be closed already.
    try? end.fileHandleForWriting.close()
  }

  /// Reads in a thread until the output ends or ``finish()`` is called.
  func read(_ output: FileHandle) {
    Thread.detachNewThread { [self] in
      let buffer = UnsafeMutableRawBufferPointer.allocate(byteCount: 1 << 16, alignment: 1)
      defer { buffer.deallocate() }
      var splitter = LineSplitter()
      /// The newest report of progress, which has to wait, and until when reports have to.
      var report: Data?
      var pauseEnd = ContinuousClock.now
      func handOut(_ line: Data, isProgress: Bool = false) {
        // Before it is handed out, as somebody may wait for it.
        heartbeat.said()
        if lines.add(line, isProgress: isProgress) != .added { heartbeat.heard() }
      }
      func handOutReport() {
        if let line = report { handOut(line, isProgress: true) }
        report = nil
        pauseEnd = .now + Self.reportPause
      }
      while let hasBytes = wait(for: output, until: report == nil ? nil : pauseEnd) {
        if hasBytes {
          let count = Glibc.read(output.fileDescriptor, buffer.baseAddress, buffer.count)
          if count < 0 && errno == EINTR { continue }
          if count <= 0 { break }
          heartbeat.beat()
          splitter.take(UnsafeRawBufferPointer(rebasing: buffer[..<count])) { line in
            if isProgressReport(line) {
              report = line
            } else {
              if report != nil { handOutReport() }
              handOut(line)
            }
          }
        }
        if report != nil && ContinuousClock.now >= pauseEnd { handOutReport() }
      }
      if report != nil { handOutReport() }
      finish()
      // Others may have the handle, and whoever still writes has to notice that nobody reads. It may be
      // closed already.
      try? output.close()
    }
  }

  /// Waits for bytes.
  ///
  /// - Returns: whether there are some, or the output has ended; false after the time. Nil when nobody wants
  ///   any.
  private func wait(for output: FileHandle, until time: ContinuousClock.Instant?) -> Bool? {
    while !lines.isFinished {
      var files = [
        pollfd(fd: output.fileDescriptor, events: Int16(POLLIN), revents: 0),
        pollfd(fd: end.fileHandleForReading.fileDescriptor, events: Int16(POLLIN), revents: 0),
      ]
      let milliseconds = time.map { max(0, (($0 - .now) / .milliseconds(1)).rounded(.up)) }
      let count = poll(&files, nfds_t(files.count), milliseconds.map { Int32($0) } ?? -1)
      if count < 0 && errno != EINTR { return nil }
      if count == 0 { return false }
      if count > 0 && files[0].revents != 0 { return true }
    }
    return nil
  }
}

extension Pipe {
  /// A pipe that processes started meanwhile do not get: one that held a worker's input would keep that
  /// worker alive when the engine is gone. Foundation closes what is open when it starts a process, but not
  /// what is opened just then.
  static func closedInOtherProcesses() -> Pipe {
    let pipe = Pipe()
    for handle in [pipe.fileHandleForReading, pipe.fileHandleForWriting] {
      _ = fcntl(handle.fileDescriptor, F_SETFD, FD_CLOEXEC)
    }
    return pipe
  }
}
