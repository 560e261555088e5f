import Foundation
import PBTNAS
import Safetensors
import Testing

@testable import Tasks

/// What a replay buffer's files may not be.
@Suite struct ReplaySegmentTests {
  private let layout = ReplayLayout(.state(length: 2), actionLength: 1)
  private let folder: ReplayBufferTests.Folder

  init() throws {
    folder = try ReplayBufferTests.Folder()
  }

  private func stored() throws -> ReplayBuffer.Segments {
    let buffer = ReplayBuffer(layout, capacity: 100, steps: 1, discount: 1)
    try ReplayBufferTests.fill(buffer, episodes: 2, length: 3, from: 0)
    return try buffer.save(path: folder.path, folder.add)
  }

  private func read(
    _ stored: ReplayBuffer.Segments, _ layout: ReplayLayout? = nil, capacity: Int = 100
  ) throws -> ReplayBuffer {
    try ReplayBuffer(
      layout ?? self.layout, capacity: capacity, steps: 1, discount: 1, from: stored, path: folder.path)
  }

  @Test("a segment that was cut anywhere is refused with its path")
  func cutShort() throws {
    let stored = try stored()
    let path = folder.path(stored.names[0])
    let bytes = try Data(contentsOf: URL(fileURLWithPath: path))
    for count in [0, 7, 8, 100, bytes.count - 1] {
      try bytes.prefix(count).write(to: URL(fileURLWithPath: path))
      let error = #expect(throws: SafetensorsError.self) { try read(stored) }
      #expect(error?.path == path)
    }
    try FileManager.default.removeItem(atPath: path)
    let error = #expect(throws: SafetensorsError.self) { try read(stored) }
    #expect(error?.description.contains(path) == true)
  }

  /// Writes a segment of one episode of 3 transitions, with a change.
  private func write(
    _ change: (inout [String: (DType, [Int])], inout [String: String], inout [Int64]) -> Void
  ) throws -> ReplayBuffer.Segments {
    var tensors: [String: (DType, [Int])] = [
      "episode_length": (.int64, [1]), "action": (.float32, [3, 1]), "reward": (.float32, [3]),
      "discount": (.float32, [3]), "observation": (.float32, [4, 2]),
    ]
    var (texts, lengths) = (["format": "pbtnas-replay-1"], [Int64(3)])
    change(&tensors, &texts, &lengths)
    let list = tensors.sorted { $0.key < $1.key }
    let writer = try SafetensorsWriter(
      path: folder.path("changed"),
      tensors: list.map { .init(name: $0.key, dtype: $0.value.0, shape: $0.value.1) }, metadata: texts)
    for (name, (type, shape)) in list {
      let zeros = [UInt8](repeating: 0, count: shape.reduce(type.byteCount, *))
      if name == "episode_length" && type == .int64 {
        try lengths.withUnsafeBytes { try writer.write($0) }
      } else {
        try zeros.withUnsafeBytes { try writer.write($0) }
      }
    }
    try writer.finish()
    return ReplayBuffer.Segments(names: ["changed"], transitions: 3)
  }

  private func complaint(
    _ change: (inout [String: (DType, [Int])], inout [String: String], inout [Int64]) -> Void
  ) throws -> String {
    let stored = try write(change)
    let error = #expect(throws: ReplayError.self) { try read(stored) }
    let path = folder.path("changed")
    #expect(error?.path == path)
    return (error?.description ?? "").replacingOccurrences(of: "\(path): ", with: "")
  }

  @Test("a segment that breaks a rule is refused with the rule")
  func rules() throws {
    #expect(try read(write { _, _, _ in }).transitions == 3)
    #expect(
      try complaint { _, texts, _ in texts["format"] = "other" }
        == "its format is `other`, expected `pbtnas-replay-1`")
    #expect(
      try complaint { _, texts, _ in texts = [:] } == "its format is not said, expected `pbtnas-replay-1`")
    // Lengths are added to the last of these, which must not overflow.
    for step in ["-1", "x", "9223372036854775807"] {
      #expect(
        try complaint { _, texts, _ in texts["first_step"] = step }
          == "its `first_step` is `\(step)`, expected a number of transitions up to 9007199254740992")
    }
    for name in ["episode_length", "action", "reward", "discount", "observation"] {
      #expect(
        try complaint { tensors, _, _ in tensors[name] = nil }
          == "tensor `\(name)` is missing; expected a segment of a replay buffer")
    }
    #expect(
      try complaint { tensors, _, _ in tensors["reward"] = (.float64, [3]) }.hasPrefix(
        "tensor `reward` is F64 [3], expected F32 [3]"))
    #expect(
      try complaint { tensors, _, _ in tensors["action"] = (.float32, [2, 1]) }.hasPrefix(
        "tensor `action` is F32 [2, 1], expected F32 [3, 1]"))
    #expect(
      try complaint { tensors, _, _ in tensors["observation"] = (.float32, [3, 2]) }.hasPrefix(
        "tensor `observation` is F32 [3, 2], expected F32 [4, 2]"))
    #expect(
      try complaint { tensors, _, _ in tensors["episode_length"] = (.int32, [2]) }.hasPrefix(
        "tensor `episode_length` is I32 [2], expected I64 [2]"))
    for length in [Int64(0), -1, .max] {
      #expect(
        try complaint { _, _, lengths in lengths = [length] }
          == "an episode has \(length) transitions; expected 1 to 2147483647")
    }
  }

  @Test("segments of another task's observations are refused with both shapes")
  func otherLayout() throws {
    let stored = try stored()
    let error = #expect(throws: ReplayError.self) {
      try read(stored, ReplayLayout(.state(length: 3), actionLength: 1))
    }
    #expect(
      error?.description.hasPrefix(
        "\(folder.path(stored.names[0])): tensor `observation` is F32 [8, 2], expected F32 [8, 3]") == true)
    #expect(throws: ReplayError.self) { try read(stored, ReplayLayout(.state(length: 2), actionLength: 2)) }
  }

  @Test("segments that do not hold the noted number of transitions are refused")
  func otherCount() throws {
    var stored = try stored()
    stored.transitions = 5
    #expect(
      throws: ReplayError(
        path: folder.path(stored.names[0]), reason: .transitions(expected: 5, found: 3))
    ) { try read(stored) }
    stored.transitions = 7
    #expect(throws: ReplayError.self) { try read(stored) }
  }

  @Test("a buffer is read with another capacity than it was written with, and keeps what fits")
  func otherCapacity() throws {
    var stored = try stored()
    #expect(try read(stored, capacity: 4).transitions == 3)
    // The first of the file's two episodes had gone when the file was listed: it stays gone.
    stored.transitions = 3
    #expect(try read(stored, capacity: 4).transitions == 3)
    #expect(try read(stored, capacity: 100).transitions == 3)
  }
}
