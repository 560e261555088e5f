import Foundation

/// A value of a JSON text (RFC 8259) with all members of its objects in their order, also those that have one name: readers that keep
/// one of them cannot tell that a header is ambiguous.
enum JSONText {
  case string(String)
  /// A whole number that fits; nil for any other number.
  case number(Int?)
  case array([JSONText])
  case object([(name: String, value: JSONText)])
  /// `true`, `false` or `null`.
  case word

  /// Reads a whole text; nil if it is not well-formed, or nested deeper than headers are.
  init?(_ bytes: UnsafeRawBufferPointer) {
    var reader = Reader(bytes: bytes)
    guard let value = reader.value(depth: 0), reader.isAtEnd() else { return nil }
    self = value
  }

  /// A string's characters; nil for other values.
  var string: String? { if case .string(let text) = self { text } else { nil } }

  /// An array's whole numbers; nil for other values, and for an array of anything else.
  var integers: [Int]? {
    guard case .array(let values) = self else { return nil }
    let numbers = values.compactMap { if case .number(let number) = $0 { number } else { nil } }
    return numbers.count == values.count ? numbers : nil
  }

  private struct Reader {
    let bytes: UnsafeRawBufferPointer
    var position = 0
    /// A header nests three deep; more is left for what it may come to hold.
    private static let deepest = 32

    init(bytes: UnsafeRawBufferPointer) { self.bytes = bytes }

    /// The next byte that is not white space; nil at the end.
    private mutating func next() -> UInt8? {
      while position < bytes.count {
        switch bytes[position] {
        case UInt8(ascii: " "), UInt8(ascii: "\n"), UInt8(ascii: "\r"), UInt8(ascii: "\t"): position += 1
        case let byte: return byte
        }
      }
      return nil
    }

    mutating func isAtEnd() -> Bool { next() == nil }

    /// Whether a character comes next, which is then passed.
    private mutating func take(_ character: Unicode.Scalar) -> Bool {
      guard next() == UInt8(ascii: character) else { return false }
      position += 1
      return true
    }

    mutating func value(depth: Int) -> JSONText? {
      guard depth < Self.deepest, let first = next() else { return nil }
      switch first {
      case UInt8(ascii: "{"): return object(depth: depth)
      case UInt8(ascii: "["): return array(depth: depth)
      case UInt8(ascii: "\""): return string().map(JSONText.string)
      case UInt8(ascii: "-"), UInt8(ascii: "0")...UInt8(ascii: "9"): return number()
      default: return word()
      }
    }

    private mutating func object(depth: Int) -> JSONText? {
      position += 1
      var members: [(name: String, value: JSONText)] = []
      if take("}") { return .object(members) }
      repeat {
        guard next() == UInt8(ascii: "\""), let name = string(), take(":"),
          let value = value(depth: depth + 1)
        else { return nil }
        members.append((name, value))
      } while take(",")
      return take("}") ? .object(members) : nil
    }

    private mutating func array(depth: Int) -> JSONText? {
      position += 1
      var values: [JSONText] = []
      if take("]") { return .array(values) }
      repeat {
        guard let value = value(depth: depth + 1) else { return nil }
        values.append(value)
      } while take(",")
      return take("]") ? .array(values) : nil
    }

    private mutating func string() -> String? {
      let start = position
      var hasEscapes = false
      position += 1
      while position < bytes.count, bytes[position] != UInt8(ascii: "\"") {
        if bytes[position] < 0x20 { return nil }
        let isEscape = bytes[position] == UInt8(ascii: "\\")
        hasEscapes = hasEscapes || isEscape
        position += isEscape ? 2 : 1
      }
      guard position < bytes.count else { return nil }
      position += 1
      if hasEscapes {
        return try? JSONDecoder().decode(String.self, from: Data(bytes[start..<position]))
      }
      return String(validating: bytes[start + 1..<position - 1], as: UTF8.self)
    }

    private mutating func number() -> JSONText? {
      let start = position
      while position < bytes.count, Self.isInNumber(bytes[position]) { position += 1 }
      let text = String(decoding: bytes[start..<position], as: UTF8.self)
      if let number = Int(text) { return .number(number) }
      return Double(text) == nil ? nil : .number(nil)
    }

    private static func isInNumber(_ byte: UInt8) -> Bool {
      switch byte {
      case UInt8(ascii: "0")...UInt8(ascii: "9"), UInt8(ascii: "+"), UInt8(ascii: "-"), UInt8(ascii: "."),
        UInt8(ascii: "E"), UInt8(ascii: "e"):
        true
      default: false
      }
    }

    private mutating func word() -> JSONText? {
      for word in ["true", "false", "null"] where bytes[position...].starts(with: word.utf8) {
        position += word.utf8.count
        return .word
      }
      return nil
    }
  }
}
