import Engine
import Foundation
import Synchronization

/// Shows a run's events. Called from any thread, one event at a time or several at once.
protocol Display: AnyObject, Sendable {
  func show(_ event: RunEvent)
  /// Says that the run was asked to stop.
  func stopping()
  /// Leaves the terminal as it was.
  func close()
}

extension Display {
  func stopping() {}
}

/// The display that the options ask for, or that suits standard output.
func makeDisplay(_ options: DisplayOptions) -> any Display {
  if options.json { return JSONLines() }
  if options.quiet { return QuietDisplay() }
  return LiveView.isPossible ? LiveView(colours: LiveView.wantsColours) : PlainLines()
}

/// Every event as a line of JSON.
final class JSONLines: Display, @unchecked Sendable {
  private let lock = NSLock()

  func show(_ event: RunEvent) {
    let line = event.jsonLine
    lock.withLock { writeOut(line + "\n") }
  }

  func close() {}
}

/// Nothing but the best network's file, at the end.
final class QuietDisplay: Display {
  func show(_ event: RunEvent) {
    switch event {
    case .runFinished(let summary): writeOut(RunFolder(path: summary.folder).best + "\n")
    case .interrupted(let folder): writeError("interrupted; go on by `pbtnas resume \(folder)`\n")
    default: break
    }
  }

  func close() {}
}

/// Writes text to standard output at once. Where nobody reads it any more, or its file has no room, work goes on without.
func writeOut(_ text: String) {
  do {
    try FileHandle.standardOutput.write(contentsOf: Data(text.utf8))
  } catch {
    outputIsLost.withLock { isTold in
      if !isTold {
        writeError("standard output cannot be written to any more; the work goes on without it\n")
      }
      isTold = true
    }
  }
}

/// Whether it has been said that standard output is lost.
private let outputIsLost = Mutex(false)

/// Writes text to standard error at once, if that is possible.
func writeError(_ text: String) {
  // There is nowhere left to tell.
  try? FileHandle.standardError.write(contentsOf: Data(text.utf8))
}
