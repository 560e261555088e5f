/// A transposed convolution of images: the gradient of a convolution with respect to its input.
///
/// weight: [inputs, outputs / groups, kernel, kernel].
public struct ConvTranspose2d {
  /// How the convolution that it transposes moves; `inputs` and `outputs` are this layer's own.
  public let shape: ConvolutionShape
  /// Rows and columns added on one side, where several input sizes give the same output size.
  public let outputPadding: Int
  /// [inputs, outputs / groups, kernel, kernel].
  public let weight: Tensor
  /// [outputs]; nil for a layer without bias.
  public let bias: Tensor?

  /// Makes a layer whose parameters are named `weight` and `bias` at a path.
  public init(
    _ path: Path, _ shape: ConvolutionShape, outputPadding: Int = 0, bias: Bool = true,
    initial: Initializer? = nil
  ) throws {
    self.shape = shape
    self.outputPadding = outputPadding
    // PyTorch takes the weight's second dimension for the fan in, whatever the direction.
    let torchDefault = Initializer.torchDefault(
      fanIn: shape.outputs / shape.groups * shape.kernel * shape.kernel)
    weight = try path.parameter(
      "weight", [shape.inputs, shape.outputs / shape.groups, shape.kernel, shape.kernel],
      initial ?? torchDefault)
    self.bias = try bias ? path.parameter("bias", [shape.outputs], torchDefault) : nil
  }

  /// x: [N, inputs, H, W] -> [N, outputs, H', W'] with H' = (H - 1) stride - 2 padding + dilation (kernel - 1) +
  /// outputPadding + 1.
  public func callAsFunction(_ x: Tensor) throws -> Tensor {
    try x.convTranspose2d(
      weight, bias: bias, stride: [shape.stride, shape.stride], padding: [shape.padding, shape.padding],
      outputPadding: [outputPadding, outputPadding], groups: shape.groups)
  }
}
