import Foundation
import TestSupport
import Testing

@testable import Safetensors

@Suite struct SafetensorsWriterTests {
  private let folder: TemporaryFolder
  private let path: String

  init() throws {
    folder = try TemporaryFolder()
    path = folder.file("network.safetensors")
  }

  @Test func whatWasWrittenIsReadBack() throws {
    let seed = UInt64.random(in: 0...UInt64.max)
    print("seed \(seed)")
    var random = SeededRandom(state: seed)
    let tensors = (0..<40).map { index in
      SafetensorsWriter.Tensor(
        name: "layer\(index).é\"\\\n", dtype: DType.allCases[index % DType.allCases.count],
        shape: (0..<index % 4).map { _ in Int.random(in: 0...5, using: &random) })
    }
    let elements = tensors.map { tensor in
      Data(
        (0..<tensor.shape.reduce(tensor.dtype.byteCount, *)).map { _ in
          UInt8.random(in: 0...255, using: &random)
        })
    }
    let writer = try SafetensorsWriter(
      path: path, tensors: tensors, metadata: ["genome": "[0,1]", "z": "/\n"])
    for data in elements {
      let middle = data.count / 2
      try data.prefix(middle).withUnsafeBytes { try writer.write($0) }
      try data.dropFirst(middle).withUnsafeBytes { try writer.write($0) }
    }
    try writer.finish()

    let file = try SafetensorsFile(path: path)
    #expect(file.metadata == ["genome": "[0,1]", "z": "/\n"])
    #expect(Set(file.tensors.map(\.name)) == Set(tensors.map(\.name)))
    for (tensor, data) in zip(tensors, elements) {
      let info = try #require(file[tensor.name])
      #expect(info.dtype == tensor.dtype && info.shape == tensor.shape)
      #expect(file.withBytes(of: info) { Data($0) } == data)
    }
  }

  @Test func theHeaderIsTheFormatsAndTheSameEveryTime() throws {
    try write([("b", [2]), ("a", [])], to: path)
    let first = try Data(contentsOf: URL(fileURLWithPath: path))
    let json =
      #"{"a":{"data_offsets":[8,12],"dtype":"F32","shape":[]},"b":{"data_offsets":[0,8],"dtype":"F32","shape":[2]}}"#
    let length = (json.utf8.count + 7) / 8 * 8
    #expect(first.prefix(8) == Data([UInt8(length), 0, 0, 0, 0, 0, 0, 0]))
    #expect(first.dropFirst(8).prefix(json.utf8.count) == Data(json.utf8))
    #expect(first.dropFirst(8 + json.utf8.count).prefix(length - json.utf8.count).allSatisfy { $0 == 0x20 })
    #expect(first.count == 8 + length + 12)
    try write([("b", [2]), ("a", [])], to: path)
    #expect(try Data(contentsOf: URL(fileURLWithPath: path)) == first)
  }

  @Test func aFileIsReplacedOnlyWhenTheNewOneIsComplete() throws {
    try write([("old", [1])], to: path)
    do {
      let writer = try SafetensorsWriter(
        path: path, tensors: [.init(name: "new", dtype: .uint8, shape: [4])], metadata: [:])
      try [UInt8](repeating: 1, count: 3).withUnsafeBytes { try writer.write($0) }
      #expect(throws: SafetensorsError.self) { try writer.finish() }
      #expect(try SafetensorsFile(path: path)["old"] != nil)
      #expect(try folder.names().count == 2)
    }
    #expect(try folder.names() == ["network.safetensors"], "the unfinished file must go with its writer")
    #expect(try SafetensorsFile(path: path)["old"] != nil)
    try write([("new", [1])], to: path)
    #expect(try SafetensorsFile(path: path).tensors.map(\.name) == ["new"])
  }

  @Test func aReaderKeepsTheOldFileWhenItIsReplaced() throws {
    try write([("old", [1])], to: path)
    let reader = try SafetensorsFile(path: path)
    try write([("new", [1000])], to: path)
    #expect(reader.withBytes(of: reader.tensors[0]) { $0.count } == 4)
    #expect(reader.tensors[0].name == "old")
  }

  @Test func tooManyBytesAreRefused() throws {
    let writer = try SafetensorsWriter(
      path: path, tensors: [.init(name: "a", dtype: .uint8, shape: [2])], metadata: [:])
    try [UInt8](repeating: 1, count: 3).withUnsafeBytes { try writer.write($0) }
    #expect { try writer.finish() } throws: {
      ($0 as? SafetensorsError)?.reason == .wroteWrongSize(expected: 2, found: 3)
    }
    #expect(!FileManager.default.fileExists(atPath: path))
  }

  @Test func twoTensorsOfOneNameAreRefused() throws {
    #expect(throws: SafetensorsError.self) {
      try SafetensorsWriter(
        path: path,
        tensors: [.init(name: "a", dtype: .int8, shape: []), .init(name: "a", dtype: .int8, shape: [2])],
        metadata: [:])
    }
    #expect(try folder.names().isEmpty)
  }

  @Test(.enabled(if: SmallDisk.isPossible, "mounting a small file system needs root"))
  func aFullDiskIsSaidAndTheOldFileStays() throws {
    let disk = try SmallDisk()
    let path = "\(disk.path)/network.safetensors"
    try write([("old", [1])], to: path)
    try disk.fill(leaving: 8)
    #expect {
      try write([("new", [10_000])], to: path)
    } throws: { error in
      (error as? SafetensorsError)?.reason == .diskFull(bytesWanted: 40_000)
        && "\(error)".contains("no room left on the disk (40000 bytes wanted)")
    }
    let names = try FileManager.default.contentsOfDirectory(atPath: disk.path).sorted()
    #expect(names == ["ballast", "network.safetensors"])
    #expect(try SafetensorsFile(path: path)["old"] != nil)
  }

  /// Small files are read, large ones stay open and are copied by the system.
  @Test(arguments: [10, 100_000]) func tensorsAreCopiedAsTheyAreFromFilesOfAnySize(length: Int) throws {
    var random = SeededRandom(state: UInt64(length))
    let original = folder.file("original.safetensors")
    let tensors = ["a", "b", "c"].map { SafetensorsWriter.Tensor(name: $0, dtype: .uint8, shape: [length]) }
    let elements = tensors.map { _ in
      Data((0..<length).map { _ in UInt8.random(in: 0...255, using: &random) })
    }
    let writer = try SafetensorsWriter(path: original, tensors: tensors, metadata: [:])
    for data in elements { try data.withUnsafeBytes { try writer.write($0) } }
    try writer.finish()

    let file = try SafetensorsFile(path: original)
    let order = [2, 0, 1]
    let copy = try SafetensorsWriter(path: path, tensors: order.map { tensors[$0] }, metadata: [:])
    for index in order { try copy.copy(#require(file[tensors[index].name]), of: file) }
    try copy.finish(waitsForDisk: false)
    let copied = try SafetensorsFile(path: path)
    for (tensor, data) in zip(tensors, elements) {
      #expect(try copied.withBytes(of: #require(copied[tensor.name])) { Data($0) } == data)
    }
  }

  @Test func aFolderThatDoesNotExistIsNamed() throws {
    #expect {
      try write([("a", [1])], to: folder.file("none/a.safetensors"))
    } throws: {
      "\($0)".contains("none/a.safetensors") && "\($0)".contains("No such file or directory")
    }
  }

  @Test("nothing is written through a link that has the temporary name")
  func temporaryLink() throws {
    try folder.write("precious", to: "target")
    let temporary = SafetensorsWriter.temporaryPath(for: path)
    try FileManager.default.createSymbolicLink(atPath: temporary, withDestinationPath: folder.file("target"))
    try write([("a", [2])], to: path)
    #expect(try String(contentsOfFile: folder.file("target"), encoding: .utf8) == "precious")
    #expect(try SafetensorsFile(path: path).tensors.count == 1)
    #expect(try folder.names() == ["network.safetensors", "target"])
  }
}
