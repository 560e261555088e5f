import Synchronization

/// Notices that somebody who is expected to speak says nothing for too long.
final class Heartbeat: Sendable {
  /// How long is too long.
  let timeout: Duration
  private let last = Mutex(ContinuousClock.now)
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

  /// From now on, until the task is cancelled, calls `act` once if there is no sign of life for too long.
  func watch(_ act: @escaping @Sendable () -> Void) -> Task<Void, Never> {
    beat()
    return Task {
      while true {
        let deadline = last.withLock { $0 } + timeout
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
