import Foundation

/// Whether a line of JSON is an object with a number under `progress`, as far as one pass over it can tell
/// without reading it. What it says of text that is not JSON does not matter: such a line ends the worker
/// whenever it is read.
func isProgressReport(_ line: Data) -> Bool {
  line.withUnsafeBytes { bytes in
    var depth = 0
    var stringStart: Int?
    var index = 0
    while index < bytes.count {
      let byte = bytes[index]
      if let start = stringStart {
        if byte == UInt8(ascii: "\\") {
          index += 1
        } else if byte == UInt8(ascii: "\"") {
          stringStart = nil
          if depth == 1, index - start - 1 == progressKey.count,
            bytes[(start + 1)..<index].elementsEqual(progressKey),
            let value = firstByte(ofValueAfter: index, in: bytes)
          {
            return numberStarts.contains(value)
          }
        }
      } else {
        switch byte {
        case UInt8(ascii: "\""): stringStart = index
        case UInt8(ascii: "{"), UInt8(ascii: "["): depth += 1
        case UInt8(ascii: "}"), UInt8(ascii: "]"): depth -= 1
        default: break
        }
      }
      index += 1
    }
    return false
  }
}

private let progressKey = Array("progress".utf8)

/// What a number begins with, be it a bare word or a string.
private let numberStarts = Set("-0123456789NI\"".utf8)

/// The first byte of the value whose key ends at an index; nil if that is no key.
private func firstByte(ofValueAfter keyEnd: Int, in bytes: UnsafeRawBufferPointer) -> UInt8? {
  let isBlank: (UInt8) -> Bool = { $0 == UInt8(ascii: " ") || $0 == UInt8(ascii: "\t") }
  let rest = bytes[(keyEnd + 1)...].drop(while: isBlank)
  guard rest.first == UInt8(ascii: ":") else { return nil }
  return rest.dropFirst().drop(while: isBlank).first
}
