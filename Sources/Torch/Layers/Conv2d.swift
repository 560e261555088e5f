/// How a convolution moves over its input.
public struct ConvolutionShape: Hashable, Sendable {
  /// Input channels.
  public var inputs: Int
  /// Output channels.
  public var outputs: Int
  /// The kernel's height and width.
  public var kernel: Int
  /// The step between positions.
  public var stride: Int
  /// Zeros added on each side.
  public var padding: Int
  /// The distance between the kernel's elements.
  public var dilation: Int
  /// The number of groups that inputs and outputs are split into.
  public var groups: Int

  /// A shape; without `padding`, an odd kernel's output has the size of its input divided by the stride.
  public init(
    inputs: Int, outputs: Int, kernel: Int, stride: Int = 1, padding: Int? = nil, dilation: Int = 1,
    groups: Int = 1
  ) {
    self.inputs = inputs
    self.outputs = outputs
    self.kernel = kernel
    self.stride = stride
    self.padding = padding ?? dilation * (kernel - 1) / 2
    self.dilation = dilation
    self.groups = groups
  }

  /// The number of inputs that one output value depends on.
  var fanIn: Int { inputs / groups * kernel * kernel }

  /// Applies a convolution of this shape.
  func convolve(_ x: Tensor, _ weight: Tensor, _ bias: Tensor?) throws(TorchError) -> Tensor {
    try x.conv2d(
      weight, bias: bias, stride: [stride, stride], padding: [padding, padding],
      dilation: [dilation, dilation], groups: groups)
  }
}

/// A convolution of images.
///
/// weight: [outputs, inputs / groups, kernel, kernel]; initially U(-1 / sqrt(fan in), 1 / sqrt(fan in)) as in PyTorch, unless
/// told otherwise. bias: [outputs], the same.
public struct Conv2d {
  /// How it moves.
  public let shape: ConvolutionShape
  /// [outputs, inputs / groups, kernel, kernel].
  public let weight: Tensor
  /// [outputs]; nil for a layer without bias.
  public let bias: Tensor?

  /// Makes a layer whose parameters are named `weight` and `bias` at a path.
  public init(
    _ path: Path, _ shape: ConvolutionShape, bias: Bool = true, initial: Initializer? = nil
  ) throws {
    self.shape = shape
    let torchDefault = Initializer.torchDefault(fanIn: shape.fanIn)
    weight = try path.parameter(
      "weight", [shape.outputs, shape.inputs / shape.groups, shape.kernel, shape.kernel],
      initial ?? torchDefault)
    self.bias = try bias ? path.parameter("bias", [shape.outputs], torchDefault) : nil
  }

  /// x: [N, inputs, H, W] -> [N, outputs, H', W'].
  public func callAsFunction(_ x: Tensor) throws -> Tensor {
    try shape.convolve(x, weight, bias)
  }
}
