import Synchronization

/// Notices that somebody who is expected to speak says nothing for too long. What was said and not yet heard is no silence: a listener
/// may be busier than the speaker.
final class Heartbeat: Sendable {
  /// How long is too long.
  let timeout: Duration
  private let state = Mutex(State())

  private struct State {
    var isExpected = false
    var last = ContinuousClock.now
    var unheard = 0
    var hasStopped = false
  }

  init(timeout: Duration) {
    self.timeout = timeout
  }

  /// Whether the silence has once been too long.
  var hasStopped: Bool { state.withLock { $0.hasStopped } }

  /// Notes a sign of life.
  func beat() { state.withLock { $0.last = .now } }

  /// Notes that a line was said.
  func said() { state.withLock { $0.unheard += 1 } }

  /// Notes that a line was heard.
  func heard() { state.withLock { $0.unheard -= 1 } }

  /// From now on something is expected to be said.
  func expect() {
    state.withLock { state in
      state.isExpected = true
      state.last = .now
    }
  }

  /// Nothing is expected any more.
  func relax() { state.withLock { $0.isExpected = false } }

  /// Calls `act` once if there is no sign of life for too long while one is expected.
  ///
  /// One watch for as long as this object lives: a sleep that is cancelled keeps its memory until it would have ended, so a new one for
  /// every line would add up.
  func watch(_ act: @escaping @Sendable () -> Void) {
    Task { [weak self] in
      while let deadline = self?.nextDeadline() {
        do {
          try await Task.sleep(until: deadline)
        } catch {
          return
        }
      }
      if self?.hasStopped == true { act() }
    }
  }

  /// When to look next; nil once the silence is too long.
  private func nextDeadline() -> ContinuousClock.Instant? {
    state.withLock { state in
      let isSilent = state.isExpected && state.unheard == 0
      let deadline = (isSilent ? state.last : .now) + timeout
      if deadline > .now { return deadline }
      state.hasStopped = true
      return nil
    }
  }
}
