import Foundation
import Testing

@testable import Tasks

/// Videos as files.
@Suite struct AnimatedPictureTests {
  /// The chunks of a PNG, by name, in their order.
  struct Chunks {
    var list: [(name: String, content: Data)] = []

    init(_ path: String) throws {
      var rest = try Data(contentsOf: URL(fileURLWithPath: path)).dropFirst(8)
      while !rest.isEmpty {
        let length = Self.number(rest.prefix(4))
        let name = String(decoding: rest.dropFirst(4).prefix(4), as: UTF8.self)
        list.append((name, Data(rest.dropFirst(8).prefix(length))))
        rest = rest.dropFirst(12 + length)
      }
    }

    static func number(_ bytes: Data) -> Int { bytes.reduce(0) { $0 << 8 | Int($1) } }

    /// How many pictures the animation says that it has.
    var frames: Int { list.first { $0.name == "acTL" }.map { Self.number($0.content.prefix(4)) } ?? 0 }
  }

  private let path = NSTemporaryDirectory() + "video-\(UUID().uuidString).png"

  @Test("an animated PNG has its pictures in their order, and every reader of PNGs sees the first")
  func animation() throws {
    defer { try? FileManager.default.removeItem(atPath: path) }
    let writer = try VideoFormat(width: 4, height: 2, rate: 20).writer(to: path)
    let pictures = (0..<3).map { picture in (0..<24).map { UInt8(picture * 50 + $0) } }
    for picture in pictures { try writer.append(picture) }
    #expect(!FileManager.default.fileExists(atPath: path))
    try writer.finish()
    #expect(try Picture(path: path).pixels == pictures[0])
    let chunks = try Chunks(path)
    #expect(
      chunks.list.map(\.name) == [
        "IHDR", "acTL", "fcTL", "IDAT", "fcTL", "fdAT", "fcTL", "fdAT", "IEND",
      ])
    #expect(chunks.frames == 3)
    // Counted through all chunks of the animation, and each picture is shown for 100 / 2000 seconds.
    let controls = chunks.list.filter { ["fcTL", "fdAT"].contains($0.name) }
    #expect(controls.map { Chunks.number($0.content.prefix(4)) } == [0, 1, 2, 3, 4])
    let first = try #require(controls.first?.content)
    #expect(first.count == 26 && chunks.list[1].content.count == 8)
    #expect(Chunks.number(first[20..<22]) == 100 && Chunks.number(first[22..<24]) == 2000)
  }

  @Test("a picture of the wrong size is refused, and a film that is not finished leaves no file")
  func wrongSize() throws {
    do {
      let writer = try VideoFormat(width: 4, height: 2, rate: 20).writer(to: path)
      #expect(throws: VideoError(path: path, reason: .pictureSize(expected: 24, found: 3))) {
        try writer.append([1, 2, 3])
      }
    }
    let folder = (path as NSString).deletingLastPathComponent
    let name = (path as NSString).lastPathComponent
    #expect(try FileManager.default.contentsOfDirectory(atPath: folder).allSatisfy { !$0.hasPrefix(name) })
  }

  @Test("a folder that is not there is said with the file's path")
  func noFolder() throws {
    let nowhere = "\(path)/film.png"
    let error = #expect(throws: VideoError.self) {
      try VideoFormat(width: 4, height: 2, rate: 20).writer(to: nowhere)
    }
    #expect(error?.description.hasPrefix("\(nowhere): the video cannot be written: ") == true)
  }
}
