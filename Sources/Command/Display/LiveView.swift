import Dispatch
import Engine
import Foundation

/// Shows a run in place on a terminal: a table that is drawn over itself.
final class LiveView: Display, @unchecked Sendable {
  /// Times a second that the view is drawn.
  private static let rate = 5.0

  // Guarded by `lock`.
  private var view = RunView()
  private var drawn: [Int] = []
  private var isCursorHidden = false
  private var hidesCursor = true
  private var isClosed = false
  private let lock = NSLock()
  private let colours: Bool
  private let start = DispatchTime.now()
  private let timer: any DispatchSourceTimer

  /// - Parameter colours: whether text may be coloured.
  init(colours: Bool) {
    self.colours = colours
    timer = DispatchSource.makeTimerSource(queue: .global())
    timer.schedule(deadline: .now(), repeating: 1 / Self.rate)
    timer.setEventHandler { [weak self] in self?.tick() }
    timer.resume()
  }

  /// Whether standard output is a terminal that can be drawn on.
  static var isPossible: Bool {
    isatty(STDOUT_FILENO) == 1 && ProcessInfo.processInfo.environment["TERM"] != "dumb"
  }

  /// Whether the user wants colours: see no-color.org.
  static var wantsColours: Bool {
    (ProcessInfo.processInfo.environment["NO_COLOR"] ?? "").isEmpty
  }

  func show(_ event: RunEvent) {
    lock.withLock {
      view.take(event, at: now)
      switch event {
      case .interrupted, .runFailed, .runFinished:
        finish()
        if let words = PlainLines.lastWords(event) { writeOut(words + "\n") }
      default: break
      }
    }
  }

  func stopping() {
    lock.withLock {
      view.say("stopping; what is finished is kept. Ctrl-C again ends at once")
      // The next Ctrl-C leaves no time for it.
      hidesCursor = false
      showCursor()
      if !isClosed { draw() }
    }
  }

  func close() {
    lock.withLock { finish() }
  }

  private var now: Double {
    Double(DispatchTime.now().uptimeNanoseconds - start.uptimeNanoseconds) * 1e-9
  }

  private func tick() {
    lock.withLock {
      if !isClosed { draw() }
    }
  }

  /// Draws the last state and leaves the cursor below it.
  private func finish() {
    guard !isClosed else { return }
    isClosed = true
    timer.cancel()
    hidesCursor = false
    draw()
    showCursor()
  }

  /// Draws the view over what was drawn before, in one write, so that nothing flickers.
  private func draw() {
    guard view.isStarted else { return }
    let size = terminalSize()
    // A line that fills the last column would be wrapped by some terminals.
    let lines = view.lines(width: max(1, size.width - 1), height: max(1, size.height - 1), at: now)
    var text = ""
    if hidesCursor && !isCursorHidden {
      text += "\u{1b}[?25l"
      isCursorHidden = true
    }
    // After the terminal was made narrower, an old line may lie on several rows.
    let rows = drawn.reduce(0) { $0 + max(1, ($1 + size.width - 1) / size.width) }
    if rows > 0 { text += "\r\u{1b}[\(min(rows, size.height - 1))A" }
    for line in lines { text += "\r" + line.text(colours: colours) + "\u{1b}[K\n" }
    text += "\u{1b}[J"
    drawn = lines.map(\.length)
    writeOut(text)
  }

  private func showCursor() {
    guard isCursorHidden else { return }
    isCursorHidden = false
    writeOut("\u{1b}[?25h")
  }

  private func terminalSize() -> (width: Int, height: Int) {
    var size = winsize()
    guard ioctl(STDOUT_FILENO, UInt(TIOCGWINSZ), &size) == 0, size.ws_col > 0, size.ws_row > 1 else {
      return (80, 24)
    }
    return (Int(size.ws_col), Int(size.ws_row))
  }
}
