import Foundation
import TestSupport
import Testing

@testable import Tasks

/// Whether a test can look into films.
private let hasFFprobe = (ProcessInfo.processInfo.environment["PATH"] ?? "").split(separator: ":")
  .contains { FileManager.default.isExecutableFile(atPath: "\($0)/ffprobe") }

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

  /// What ffprobe finds in a film's pictures when it decodes them.
  private func probe(_ path: String) throws -> [String: String] {
    let process = Process()
    process.executableURL = URL(fileURLWithPath: "/usr/bin/env")
    process.arguments = [
      "ffprobe", "-v", "error", "-count_frames", "-select_streams", "v", "-of", "default=noprint_wrappers=1",
      "-show_entries", "stream=width,height,nb_read_frames,r_frame_rate,pix_fmt", path,
    ]
    let output = Pipe()
    process.standardOutput = output
    try process.run()
    let text = String(decoding: output.fileHandleForReading.readDataToEndOfFile(), as: UTF8.self)
    process.waitUntilExit()
    let pairs = text.split(separator: "\n").map { $0.split(separator: "=", maxSplits: 1).map(String.init) }
    return Dictionary(uniqueKeysWithValues: pairs.filter { $0.count == 2 }.map { ($0[0], $0[1]) })
  }

  /// The colour in the middle of a film's picture, by ffmpeg.
  private func colour(_ path: String, picture: Int, width: Int, height: Int) throws -> [Int] {
    let raw = path + ".raw"
    defer { try? FileManager.default.removeItem(atPath: raw) }
    let process = Process()
    process.executableURL = URL(fileURLWithPath: "/usr/bin/env")
    process.arguments = [
      "ffmpeg", "-loglevel", "error", "-y", "-i", path, "-vf", "select=eq(n\\,\(picture))", "-frames:v", "1",
      "-f", "rawvideo", "-pix_fmt", "rgb24", raw,
    ]
    process.standardInput = FileHandle.nullDevice
    try process.run()
    process.waitUntilExit()
    let bytes = try Data(contentsOf: URL(fileURLWithPath: raw))
    try #require(bytes.count == 3 * width * height)
    let middle = 3 * (height / 2 * width + width / 2)
    return bytes[middle..<middle + 3].map(Int.init)
  }

  @Test(
    "by ffmpeg a film has as many pictures, as large and as fast, in the colours and the order of what went in",
    .enabled(if: VideoFormat.bestExtension == "mp4" && hasFFprobe))
  func ffmpeg() throws {
    let path = (path as NSString).deletingPathExtension + ".mp4"
    defer { try? FileManager.default.removeItem(atPath: path) }
    let format = VideoFormat(width: 64, height: 48, rate: 40)
    let writer = try format.writer(to: path)
    let colours: [[UInt8]] = [[200, 40, 40], [40, 200, 40], [40, 40, 200]]
    for picture in 0..<30 {
      let colour = colours[picture / 10]
      try writer.append((0..<64 * 48).flatMap { _ in colour })
    }
    #expect(!FileManager.default.fileExists(atPath: path))
    try writer.finish()
    let found = try probe(path)
    #expect(
      found == [
        "width": "64", "height": "48", "nb_read_frames": "30", "r_frame_rate": "40/1", "pix_fmt": "yuv420p",
      ])
    // In their order; the format keeps colours about.
    for picture in [5, 15, 25] {
      let shown = try colour(path, picture: picture, width: 64, height: 48)
      for (one, other) in zip(shown, colours[picture / 10]) {
        #expect(abs(one - Int(other)) < 20, "\(shown)")
      }
    }

    // What ffmpeg cannot make is said, and leaves nothing.
    let odd = (path as NSString).deletingPathExtension + ".nothing"
    let error = #expect(throws: VideoError.self) {
      let writer = try format.writer(to: odd)
      for _ in 0..<100 { try writer.append(Array(repeating: 0, count: 64 * 48 * 3)) }
      try writer.finish()
    }
    #expect(error?.description.hasPrefix("\(odd): ffmpeg made no video") == true)
    #expect(!FileManager.default.fileExists(atPath: odd))
  }

  @Test(
    "nothing is written through a link that has a film's temporary name",
    arguments: ["film.png"] + (VideoFormat.bestExtension == "mp4" ? ["film.mp4"] : []))
  func temporaryLink(name: String) throws {
    let folder = try TemporaryFolder()
    try folder.write("precious", to: "target")
    let temporary = name == "film.png" ? "film.png.part-\(getpid())" : "film.part-\(getpid()).mp4"
    try FileManager.default.createSymbolicLink(
      atPath: folder.file(temporary), withDestinationPath: folder.file("target"))
    let writer = try VideoFormat(width: 64, height: 48, rate: 20).writer(to: folder.file(name))
    for _ in 0..<4 { try writer.append(Array(repeating: 9, count: 64 * 48 * 3)) }
    try writer.finish()
    #expect(try String(contentsOfFile: folder.file("target"), encoding: .utf8) == "precious")
    #expect(try folder.names() == [name, "target"])
  }

  @Test("ffmpeg gets the file as a file's name, where it could be an option or an address")
  func ffmpegArguments() {
    for path in ["-y.part-1.mp4", "tcp://host/x.mp4", "pipe:1", "/a/b.mp4"] {
      let arguments = FFmpegVideo.arguments(VideoFormat(width: 4, height: 2, rate: 20), writing: path)
      #expect(arguments.last == "file:\(path)")
      #expect(arguments.filter { $0.contains(path) }.count == 1)
    }
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
