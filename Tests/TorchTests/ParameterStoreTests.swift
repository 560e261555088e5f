import Foundation
import Safetensors
import Testing
import Torch

/// Where the tensors of a network are kept.
@Suite struct ParameterStoreTests {
  @Test("a network that is read makes no tensors that its file is too short for")
  func room() throws {
    let path = FileManager.default.temporaryDirectory.appendingPathComponent("store-\(UUID().uuidString)")
      .path
    defer { unlink(path) }
    try SafetensorsFile.write([("a", Tensor([1, 2], shape: [2]))], metadata: [:], to: path)
    let file = try SafetensorsFile(path: path)
    let store = try ParameterStore(for: file)
    _ = try store.root.parameter("a", [2], .constant(0))
    // The last are those that take the rest of the file's length, and one more.
    let rest = file.byteCount - 2
    for shape in [[1 << 20, 1 << 20], [Int.max, 2], [-1, -1], [rest + 1]] {
      let error = #expect(throws: TorchError.self) { try store.root.parameter("b", shape, .constant(0)) }
      #expect(error?.description.hasPrefix("\(path): tensor `b` would be \(shape), which") == true)
      #expect(throws: TorchError.self) { try store.root.buffer("b", shape, .constant(0)) }
    }
    _ = try store.root.parameter("b", [rest], .constant(0))
    #expect(throws: TorchError.self) { try store.root.buffer("c", [1], .constant(0)) }
  }
}
