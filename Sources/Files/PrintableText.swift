extension Unicode.Scalar {
  /// Whether it would change a terminal's state, break a line, or turn the order in which a line is read.
  public var isUnprintable: Bool {
    switch properties.generalCategory {
    case .control, .lineSeparator, .paragraphSeparator: true
    case .format: ("\u{202a}"..."\u{202e}").contains(self) || ("\u{2066}"..."\u{2069}").contains(self)
    default: false
    }
  }
}

extension String {
  /// A text of somebody else as it may be shown on a terminal: without a terminal's commands and control
  /// characters, but with its lines and tabs, and cut to a number of characters.
  public func printable(_ limit: Int) -> String {
    var kept = UnicodeScalarView()
    // A character has a few scalars; one that is stacked without end is cut, too.
    let scalars = unicodeScalars.prefix(4 * limit)
    var index = scalars.startIndex
    while index < scalars.endIndex {
      let scalar = scalars[index]
      let next = scalars.index(after: index)
      switch scalar {
      case "\u{1b}":
        index = scalars[next...].endOfTerminalCommand
        continue
      case "\r":
        // One of `\r\n` is enough.
        if next == scalars.endIndex || scalars[next] != "\n" { kept.append("\n") }
      case "\u{2028}", "\u{2029}", "\u{85}": kept.append("\n")
      case "\n", "\t": kept.append(scalar)
      default: kept.append(scalar.isUnprintable ? "\u{fffd}" : scalar)
      }
      index = next
    }
    let text = String(kept)
    let isCut = scalars.endIndex < unicodeScalars.endIndex || text.count > limit
    return isCut ? text.prefix(limit) + "..." : text
  }
}

extension Substring.UnicodeScalarView {
  /// Where a command that began with an escape ends, such as `[31m`, which makes text red; the start if this
  /// is none.
  fileprivate var endOfTerminalCommand: Index {
    guard first == "[" else { return startIndex }
    let parameters = dropFirst().prefix { ("\u{20}"..."\u{3f}").contains($0) }
    return parameters.endIndex < endIndex ? index(after: parameters.endIndex) : endIndex
  }
}
