/// A weight divided by its largest singular value (Miyato et al. 2018), which is followed by power iteration.
///
/// Names and values are those of `torch.nn.utils.spectral_norm`: the parameter `weight_orig`, and the buffers `weight_u` [outputs] and
/// `weight_v` [everything else], unit vectors that are initially random. One power iteration per training forward.
public struct SpectralNorm {
  /// The weight that is trained, [outputs, ...].
  public let original: Tensor
  /// The left singular vector's estimate, [outputs].
  public let u: Tensor
  /// The right singular vector's estimate, [product of the other dimensions].
  public let v: Tensor
  /// Lengths below this count as this, in normalising u and v.
  private static let epsilon = 1e-12

  /// Makes the normalised weight of a layer at a path.
  public init(_ path: Path, shape: [Int], initial: Initializer) throws {
    original = try path.parameter("weight_orig", shape, initial)
    u = try path.buffer("weight_u", [shape[0]], .unitVector)
    v = try path.buffer("weight_v", [shape.dropFirst().reduce(1, *)], .unitVector)
  }

  /// The normalised weight; in training, after one power iteration, which changes ``u`` and ``v``.
  public func weight(training: Bool) throws -> Tensor {
    let matrix = try original.flatten(startDim: 1)
    var (left, right) = (u, v)
    if training {
      (left, right) = try withoutGradient {
        let right = try Self.normalized(matrix.transpose(dim0: 0, dim1: 1).mv(left))
        let left = try Self.normalized(matrix.mv(right))
        try u.copyInPlace(left)
        try v.copyInPlace(right)
        return (left, right)
      }
    }
    let sigma = try left.dot(matrix.mv(right))
    return try original / sigma
  }

  private static func normalized(_ vector: Tensor) throws -> Tensor {
    try vector / vector.norm().clamp(min: epsilon, max: .infinity)
  }
}

/// A convolution whose weight is spectrally normalised.
public struct SpectralConv2d {
  /// How it moves.
  public let shape: ConvolutionShape
  /// The weight, [outputs, inputs / groups, kernel, kernel].
  public let norm: SpectralNorm
  /// [outputs].
  public let bias: Tensor

  /// Makes a layer with the parameters `weight_orig` and `bias` at a path.
  public init(_ path: Path, _ shape: ConvolutionShape, initial: Initializer) throws {
    self.shape = shape
    bias = try path.parameter("bias", [shape.outputs], .torchDefault(fanIn: shape.fanIn))
    norm = try SpectralNorm(
      path, shape: [shape.outputs, shape.inputs / shape.groups, shape.kernel, shape.kernel],
      initial: initial)
  }

  /// x: [N, inputs, H, W] -> [N, outputs, H', W'].
  public func callAsFunction(_ x: Tensor, training: Bool) throws -> Tensor {
    try shape.convolve(x, norm.weight(training: training), bias)
  }

  /// What the layer gives, averaged over 2x2 positions: x: [N, inputs, H, W] -> [N, outputs, H' / 2, W' / 2].
  ///
  /// Convolving and then averaging is one convolution of stride 2 by the kernel averaged over its 2x2 shifts, with
  /// (k + 1)^2 multiplications a position instead of 4 k^2. For layers of stride 1 without dilation.
  public func averaged(_ x: Tensor, training: Bool) throws -> Tensor {
    let weight = try norm.weight(training: training).padConstant(padding: [1, 1, 1, 1])
      .avgPool2d(kernel: [2, 2], stride: [1, 1])
    var shape = self.shape
    shape.kernel += 1
    shape.stride = 2
    return try shape.convolve(x, weight, bias)
  }
}

/// A fully connected layer without bias whose weight is spectrally normalised.
public struct SpectralLinear {
  /// The weight, [outputs, inputs].
  public let norm: SpectralNorm

  /// Makes a layer with the parameter `weight_orig` at a path.
  public init(_ path: Path, inputs: Int, outputs: Int) throws {
    norm = try SpectralNorm(
      path, shape: [outputs, inputs], initial: .torchDefault(fanIn: inputs))
  }

  /// x: [..., inputs] -> [..., outputs].
  public func callAsFunction(_ x: Tensor, training: Bool) throws -> Tensor {
    try x.linear(norm.weight(training: training))
  }
}
