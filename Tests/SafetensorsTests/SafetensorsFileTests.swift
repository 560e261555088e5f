import Foundation
import TestSupport
import Testing

@testable import Safetensors

@Suite struct SafetensorsFileTests {
  private let folder: TemporaryFolder

  init() throws { folder = try TemporaryFolder() }

  @Test func anotherLibrarysFileIsReadAsItIs() throws {
    // The example of the format's own description, with text, spaces and a scalar added.
    let path = try folder.raw(
      header: """
        {"__metadata__":{"format":"pt","a":"\\"{[:é"}, "b": {"dtype":"F16","shape":[1,16,8],"data_offsets":[0,256]},
        "a\\n": {"dtype":"I64","shape":[],"data_offsets":[256,264]}, "empty":{"shape":[3,0],"data_offsets":[0,0],"dtype":"F32"}}
        """, elements: 264)
    let file = try SafetensorsFile(path: path)
    #expect(file.metadata == ["format": "pt", "a": "\"{[:é"])
    #expect(file.tensors.map(\.name) == ["empty", "b", "a\n"])
    #expect(file["b"] == TensorInfo(name: "b", dtype: .float16, shape: [1, 16, 8], range: 0..<256))
    #expect(file["a\n"]?.shape == [])
    #expect(file["c"] == nil)
  }

  @Test func aFileWithoutTensorsIsRead() throws {
    let file = try SafetensorsFile(path: try folder.raw(header: "{}   "))
    #expect(file.tensors.isEmpty && file.metadata.isEmpty)
  }

  /// Headers that contradict themselves or the file, with a part of the sentence that says so.
  static let lies: [(header: String, elements: Int, says: String)] = [
    ("[]", 0, "JSON object"),
    ("{", 0, "JSON object"),
    ("", 0, "JSON object"),
    (#"{"a":{"dtype":"F32","shape":[2],"data_offsets":[0,8]}}x"#, 8, "JSON object"),
    (#"{"a":{"dtype":"F32","shape":[2],"data_offsets":[0,8]},}"#, 8, "JSON object"),
    (#"{"a":{"dtype":"F32","shape":[2 3],"data_offsets":[0,8]}}"#, 8, "JSON object"),
    (#"{"a":{"dtype":"F32","shape":[2],"data_offsets":[0,8]"#, 8, "JSON object"),
    (#"{"a\x":{"dtype":"F32","shape":[2],"data_offsets":[0,8]}}"#, 8, "JSON object"),
    ("{\"a\n\":{}}", 0, "JSON object"),
    (#"{"a"#, 0, "JSON object"),
    (#"{"a":tru}"#, 0, "JSON object"),
    ("{\"a\":" + String(repeating: "[", count: 100_000), 0, "JSON object"),
    (#"{"__metadata__":{"epoch":3}}"#, 0, "strings only"),
    (#"{"__metadata__":{"epoch":"3","epoch":"4"}}"#, 0, "under its own name"),
    (#"{"__metadata__":"text"}"#, 0, "must be an object"),
    (
      #"{"a":{"dtype":"F32","shape":[2],"data_offsets":[0,8]}}"#, 7,
      "expected 70 bytes, as its header says, found 69"
    ),
    (
      #"{"a":{"dtype":"F32","shape":[2],"data_offsets":[0,8]}}"#, 9,
      "expected 70 bytes, as its header says, found 71"
    ),
    (
      #"{"a":{"dtype":"F32","shape":[3],"data_offsets":[0,8]}}"#, 8, "needs 12 bytes, but data_offsets give 8"
    ),
    (#"{"a":{"dtype":"F33","shape":[2],"data_offsets":[0,8]}}"#, 8, "unknown dtype `F33`; known: F64"),
    (#"{"a":{"dtype":"F32","shape":[2.5],"data_offsets":[0,8]}}"#, 8, "expected `dtype`, `shape`"),
    (#"{"a":{"dtype":"F32","shape":[2],"data_offsets":[0,8.5]}}"#, 8, "expected `dtype`, `shape`"),
    (#"{"a":{"dtype":"F32","shape":[2],"data_offsets":[0]}}"#, 8, "expected `dtype`, `shape`"),
    (#"{"a":{"dtype":"F32","shape":[2]}}"#, 8, "expected `dtype`, `shape`"),
    (#"{"a":[1]}"#, 8, "expected `dtype`, `shape`"),
    (#"{"a":{"dtype":"F32","shape":[2],"shape":[2,1],"data_offsets":[0,8]}}"#, 8, "each once"),
    (#"{"a":{"dtype":"F32","shape":[-2],"data_offsets":[0,8]}}"#, 8, "negative length"),
    (#"{"a":{"dtype":"F32","shape":[2],"data_offsets":[8,0]}}"#, 8, "out of order"),
    (#"{"a":{"dtype":"F32","shape":[2],"data_offsets":[-8,0]}}"#, 8, "negative length"),
    (
      #"{"a":{"dtype":"F32","shape":[4611686018427387904,2],"data_offsets":[0,8]}}"#, 8,
      "larger than any file"
    ),
    (
      #"{"a":{"dtype":"U8","shape":[9223372036854775807],"data_offsets":[0,9223372036854775807]}}"#, 8,
      "expected 9223372036854775807 bytes"
    ),
    (
      #"{"a":{"dtype":"U8","shape":[8],"data_offsets":[0,8]},"b":{"dtype":"U8","shape":[8],"data_offsets":[4,12]}}"#,
      12, "`b`: its bytes start at 4, where 8 was expected"
    ),
    (
      #"{"a":{"dtype":"U8","shape":[8],"data_offsets":[0,8]},"b":{"dtype":"U8","shape":[8],"data_offsets":[0,8]}}"#,
      8, "`b`: its bytes start at 0, where 8 was expected"
    ),
    (
      #"{"a":{"dtype":"U8","shape":[8],"data_offsets":[0,8]},"b":{"dtype":"U8","shape":[8],"data_offsets":[9,17]}}"#,
      17, "`b`: its bytes start at 9, where 8 was expected"
    ),
    (
      #"{"a":{"dtype":"U8","shape":[8],"data_offsets":[0,8]},"\u0061":{"dtype":"U8","shape":[8],"data_offsets":[0,8]}}"#,
      8, "`a`: two tensors have this name"
    ),
    (
      #"{"a":{"dtype":"U8","shape":[0],"data_offsets":[0,0]},"a":{"dtype":"F32","shape":[0],"data_offsets":[0,0]}}"#,
      0, "`a`: two tensors have this name"
    ),
  ]

  @Test(arguments: lies.indices) func aHeaderThatLiesIsRefused(index: Int) throws {
    let lie = Self.lies[index]
    let path = try folder.raw(header: lie.header, elements: lie.elements)
    let message = try refusal(path)?.description
    #expect(message?.contains(lie.says) == true, "\(message ?? "it was read")")
    #expect(message?.hasPrefix(path) == true)
  }

  @Test(
    "a shape of many dimensions and a long header are refused before they take memory, with a short message")
  func large() throws {
    let ones = Array(repeating: "1", count: 100_000).joined(separator: ",")
    var path = try folder.raw(
      header: #"{"a":{"dtype":"U8","shape":[\#(ones)],"data_offsets":[0,1]}}"#, elements: 1)
    var error = try #require(try refusal(path))
    #expect(error.description.contains("it has 100000 dimensions, expected at most 64"))
    path = try folder.raw(header: "{}" + String(repeating: " ", count: Header.longest))
    error = try #require(try refusal(path))
    #expect(error.description.contains("the header has \(Header.longest + 2) bytes"))
    #expect(error.description.count < 1000)
  }

  @Test("names from a header cannot command a terminal, and are cut")
  func unprintable() throws {
    let name = String(repeating: #"\u001b[31m"#, count: 5000) + String(repeating: "x", count: 5000)
    let path = try folder.raw(
      header: #"{"\#(name)":{"dtype":"U8","shape":[2],"data_offsets":[0,1]}}"#, elements: 1)
    let words = try #require(try refusal(path)?.description)
    #expect(words.hasPrefix("\(path): tensor `") && words.count < 3000 && !words.contains("\u{1b}"))
  }

  @Test(arguments: [UInt64(3), 1 << 20, 1 << 40, .max, UInt64(Int.max), UInt64(Int.max) - 7])
  func aHeaderLengthThatLiesIsRefused(length: UInt64) throws {
    #expect(try refusal(folder.raw(header: "{}", length: length)) != nil)
  }

  @Test func everyTruncationIsRefused() throws {
    let path = folder.file("whole.safetensors")
    try write([("a", [3]), ("b", [])], to: path)
    let whole = try Data(contentsOf: URL(fileURLWithPath: path))
    let cut = folder.file("cut.safetensors")
    for count in 0..<whole.count {
      try whole.prefix(count).write(to: URL(fileURLWithPath: cut))
      let error = try refusal(cut)
      #expect(error?.path == cut, "\(count) of \(whole.count) bytes were accepted")
    }
    #expect(try refusal(path) == nil)
  }

  @Test func aMissingFileAndAFolderAreNamed() throws {
    let missing = folder.file("nothing.safetensors")
    #expect(try refusal(missing)?.description.contains("\(missing): opening failed: No such file") == true)
    #expect(try refusal(folder.path)?.path == folder.path)
    #expect(try refusal(folder.path)?.reason == .notRegularFile(found: "a folder"))
  }

  @Test("a named pipe and a device are refused at once", .timeLimit(.minutes(10)))
  func notRegular() throws {
    let pipe = folder.file("pipe.safetensors")
    #expect(mkfifo(pipe, 0o600) == 0)
    let found = "\(pipe): cannot be read: it is a named pipe, expected a regular file"
    #expect(try refusal(pipe)?.description == found)
    #expect(try refusal("/dev/zero")?.reason == .notRegularFile(found: "a device"))
  }
}

/// Writes tensors of float32 zeros.
func write(_ tensors: [(name: String, shape: [Int])], to path: String) throws {
  let writer = try SafetensorsWriter(
    path: path, tensors: tensors.map { .init(name: $0.name, dtype: .float32, shape: $0.shape) }, metadata: [:]
  )
  for tensor in tensors {
    let zeros = [Float](repeating: 0, count: tensor.shape.reduce(1, *))
    try zeros.withUnsafeBytes { try writer.write($0) }
  }
  try writer.finish()
}
