import Foundation

/// Cuts a stream of bytes into lines. Every byte is searched and copied once, however long a line is.
struct LineSplitter {
  /// The beginning of a line whose end has not come.
  private var rest = Data()
  /// Whether the line was too long, so that what is left of it does not count.
  private var isSkipping = false

  /// Takes the next bytes and hands out the lines that end in them, without their ends.
  ///
  /// A line of more than ``ProtocolLimits/line`` bytes is handed out as soon as that is known, cut to one
  /// byte more.
  mutating func take(_ bytes: UnsafeRawBufferPointer, _ line: (Data) -> Void) {
    guard var start = bytes.baseAddress else { return }
    let end = start + bytes.count
    while start < end {
      let found = memchr(start, Int32(UInt8(ascii: "\n")), end - start).map { UnsafeRawPointer($0) }
      keep(UnsafeRawBufferPointer(start: start, count: (found ?? end) - start), line)
      guard let found else { return }
      if !isSkipping { line(rest) }
      rest = Data()
      isSkipping = false
      start = found + 1
    }
  }

  private mutating func keep(_ bytes: UnsafeRawBufferPointer, _ line: (Data) -> Void) {
    if isSkipping { return }
    rest.append(contentsOf: bytes)
    if rest.count > ProtocolLimits.line {
      line(rest.prefix(ProtocolLimits.line + 1))
      rest = Data()
      isSkipping = true
    }
  }
}
