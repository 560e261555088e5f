import Dispatch
import Foundation

/// Turns the first Ctrl-C (or SIGTERM) into an orderly stop; the second ends the process at once.
final class InterruptHandler {
  private var sources: [any DispatchSourceSignal] = []

  /// Calls `stop` at the first signal.
  init(_ stop: @escaping @Sendable () async -> Void) {
    for number in [SIGINT, SIGTERM] {
      signal(number, SIG_IGN)
      let source = DispatchSource.makeSignalSource(signal: number, queue: .global())
      source.setEventHandler {
        signal(number, SIG_DFL)
        Task { await stop() }
      }
      source.resume()
      sources.append(source)
    }
  }

  /// Leaves the signals to the system again.
  func cancel() {
    for source in sources { source.cancel() }
    for number in [SIGINT, SIGTERM] { signal(number, SIG_DFL) }
  }
}
