import Dispatch
import Foundation

/// Turns the first Ctrl-C (or SIGTERM) into an orderly stop; a second one of the same kind ends the process at once.
final class InterruptHandler {
  private var sources: [any DispatchSourceSignal] = []

  /// Calls `stop` at the first signal.
  init(_ stop: @escaping @Sendable () async -> Void) {
    for number in [SIGINT, SIGTERM] {
      // Not ignored, which programs that are started would inherit.
      signal(number) { _ in }
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
