import Synchronization

/// Notices that somebody who is expected to speak says nothing for too long. What was said and not yet heard is no silence: a listener
/// may be busier than the speaker.
final class Heartbeat: Sendable {
  /// How long is too long.
  let timeout: Duration
  private let last = Mutex(ContinuousClock.now)
  private let unheard = Mutex(0)
  private let stopped = Mutex(false)

  init(timeout: Duration) {
    self.timeout = timeout
  }

  /// Whether the silence has once been too long.
  var hasStopped: Bool { stopped.withLock { $0 } }

  /// Notes a sign of life.
  func beat() {
    last.withLock { $0 = .now }
  }

  /// Notes that a line was said.
  func said() { unheard.withLock { $0 += 1 } }

  /// Notes that a line was heard.
  func heard() { unheard.withLock { $0 -= 1 } }

  /// From now on, until the task is cancelled, calls `act` once if there is no sign of life for too long.
  func watch(_ act: @escaping @Sendable () -> Void) -> Task<Void, Never> {
    beat()
    return Task {
      while true {
        let start = unheard.withLock { $0 } > 0 ? ContinuousClock.now : last.withLock { $0 }
        let deadline = start + timeout
        if ContinuousClock.now >= deadline { break }
        do {
          try await Task.sleep(until: deadline)
        } catch {
          return
        }
      }
      stopped.withLock { $0 = true }
      act()
    }
  }
}
