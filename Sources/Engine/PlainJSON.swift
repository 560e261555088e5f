import Foundation

/// Why a line is not even tried as JSON.
enum UnreadableLine: Error, Hashable {
  case tooLong
  case notUTF8
  case zeroByte
  case tooDeep

  /// The reason in a few words.
  var reason: String {
    switch self {
    case .tooLong: "longer than \(ProtocolLimits.line >> 20) MB"
    case .notUTF8: "not UTF-8"
    case .zeroByte: "with a zero byte"
    case .tooDeep: "nested more than \(ProtocolLimits.nesting) deep"
    }
  }
}

/// A line as JSON that Foundation's reader may be given, with the bare words `NaN`, `Infinity` and
/// `-Infinity` as strings.
///
/// Foundation could read the bare words itself, as JSON5, but then a few texts end the process: bytes that
/// are not UTF-8 in a key, or a number such as `1e+`. So it reads plain JSON alone. Zero bytes are refused
/// because they make it take a line for UTF-16.
///
/// - Throws: ``UnreadableLine``. Whatever else is wrong is found when the result is decoded.
func plainJSON(_ line: Data) throws(UnreadableLine) -> Data {
  if line.count > ProtocolLimits.line { throw .tooLong }
  let scan = line.withUnsafeBytes(Scan.init)
  if let problem = scan.problem { throw problem }
  if scan.bareWords.isEmpty { return line }
  var plain = Data(capacity: line.count + 2 * scan.bareWords.count)
  var copied = 0
  for word in scan.bareWords {
    let first = line.startIndex
    plain += line[first + copied..<first + word.lowerBound]
    plain.append(UInt8(ascii: "\""))
    plain += line[first + word.lowerBound..<first + word.upperBound]
    plain.append(UInt8(ascii: "\""))
    copied = word.upperBound
  }
  plain += line[(line.startIndex + copied)...]
  return plain
}

/// What one pass over a line finds.
private struct Scan {
  private(set) var problem: UnreadableLine?
  /// Where the bare words are, in their order.
  private(set) var bareWords: [Range<Int>] = []

  init(_ bytes: UnsafeRawBufferPointer) {
    if String(validating: bytes.bindMemory(to: UInt8.self), as: UTF8.self) == nil {
      problem = .notUTF8
      return
    }
    var depth = 0
    var isInString = false
    var index = 0
    while index < bytes.count, problem == nil {
      let byte = bytes[index]
      if byte == 0 { problem = .zeroByte }
      if isInString {
        if byte == UInt8(ascii: "\"") { isInString = false }
        // What follows a backslash does not end the string.
        if byte == UInt8(ascii: "\\") { index += 1 }
      } else {
        switch byte {
        case UInt8(ascii: "\""): isInString = true
        case UInt8(ascii: "["), UInt8(ascii: "{"):
          depth += 1
          if depth > ProtocolLimits.nesting { problem = .tooDeep }
        case UInt8(ascii: "]"), UInt8(ascii: "}"): depth -= 1
        case UInt8(ascii: "N"), UInt8(ascii: "I"), UInt8(ascii: "-"):
          if let length = Self.bareWord(bytes, at: index) {
            bareWords.append(index..<index + length)
            index += length - 1
          }
        default: break
        }
      }
      index += 1
    }
  }

  private static let words = ["NaN", "Infinity", "-Infinity"].map { Array($0.utf8) }

  /// The length of the bare word that begins at an index; nil if none does.
  private static func bareWord(_ bytes: UnsafeRawBufferPointer, at index: Int) -> Int? {
    words.first { word in
      index + word.count <= bytes.count && bytes[index..<index + word.count].elementsEqual(word)
    }?.count
  }
}
