import Torch

/// A feature map inside a cell. Several edges may start at it: what they have in common is computed once.
final class Node {
  /// [N, C, H, W].
  let value: Tensor
  private var activation: Tensor?
  private var bilinearActivation: Tensor?

  init(_ value: Tensor) {
    self.value = value
  }

  /// `relu(value)`.
  func activated() throws -> Tensor {
    if let activation { return activation }
    let result = try value.relu()
    activation = result
    return result
  }

  /// `relu` of the value resized to twice its height and width.
  func doubledAndActivated() throws -> Tensor {
    if let bilinearActivation { return bilinearActivation }
    let result = try value.resized(to: value.shape[2] * 2, .bilinear).relu()
    bilinearActivation = result
    return result
  }
}

/// How a feature map is resized.
enum Interpolation {
  case nearest
  case bilinear
}

extension Tensor {
  /// Square images [N, C, H, W] resized to another height and width; itself where they are the same.
  func resized(to size: Int, _ interpolation: Interpolation) throws -> Tensor {
    if shape[2] == size { return self }
    return switch interpolation {
    case .nearest: try upsampleNearest2d(size: [size, size])
    case .bilinear: try upsampleBilinear2d(size: [size, size])
    }
  }
}
