/// An element of an SVG picture, and how it becomes text (XML 1.0).
struct SVGElement {
  /// What an element holds.
  enum Content {
    case element(SVGElement)
    case text(String)
  }

  let name: String
  var attributes: [(name: String, value: String)]
  var content: [Content]

  /// An element with others in it.
  init(_ name: String, _ attributes: KeyValuePairs<String, String> = [:], _ elements: [SVGElement] = []) {
    self.name = name
    self.attributes = attributes.map { ($0.key, $0.value) }
    content = elements.map { .element($0) }
  }

  /// An element with nothing but text in it.
  init(_ name: String, _ attributes: KeyValuePairs<String, String> = [:], text: String) {
    self.init(name, attributes)
    content = [.text(text)]
  }

  /// The element as text. One with text in it stays on its line: blanks there would be shown.
  func text(indentation: String = "") -> String {
    let start =
      "\(indentation)<\(name)" + attributes.map { " \($0.name)=\"\(xmlEscaped($0.value))\"" }.joined()
    if content.isEmpty { return start + "/>\n" }
    let inner = content.map { part in
      switch part {
      case .element(let element): element.text(indentation: indentation + "  ")
      case .text(let text): xmlEscaped(text)
      }
    }.joined()
    if case .text = content[0] { return "\(start)>\(inner)</\(name)>\n" }
    return "\(start)>\n\(inner)\(indentation)</\(name)>\n"
  }
}

/// Text as XML may hold it, in elements and in quotes: what has a meaning there is written as a reference,
/// and what no XML may hold (control characters; XML 1.0, section 2.2) becomes U+FFFD.
func xmlEscaped(_ text: String) -> String {
  var escaped = ""
  for scalar in text.unicodeScalars {
    switch scalar {
    case "&": escaped += "&amp;"
    case "<": escaped += "&lt;"
    case ">": escaped += "&gt;"
    case "\"": escaped += "&quot;"
    case "'": escaped += "&#39;"
    case "\t", "\n", "\r": escaped += " "
    case "\u{0}"..<"\u{20}", "\u{FFFE}", "\u{FFFF}": escaped += "\u{FFFD}"
    default: escaped.unicodeScalars.append(scalar)
    }
  }
  return escaped
}
