import CZlib
import Files
import Foundation

/// An animated PNG (PNG specification, third edition, section 11.3.6): a video that needs no other program,
/// and that browsers show. The number of pictures stands at the file's beginning, so it is filled in at the
/// end.
final class AnimatedPicture: VideoWriter {
  private let format: VideoFormat
  private let path: String
  private let temporary: String
  private let file: FileHandle
  private var count: UInt32 = 0
  /// Counts chunks of the animation.
  private var sequence: UInt32 = 0
  private var isFinished = false
  /// Behind the signature and the first chunk, with its length, name and check sum.
  private static let controlOffset: UInt64 = 8 + 12 + 13

  init(_ format: VideoFormat, path: String) throws {
    self.format = format
    self.path = path
    temporary = "\(path).part-\(getpid())"
    let descriptor = createNewFile(temporary)
    guard descriptor >= 0 else {
      throw VideoError(path: path, reason: .system(String(cString: strerror(errno))))
    }
    file = FileHandle(fileDescriptor: descriptor, closeOnDealloc: true)
    // 8 bits, colour, and the only methods of compression, filters and interlacing.
    let size = Self.bytes(UInt32(format.width)) + Self.bytes(UInt32(format.height)) + [8, 2, 0, 0, 0]
    try write(Data([0x89, 0x50, 0x4E, 0x47, 0x0D, 0x0A, 0x1A, 0x0A]) + Self.chunk("IHDR", size))
    try write(control)
  }

  /// The chunk that says how many pictures there are; they are repeated for ever.
  private var control: Data { Self.chunk("acTL", Self.bytes(count) + Self.bytes(UInt32(0))) }

  func append(_ pixels: [UInt8]) throws {
    guard pixels.count == format.byteCount else {
      throw VideoError(
        path: path, reason: .pictureSize(expected: format.byteCount, found: pixels.count))
    }
    var frame = Self.bytes(sequence) + Self.bytes(UInt32(format.width)) + Self.bytes(UInt32(format.height))
    // At the left upper corner; for 100 / (100 rate) seconds, up to 655 a second; replacing what was there.
    frame += Self.bytes(UInt64(0))
    frame += Self.bytes(UInt16(100)) + Self.bytes(UInt16(min(65_535, (100 * format.rate).rounded())))
    frame += [0, 0]
    sequence += 1
    try write(Self.chunk("fcTL", frame))
    let compressed = try compress(filtered(pixels))
    if count == 0 {
      try write(Self.chunk("IDAT", compressed))
    } else {
      try write(Self.chunk("fdAT", Self.bytes(sequence) + compressed))
      sequence += 1
    }
    count += 1
  }

  func finish() throws {
    try write(Self.chunk("IEND", []))
    try file.seek(toOffset: Self.controlOffset)
    try write(control)
    try file.close()
    guard rename(temporary, path) == 0 else {
      throw VideoError(path: path, reason: .system(String(cString: strerror(errno))))
    }
    isFinished = true
  }

  deinit {
    if !isFinished { unlink(temporary) }
  }

  /// Rows with their filter's number in front: each pixel less the one above it, which leaves mostly zeros.
  private func filtered(_ pixels: [UInt8]) -> [UInt8] {
    let length = format.width * 3
    var rows: [UInt8] = []
    rows.reserveCapacity(format.height * (length + 1))
    for row in 0..<format.height {
      rows.append(2)
      for index in row * length..<(row + 1) * length {
        rows.append(pixels[index] &- (row == 0 ? 0 : pixels[index - length]))
      }
    }
    return rows
  }

  private func compress(_ bytes: [UInt8]) throws -> [UInt8] {
    var length = compressBound(uLong(bytes.count))
    var status: Int32 = Z_OK
    let compressed = [UInt8](unsafeUninitializedCapacity: Int(length)) { buffer, count in
      status = compress2(buffer.baseAddress, &length, bytes, uLong(bytes.count), Z_DEFAULT_COMPRESSION)
      count = status == Z_OK ? Int(length) : 0
    }
    guard status == Z_OK else { throw VideoError(path: path, reason: .compression(Int(status))) }
    return compressed
  }

  private func write(_ data: Data) throws {
    do {
      try file.write(contentsOf: data)
    } catch {
      throw VideoError(path: path, reason: .system(error.localizedDescription))
    }
  }

  /// A chunk: length, name, content, check sum of name and content.
  private static func chunk(_ name: String, _ content: [UInt8]) -> Data {
    let body = Array(name.utf8) + content
    let sum = crc32(0, body, uInt(body.count))
    return Data(bytes(UInt32(content.count)) + body + bytes(UInt32(sum)))
  }

  /// Big-endian, as PNG wants numbers.
  private static func bytes(_ number: some FixedWidthInteger) -> [UInt8] {
    withUnsafeBytes(of: number.bigEndian) { Array($0) }
  }
}
