import Foundation

/// Lines that a thread has read and a task is yet to take. It holds a limited amount of them: a thread that
/// reads faster than they are taken waits, and reports of progress that nobody has taken yet are replaced by
/// the newest.
final class LineQueue: @unchecked Sendable {
  /// How many lines may lie here.
  static let maximalCount = 256
  /// How many bytes may lie here; one line alone may have more.
  static let maximalBytes = 1 << 20

  /// What became of a line.
  enum Outcome {
    case added
    /// It took the place of an older report of progress.
    case replaced
    /// Nobody wants lines any more.
    case refused
  }

  private let condition = NSCondition()
  // All guarded by `condition`.
  private var lines: [(data: Data, isProgress: Bool)] = []
  private var bytes = 0
  private var waiting: CheckedContinuation<Data?, Never>?
  private var hasEnded = false

  /// Whether nobody wants lines any more, or there are none to come.
  var isFinished: Bool { condition.withLock { hasEnded } }

  /// Bytes that lie here.
  var size: Int { condition.withLock { bytes } }

  /// Adds a line; waits while there is no room.
  func add(_ line: Data, isProgress: Bool) -> Outcome {
    condition.withLock {
      if isProgress, !hasEnded, let last = lines.last, last.isProgress {
        lines[lines.count - 1].data = line
        bytes += line.count - last.data.count
        return .replaced
      }
      while !hasEnded && !hasRoom(for: line) { condition.wait() }
      if hasEnded { return .refused }
      if let waiting {
        self.waiting = nil
        waiting.resume(returning: line)
      } else {
        lines.append((line, isProgress))
        bytes += line.count
      }
      return .added
    }
  }

  private func hasRoom(for line: Data) -> Bool {
    lines.isEmpty || (lines.count < Self.maximalCount && bytes + line.count <= Self.maximalBytes)
  }

  /// The next line, when there is one; nil when none is left and none will come. Cancellation ends all
  /// waiting.
  func next() async -> Data? {
    await withTaskCancellationHandler {
      await withCheckedContinuation { take($0) }
    } onCancel: {
      finish()
    }
  }

  private func take(_ taker: CheckedContinuation<Data?, Never>) {
    condition.withLock {
      if !lines.isEmpty {
        let line = lines.removeFirst().data
        bytes -= line.count
        condition.signal()
        taker.resume(returning: line)
      } else if hasEnded {
        taker.resume(returning: nil)
      } else {
        waiting = taker
      }
    }
  }

  /// Refuses further lines. Those that are here can still be taken.
  func finish() {
    condition.withLock {
      hasEnded = true
      condition.broadcast()
      waiting?.resume(returning: nil)
      waiting = nil
    }
  }
}
