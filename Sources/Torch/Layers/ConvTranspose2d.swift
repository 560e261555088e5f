/// A transposed convolution of images: the gradient of a convolution with respect to its input.
///
/// weight: [inputs, outputs / groups, kernel, kernel]; initially U(-1 / sqrt(f), 1 / sqrt(f)) with
/// f = outputs / groups * kernel^2 as in PyTorch, unless another distribution is given. bias: [outputs], the
/// same.
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
    if isDepthwiseDoubling, x.elementType == .bfloat16 {
      return try doubleByConvolution(x)
    }
    return try x.convTranspose2d(
      weight, bias: bias, stride: [shape.stride, shape.stride], padding: [shape.padding, shape.padding],
      outputPadding: [outputPadding, outputPadding], dilation: [shape.dilation, shape.dilation],
      groups: shape.groups)
  }

  /// Whether the layer doubles height and width, each channel by itself.
  private var isDepthwiseDoubling: Bool {
    shape.groups == shape.inputs && shape.groups == shape.outputs && shape.stride == 2
      && shape.padding == (shape.kernel - 1) / 2 && outputPadding == 1 && shape.dilation == 1
      && !shape.kernel.isMultiple(of: 2)
  }

  /// The same numbers by a convolution over the input with zeros in between: oneDNN's bfloat16 kernel for grouped
  /// transposed convolutions takes several times as long.
  private func doubleByConvolution(_ x: Tensor) throws -> Tensor {
    let (n, c, h, w) = (x.shape[0], x.shape[1], x.shape[2], x.shape[3])
    let spread = try x.permute(dims: [0, 2, 3, 1]).reshape(shape: [n, h, 1, w, 1, c])
      .padConstant(padding: [0, 0, 0, 1, 0, 0, 0, 1]).reshape(shape: [n, 2 * h, 2 * w, c])
      .permute(dims: [0, 3, 1, 2])
    let around = [shape.padding, shape.padding]
    return try spread.conv2d(
      weight.flip(dims: [2, 3]), bias: bias, stride: [1, 1], padding: around, dilation: [1, 1],
      groups: shape.groups)
  }
}
