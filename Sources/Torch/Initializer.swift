/// The distribution of a tensor's initial values.
public enum Initializer: Hashable, Sendable {
  /// All the same.
  case constant(Double)
  /// U(-bound, bound).
  case uniform(bound: Double)
  /// N(mean, std^2).
  case normal(mean: Double, std: Double)
  /// U(-a, a) with a = sqrt(6 / (fan in + fan out)) (Glorot and Bengio 2010).
  case xavierUniform
  /// N(0, 1) scaled to length 1: a random direction.
  case unitVector

  /// PyTorch's default for the weights and biases of linear and convolution layers:
  /// U(-1 / sqrt(fan in), 1 / sqrt(fan in)).
  public static func torchDefault(fanIn: Int) -> Initializer {
    fanIn > 0 ? .uniform(bound: 1 / Double(fanIn).squareRoot()) : .constant(0)
  }

  /// Draws a float32 tensor.
  func makeTensor(shape: [Int], generator: RandomGenerator) throws -> Tensor {
    let tensor = try Tensor.empty(shape)
    switch self {
    case .constant(let value):
      try tensor.fillInPlace(value: value)
    case .uniform(let bound):
      try tensor.uniformInPlace(from: -bound, to: bound, generator: generator)
    case .normal(let mean, let std):
      try tensor.normalInPlace(mean: mean, std: std, generator: generator)
    case .xavierUniform:
      let positions = shape.dropFirst(2).reduce(1, *)
      guard shape.count >= 2 else {
        throw TorchError("Xavier initialisation needs 2 dimensions, not \(shape)")
      }
      let bound = (6 / Double((shape[0] + shape[1]) * positions)).squareRoot()
      try tensor.uniformInPlace(from: -bound, to: bound, generator: generator)
    case .unitVector:
      try tensor.normalInPlace(mean: 0, std: 1, generator: generator)
      return try tensor / tensor.norm()
    }
    return tensor
  }
}
