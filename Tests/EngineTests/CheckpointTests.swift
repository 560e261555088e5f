import Foundation
import PBTNAS
import Safetensors
import Testing

@testable import Engine

@Suite struct CheckpointTests {
  private let run: TestRun

  init() throws { run = try TestRun() }

  private func path(_ name: String) -> String { "\(run.folder.path)/\(name)" }

  private func file(_ metadata: [String: String], _ dtype: DType = .float32, bits: Data = Data(count: 4))
    throws
    -> String
  {
    let writer = try SafetensorsWriter(
      path: path("file"),
      tensors: [.init(name: "net.weight", dtype: dtype, shape: [bits.count / dtype.byteCount])],
      metadata: metadata)
    try bits.withUnsafeBytes { try writer.write($0) }
    try writer.finish()
    return path("file")
  }

  @Test(arguments: [
    ([:], "no `format`"), (["format": "gguf"], "its format is `gguf`, expected `pbtnas-checkpoint-1`"),
    (["format": Checkpoint.format], "no `genome`"),
    (["format": Checkpoint.format, "genome": "3,4"], "the header's `genome` is `3,4`"),
    (["format": Checkpoint.format, "genome": "[3]"], "no `buffers`"),
    (["format": Checkpoint.format, "genome": "[3]", "buffers": "[1]"], "the header's `buffers` is `[1]`"),
  ])
  func aFileThatIsNoCheckpointIsRefused(metadata: [String: String], says: String) throws {
    let path = try file(metadata)
    #expect {
      try Checkpoint(path: path)
    } throws: {
      "\($0)".hasPrefix("\(path): ") && "\($0)".contains(says)
    }
  }

  @Test func itsTextsAreReadBack() throws {
    let metadata = try Checkpoint.metadata(
      genome: Genome([3, 0]), buffers: ["net.weight"], own: ["task": "toy"])
    let checkpoint = try Checkpoint(path: file(metadata))
    #expect(checkpoint.genome == Genome([3, 0]))
    #expect(checkpoint.contents.buffers == ["net.weight"])
    #expect(checkpoint.file.metadata["task"] == "toy")
  }

  @Test func nanAndInfinityAreFoundInEveryType() throws {
    let metadata = try Checkpoint.metadata(genome: Genome([]), buffers: [])
    func bytes<Value>(_ value: Value) -> Data { withUnsafeBytes(of: value) { Data($0) } }
    let cases: [(DType, finite: [Data], not: [Data])] = [
      (
        .float64, [bytes(Double.greatestFiniteMagnitude), bytes(-Double.leastNonzeroMagnitude)],
        [bytes(Double.nan), bytes(-Double.infinity)]
      ),
      (
        .float32, [bytes(Float.greatestFiniteMagnitude), bytes(Float(-0.0))],
        [bytes(Float.nan), bytes(-Float.infinity), bytes(Float.signalingNaN)]
      ),
      (.float16, [bytes(Float16.greatestFiniteMagnitude)], [bytes(Float16.nan), bytes(-Float16.infinity)]),
      (.bfloat16, [bytes(UInt16(0x7F7F))], [bytes(UInt16(0x7F80)), bytes(UInt16(0xFFC0))]),
      (.int32, [bytes(Int32(-1))], []), (.uint8, [bytes(UInt8(255))], []),
    ]
    for (dtype, finite, not) in cases {
      for value in finite {
        #expect(
          try Checkpoint(path: file(metadata, dtype, bits: value + value)).firstNonFiniteTensor() == nil)
      }
      for value in not {
        let checkpoint = try Checkpoint(path: file(metadata, dtype, bits: finite[0] + value))
        #expect(checkpoint.firstNonFiniteTensor() == "net.weight", "\(dtype)")
      }
    }
  }

  @Test("a buffer that began with infinities may keep them; one that gets them, and any weight, may not")
  func infiniteBuffers() throws {
    func checkpoint(_ name: String, _ value: Float) throws -> Checkpoint {
      let path = path("\(UUID().uuidString)")
      try writeCheckpoint([ToyTensor(name: name, shape: [1], values: [value])], genome: Genome([]), to: path)
      return try Checkpoint(path: path)
    }
    let buffer = "net.running_mean"
    let mask = try checkpoint(buffer, -.infinity)
    #expect(mask.firstNonFiniteTensor(since: mask) == nil)
    #expect(mask.firstNonFiniteTensor(since: try checkpoint(buffer, 1)) == buffer)
    let weight = try checkpoint("net.weight", .infinity)
    #expect(weight.firstNonFiniteTensor(since: weight) == "net.weight")
  }

  @Test func onlyTheNetworkMustBeFinite() throws {
    func checkpoint(_ name: String) throws -> Checkpoint {
      try writeCheckpoint(
        [ToyTensor(name: name, shape: [1], values: [.nan])], genome: Genome([]), to: path("file"))
      return try Checkpoint(path: path("file"))
    }
    #expect(try checkpoint("optimizer.net.weight.exp_avg").firstNonFiniteTensor() == nil)
    #expect(try checkpoint("average.net.weight").firstNonFiniteTensor() == "average.net.weight")
  }

  @Test("a text of a header cannot command a terminal, and is cut")
  func unprintable() throws {
    let format = String(repeating: "\u{1b}[31m", count: 3000) + String(repeating: "x", count: 9000)
    let writer = try SafetensorsWriter(path: path("file"), tensors: [], metadata: ["format": format])
    try writer.finish()
    let error = #expect(throws: CheckpointError.self) { try Checkpoint(path: path("file")) }
    let words = error?.description ?? ""
    #expect(words.hasPrefix("\(path("file")): its format is `") && words.count < 3000)
    #expect(!words.contains("\u{1b}"))
  }

  @Test func optimiserStateMayComeAndGoInTraining() throws {
    let weight = ToyTensor(name: "net.weight", shape: [2], values: [1, 2])
    let state = ToyTensor(name: "optimizer.net.weight.step", shape: [], values: [1])
    try writeCheckpoint([weight], genome: Genome([]), to: path("start"))
    try writeCheckpoint([weight, state], genome: Genome([]), to: path("end"))
    let (start, end) = (try Checkpoint(path: path("start")), try Checkpoint(path: path("end")))
    #expect(throws: Never.self) {
      try end.check(continues: start)
      try start.check(continues: end)
    }
    let stray = ToyTensor(name: "optimizer.net.other.step", shape: [], values: [1])
    try writeCheckpoint([weight, stray], genome: Genome([]), to: path("stray"))
    #expect(throws: CheckpointError(path("stray"), .extraTensor("optimizer.net.other.step"))) {
      try Checkpoint(path: path("stray")).check(continues: start)
    }
  }

  @Test func changedBuffersAndTypesAreNamed() throws {
    let names = ["net.weight", "net.running_mean"]
    func checkpoint(_ name: String, _ dtype: DType, buffers: [String]) throws -> Checkpoint {
      let writer = try SafetensorsWriter(
        path: path(name), tensors: names.map { .init(name: $0, dtype: dtype, shape: []) },
        metadata: try Checkpoint.metadata(genome: Genome([]), buffers: buffers))
      try Data(count: 2 * dtype.byteCount).withUnsafeBytes { try writer.write($0) }
      try writer.finish()
      return try Checkpoint(path: path(name))
    }
    let start = try checkpoint("start", .float32, buffers: ["net.running_mean"])
    let bare = try checkpoint("bare", .float32, buffers: [])
    #expect(throws: CheckpointError(path("bare"), .buffers(["net.running_mean"]))) {
      try bare.check(continues: start)
    }
    let half = try checkpoint("half", .float16, buffers: ["net.running_mean"])
    #expect(throws: CheckpointError(path("half"), .elementType(tensor: "net.weight", [.float32, .float16]))) {
      try half.check(continues: start)
    }
  }
}
