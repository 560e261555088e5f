/// A fully connected layer: `y = x weight^T + bias`.
///
/// weight: [outputs, inputs] and bias: [outputs], both initially U(-1 / sqrt(inputs), 1 / sqrt(inputs)), as in PyTorch.
public struct Linear {
  /// [outputs, inputs].
  public let weight: Tensor
  /// [outputs]; nil for a layer without bias.
  public let bias: Tensor?

  /// Makes a layer whose parameters are named `weight` and `bias` at a path.
  public init(_ path: Path, inputs: Int, outputs: Int, bias: Bool = true) throws {
    let initial = Initializer.torchDefault(fanIn: inputs)
    weight = try path.parameter("weight", [outputs, inputs], initial)
    self.bias = try bias ? path.parameter("bias", [outputs], initial) : nil
  }

  /// x: [..., inputs] -> [..., outputs].
  public func callAsFunction(_ x: Tensor) throws -> Tensor {
    try x.linear(weight, bias: bias)
  }
}
