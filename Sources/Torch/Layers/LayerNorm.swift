/// Layer normalisation (Ba et al. 2016, arXiv 1607.06450) over the last dimension: `(x - mean) /
/// sqrt(variance + eps) * weight + bias`.
public struct LayerNorm {
  /// [length], initially 1.
  public let weight: Tensor
  /// [length], initially 0.
  public let bias: Tensor
  /// The length of the last dimension.
  public let length: Int
  /// Added to the variance.
  public let epsilon: Double

  /// Makes a layer whose parameters are named `weight` and `bias` at a path.
  public init(_ path: Path, length: Int, epsilon: Double = 1e-5) throws {
    weight = try path.parameter("weight", [length], .constant(1))
    bias = try path.parameter("bias", [length], .constant(0))
    self.length = length
    self.epsilon = epsilon
  }

  /// x: [..., length], the same shape out.
  public func callAsFunction(_ x: Tensor) throws -> Tensor {
    try x.layerNorm(normalizedShape: [length], weight: weight, bias: bias, eps: epsilon)
  }
}
