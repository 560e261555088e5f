/// A fully connected layer: `y = x weight^T + bias`.
///
/// weight: [outputs, inputs] and bias: [outputs], both initially U(-1 / sqrt(inputs), 1 / sqrt(inputs)) as in
/// PyTorch, unless told otherwise.
public struct Linear {
  /// [outputs, inputs].
  public let weight: Tensor
  /// [outputs]; nil for a layer without bias.
  public let bias: Tensor?

  /// Makes a layer whose parameters are named `weight` and `bias` at a path.
  public init(
    _ path: Path, inputs: Int, outputs: Int, bias: Bool = true, initial: Initializer? = nil,
    initialBias: Initializer? = nil
  ) throws {
    let torchDefault = Initializer.torchDefault(fanIn: inputs)
    weight = try path.parameter("weight", [outputs, inputs], initial ?? torchDefault)
    self.bias = try bias ? path.parameter("bias", [outputs], initialBias ?? torchDefault) : nil
  }

  /// x: [..., inputs] -> [..., outputs].
  public func callAsFunction(_ x: Tensor) throws -> Tensor {
    try x.linear(weight, bias: bias)
  }
}
