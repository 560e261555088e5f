import CZlib
import Foundation
import TestSupport
import Testing

@testable import Tasks

extension TemporaryFolder {
  /// Writes bytes as they are.
  fileprivate func write(_ bytes: [UInt8], _ name: String) throws -> String {
    try Data(bytes).write(to: URL(fileURLWithPath: file(name)))
    return file(name)
  }
}

/// An idx file's bytes.
private func idx(_ dimensions: [Int], _ elements: [UInt8]) -> [UInt8] {
  let lengths = dimensions.flatMap { length in (0..<4).reversed().map { UInt8(length >> (8 * $0) & 255) } }
  return [0, 0, 8, UInt8(dimensions.count)] + lengths + elements
}

/// gzip's format (RFC 1952) with its contents stored as they are (RFC 1951, 3.2.4).
private func gzip(_ bytes: [UInt8]) -> [UInt8] {
  func littleEndian(_ value: UInt32) -> [UInt8] { (0..<4).map { UInt8(value >> (8 * $0) & 255) } }
  let checksum = ~bytes.reduce(UInt32.max) { sum, byte in
    (0..<8).reduce(sum ^ UInt32(byte)) { value, _ in value >> 1 ^ (value & 1 == 1 ? 0xEDB8_8320 : 0) }
  }
  let length = littleEndian(UInt32(bytes.count))[..<2]
  return [0x1F, 0x8B, 8, 0, 0, 0, 0, 0, 0, 3, 1] + length + length.map { ~$0 } + bytes
    + littleEndian(checksum) + littleEndian(UInt32(bytes.count))
}

@Suite struct IDXFileTests {
  private let elements: [UInt8] = Array(1...12)

  /// Why a file is refused; nil if it is not.
  private func refusal(_ path: String, rank: Int = 2) -> ImageDataError? {
    do throws(ImageDataError) {
      _ = try IDXFile(path: path, rank: rank)
      return nil
    } catch {
      return error
    }
  }

  private func expectHelpful(_ error: ImageDataError?, _ path: String, _ words: String) {
    let text = error?.description ?? "not refused"
    for part in [path, words, "scripts/setup", "another folder"] { #expect(text.contains(part), "\(text)") }
  }

  @Test("a file is read the same whether it is compressed or not")
  func good() throws {
    let folder = try TemporaryFolder()
    let bytes = idx([3, 4], elements)
    for path in [try folder.write(bytes, "plain"), try folder.write(gzip(bytes), "packed.gz")] {
      let file = try IDXFile(path: path, rank: 2)
      #expect(file.dimensions == [3, 4] && file.bytes == elements)
    }
  }

  @Test("a compressed file that is cut anywhere is refused, with its name and how to mend it")
  func cutGzip() throws {
    let folder = try TemporaryFolder()
    let whole = gzip(idx([3, 4], elements))
    for count in 12..<whole.count {
      let path = try folder.write(Array(whole[..<count]), "cut.gz")
      let error = refusal(path)
      #expect(error != nil, "cut to \(count) of \(whole.count) bytes")
      expectHelpful(error, path, count < 17 ? "expected" : "damaged gzip data")
    }
  }

  @Test("a compressed file with a wrong byte is refused")
  func damagedGzip() throws {
    let folder = try TemporaryFolder()
    var bytes = gzip(idx([3, 4], elements))
    bytes[bytes.count - 10] ^= 1
    let path = try folder.write(bytes, "damaged.gz")
    expectHelpful(refusal(path), path, "damaged gzip data")
  }

  @Test(
    "a file that is shorter than its header says is refused with both sizes, and one that is longer with one")
  func wrongLength() throws {
    let folder = try TemporaryFolder()
    let long = try folder.write(idx([3, 4], Array(repeating: 7, count: 13)), "long")
    #expect(refusal(long)?.reason == .tooLong(expected: 12))
    expectHelpful(refusal(long), long, "expected 12 bytes, as its header says, and found more")
    for (found, name) in [(11, "short"), (0, "empty")] {
      let path = try folder.write(idx([3, 4], Array(repeating: 7, count: found)), name)
      #expect(refusal(path)?.reason == .truncated(expected: 12, found: found))
      expectHelpful(refusal(path), path, "expected 12 bytes, found \(found)")
    }
  }

  @Test("a file that is cut in its header is refused")
  func cutHeader() throws {
    let folder = try TemporaryFolder()
    for count in 0..<12 {
      let path = try folder.write(Array(idx([3, 4], []).prefix(count)), "header")
      #expect(refusal(path)?.reason == .truncated(expected: 12, found: count))
    }
  }

  @Test("dimensions beyond any memory are refused")
  func hugeDimensions() throws {
    let folder = try TemporaryFolder()
    let length = Int(UInt32.max)
    let path = try folder.write(idx([length, length, length], [1]), "huge")
    let limit = IDXFile.mostElements
    let reason = ImageDataError.Reason.tooLarge(dimensions: [length, length, length], limit: limit)
    #expect(refusal(path, rank: 3)?.reason == reason)
    expectHelpful(refusal(path, rank: 3), path, "expected at most \(limit) elements")
    let one = try folder.write(idx([limit + 1], [1]), "large")
    #expect(refusal(one, rank: 1)?.reason == .tooLarge(dimensions: [limit + 1], limit: limit))
    // What a header promises within the limit takes no memory until it is there.
    let promised = try folder.write(idx([limit], [1]), "promised")
    #expect(refusal(promised, rank: 1)?.reason == .truncated(expected: limit, found: 1))
  }

  @Test("a gzip bomb is left when the elements that its header promises are read")
  func bomb() throws {
    let folder = try TemporaryFolder()
    // A check sum that is wrong at the end of 64 MB shows whether anybody reads that far.
    let path = folder.file("bomb.gz")
    let file = try #require(gzopen(path, "wb9"))
    var content = idx([2, 5], Array(repeating: 7, count: 10))
    #expect(gzwrite(file, &content, UInt32(content.count)) == Int32(content.count))
    content = Array(repeating: 0, count: 1 << 20)
    for _ in 0..<64 { #expect(gzwrite(file, &content, 1 << 20) == 1 << 20) }
    gzclose(file)
    var bytes = Array(try Data(contentsOf: URL(fileURLWithPath: path)))
    #expect(bytes.count < 100_000)
    bytes[bytes.count - 5] ^= 1
    _ = try folder.write(bytes, "bomb.gz")
    #expect(refusal(path)?.reason == .tooLong(expected: 10))
  }

  @Test("what is no regular file is refused at once", .timeLimit(.minutes(10)))
  func notRegular() throws {
    let folder = try TemporaryFolder()
    let pipe = folder.file("pipe")
    #expect(mkfifo(pipe, 0o600) == 0)
    expectHelpful(refusal(pipe), pipe, "it is a named pipe, expected a regular file")
    expectHelpful(refusal("/dev/zero"), "/dev/zero", "it is a device")
    expectHelpful(refusal(folder.path), folder.path, "it is a folder")
  }

  @Test("a file of another kind is refused with the bytes that it starts with")
  func wrongMagic() throws {
    let folder = try TemporaryFolder()
    var bytes = idx([3, 4], elements)
    bytes[2] = 13  // floats
    var path = try folder.write(bytes, "floats")
    #expect(refusal(path)?.reason == .notIDX(found: [0, 0, 13, 2], rank: 2))
    expectHelpful(refusal(path), path, "expected [0, 0, 8, 2]")
    path = try folder.write(idx([3, 4], elements), "rank")
    #expect(refusal(path, rank: 1)?.reason == .notIDX(found: [0, 0, 8, 2], rank: 1))
  }

  @Test("a missing file is named with the system's reason")
  func missing() {
    let error = refusal("/nowhere/images.gz")
    #expect(error?.reason == .cannotOpen("No such file or directory"))
    expectHelpful(error, "/nowhere/images.gz", "No such file or directory")
  }

  @Test("a data set is refused whose labels are none, or do not belong to its images")
  func dataSet() throws {
    let folder = try TemporaryFolder()
    _ = try folder.write(
      idx([2, 28, 28], [UInt8](repeating: 9, count: 2 * 784)), "t10k-images-idx3-ubyte")
    let labels = "t10k-labels-idx1-ubyte"
    #expect(throws: ImageDataError.self) { try FashionMNIST(folder: folder.path, .test) }
    _ = try folder.write(idx([2], [0, 9]), labels)
    #expect(try FashionMNIST(folder: folder.path, .test).labels == [0, 9])
    for wrong in [idx([3], [0, 1, 2]), idx([2], [0, 10])] {
      _ = try folder.write(wrong, labels)
      #expect {
        try FashionMNIST(folder: folder.path, .test)
      } throws: {
        if case .mismatch? = ($0 as? ImageDataError)?.reason { true } else { false }
      }
    }
  }
}

@Suite struct PictureTests {
  @Test("a picture is the same after it was written and read", arguments: [1, 3])
  func roundTrip(channels: Int) throws {
    let folder = try TemporaryFolder()
    let pixels = (0..<5 * 3 * channels).map { UInt8($0 * 37 % 256) }
    let picture = try Picture(width: 5, height: 3, channels: channels, pixels: pixels)
    let path = folder.file("picture.png")
    try picture.write(to: path)
    #expect(try Picture(path: path) == picture)
    #expect(try FileManager.default.contentsOfDirectory(atPath: folder.path) == ["picture.png"])
  }

  @Test("a file that is missing, or no PNG, or cut short, is refused by its name")
  func unreadable() throws {
    let folder = try TemporaryFolder()
    let path = folder.file("picture.png")
    let noise = (0..<64 * 64).map { UInt8(truncatingIfNeeded: $0 &* 2_654_435_761 >> 7) }
    try Picture(width: 64, height: 64, channels: 1, pixels: noise).write(to: path)
    let whole = try Data(contentsOf: URL(fileURLWithPath: path))
    let paths = [
      folder.file("none.png"), try folder.write([1, 2, 3, 4], "other.png"),
      try folder.write(Array(whole.prefix(whole.count / 2)), "cut.png"),
    ]
    for path in paths {
      let error = #expect(throws: PictureError.self) { try Picture(path: path) }
      #expect(error?.path == path && error?.reason.isEmpty == false)
    }
  }

  @Test(
    "a named pipe, a device and a picture of too many pixels are refused at once", .timeLimit(.minutes(10)))
  func hostile() throws {
    let folder = try TemporaryFolder()
    let pipe = folder.file("pipe.png")
    #expect(mkfifo(pipe, 0o600) == 0)
    // A PNG that says it has 50,000 x 50,000 pixels, and ends there.
    let header: [UInt8] = Array("IHDR".utf8) + [0, 0, 0xC3, 0x50, 0, 0, 0xC3, 0x50, 8, 2, 0, 0, 0]
    let sum = crc32(0, header, uInt(header.count))
    let signature: [UInt8] = [0x89, 0x50, 0x4E, 0x47, 0x0D, 0x0A, 0x1A, 0x0A, 0, 0, 0, 13]
    let tail = (0..<4).reversed().map { UInt8(sum >> (8 * $0) & 255) }
    // libpng reads on to the first chunk of pixels.
    let pixels: [UInt8] = [0, 0, 0, 0] + Array("IDAT".utf8) + [0x35, 0xAF, 0x06, 0x1E]
    let huge = try folder.write(signature + header + tail + pixels, "huge.png")
    for (path, words) in [
      (pipe, "it is a named pipe"), ("/dev/zero", "it is a device"), (huge, "50000x50000 pixels"),
    ] {
      let error = #expect(throws: PictureError.self) { try Picture(path: path) }
      #expect(error?.path == path && error?.reason.contains(words) == true, "\(String(describing: error))")
    }
  }

  @Test("a picture that cannot be written says so, and leaves nothing behind")
  func unwritable() throws {
    let folder = try TemporaryFolder()
    let picture = try Picture(width: 1, height: 1, channels: 1, pixels: [0])
    #expect(throws: PictureError.self) { try picture.write(to: folder.file("none/picture.png")) }
    // A folder is in the way.
    try FileManager.default.createDirectory(
      atPath: folder.file("taken.png/x"), withIntermediateDirectories: true)
    #expect(throws: PictureError.self) { try picture.write(to: folder.file("taken.png")) }
    #expect(try FileManager.default.contentsOfDirectory(atPath: folder.path) == ["taken.png"])
  }

  @Test(
    "a picture for which there is no room says that the disk is full, so that a run stops and can go on",
    .enabled(if: SmallDisk.isPossible, "mounting a small file system needs root"))
  func fullDisk() throws {
    let disk = try SmallDisk()
    try disk.fill(leaving: 0)
    // Noise, which does not compress.
    var random = SystemRandomNumberGenerator()
    let pixels = (0..<256 * 256).map { _ in UInt8.random(in: 0...255, using: &random) }
    let picture = try Picture(width: 256, height: 256, channels: 1, pixels: pixels)
    let error = #expect(throws: PictureError.self) { try picture.write(to: "\(disk.path)/picture.png") }
    #expect(error?.isDiskFull == true)
    try disk.free()
    try picture.write(to: "\(disk.path)/picture.png")
    #expect(try Picture(path: "\(disk.path)/picture.png") == picture)
  }

  @Test("a grid has the pictures in rows from the top left, scaled, with white between and around them")
  func grid() throws {
    // Three pictures of 2x1 in two columns.
    let picture = try Picture.grid(
      of: [1, 2, 3, 4, 5, 6], count: 3, width: 2, height: 1, channels: 1, columns: 2, scale: 1, gap: 1)
    let w: UInt8 = 255
    let expected: [[UInt8]] = [
      [w, w, w, w, w, w, w],
      [w, 1, 2, w, 3, 4, w],
      [w, w, w, w, w, w, w],
      [w, 5, 6, w, w, w, w],
      [w, w, w, w, w, w, w],
    ]
    #expect(try picture == Picture(width: 7, height: 5, channels: 1, pixels: expected.flatMap(\.self)))
  }

  @Test("a scaled pixel is a block, and its channels stay together")
  func scaledGrid() throws {
    let picture = try Picture.grid(
      of: [10, 20, 30], count: 1, width: 1, height: 1, channels: 3, columns: 5, scale: 2, gap: 0)
    let pixels = [[UInt8]](repeating: [10, 20, 30], count: 4).flatMap(\.self)
    #expect(try picture == Picture(width: 2, height: 2, channels: 3, pixels: pixels))
  }

  @Test("a picture whose bytes are not what its sizes say is refused, and none is read beyond its end")
  func wrongShape() throws {
    let bytes = [UInt8](repeating: 0, count: 12)
    for (width, height, channels) in [
      (3, 3, 1), (2, 2, 1), (3, 2, 2), (2, 2, 0), (-3, -4, 1), (0, 0, 1), (1 << 62, 4, 3),
      (1 << 31, 1 << 31, 1),
    ] {
      #expect(throws: PictureShapeError.self) {
        try Picture(width: width, height: height, channels: channels, pixels: bytes)
      }
    }
    for (count, side, channels) in [
      (4, 2, 1), (2, 2, 1), (3, 2, 2), (0, 2, 1), (-1, 2, 1), (1 << 62, 2, 3), (3, 1 << 31, 1),
    ] {
      #expect(throws: PictureShapeError.self) {
        try Picture.grid(
          of: bytes, count: count, width: side, height: side, channels: channels, columns: 2, scale: 1)
      }
    }
    #expect(throws: PictureShapeError.self) {
      try Picture.grid(
        of: bytes, count: 3, width: 2, height: 2, channels: 1, columns: 2, scale: 1 << 40)
    }
  }

  @Test("a PNG that claims a million by a million pixels is refused before there is memory for them")
  func hugeClaim() throws {
    let folder = try TemporaryFolder()
    let path = folder.file("picture.png")
    try Picture(width: 1, height: 1, channels: 1, pixels: [7]).write(to: path)
    var file = Array(try Data(contentsOf: URL(fileURLWithPath: path)))
    func put(_ number: UInt32, at offset: Int) {
      withUnsafeBytes(of: number.bigEndian) { file.replaceSubrange(offset..<offset + 4, with: $0) }
    }
    put(1_000_000, at: 16)
    put(1_000_000, at: 20)
    // The check sum of the chunk's name and content.
    var sum = UInt32.max
    for byte in file[12..<29] {
      sum ^= UInt32(byte)
      for _ in 0..<8 { sum = sum & 1 == 1 ? sum >> 1 ^ 0xEDB8_8320 : sum >> 1 }
    }
    put(~sum, at: 29)
    let huge = try folder.write(file, "huge.png")
    let error = #expect(throws: PictureError.self) { try Picture(path: huge) }
    #expect(error?.reason.contains("1000000x1000000") == true)
  }

  @Test("a video of a size or rate that no file can hold is refused by its path")
  func videoFormat() throws {
    let folder = try TemporaryFolder()
    let path = folder.file("video.png")
    for format in [
      VideoFormat(width: -2, height: 2, rate: 25), VideoFormat(width: 2, height: 1 << 40, rate: 25),
      VideoFormat(width: 2, height: 2, rate: .nan), VideoFormat(width: 2, height: 2, rate: 0),
    ] {
      let error = #expect(throws: VideoError.self) { try format.writer(to: path) }
      #expect(error?.path == path)
    }
    #expect(try FileManager.default.contentsOfDirectory(atPath: folder.path).isEmpty)
  }
}
