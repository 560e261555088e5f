import Foundation
import Safetensors
import Testing
import Torch

/// Where the tensors of a network are kept.
@Suite struct ParameterStoreTests {
  @Test("a network that is read makes no tensor that its file does not have in its shape")
  func tensorsOfAFile() throws {
    let path = FileManager.default.temporaryDirectory.appendingPathComponent("store-\(UUID().uuidString)")
      .path
    defer { unlink(path) }
    try SafetensorsFile.write([("a", Tensor([1, 2], shape: [2]))], metadata: [:], to: path)
    let store = try ParameterStore(for: SafetensorsFile(path: path))
    for shape in [[1 << 20, 1 << 20], [Int.max, 2], [-1, -1], [1], [2, 1]] {
      let error = #expect(throws: TorchError.self) { try store.root.parameter("a", shape, .constant(0)) }
      #expect(error?.description.contains(path) == true && error?.description.contains("`a`") == true)
      #expect(throws: TorchError.self) { try store.root.buffer("a", shape, .constant(0)) }
    }
    #expect(throws: TorchError.self) { try store.root.parameter("b", [2], .constant(0)) }
    _ = try store.root.parameter("a", [2], .constant(0))
  }
}
