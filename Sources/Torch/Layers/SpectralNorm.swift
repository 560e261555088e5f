/// A weight divided by its largest singular value (Miyato et al. 2018), which is followed by power iteration.
///
/// Names and values are those of `torch.nn.utils.spectral_norm`: the parameter `weight_orig`, and the buffers
/// `weight_u` [outputs] and `weight_v` [everything else], unit vectors that are initially random. One power
/// iteration per training forward.
///
/// The normalisation can be off: then the weight is used as it is, and u and v stay as they are. Names and
/// shapes are the same either way, so that networks with and without it can exchange weights.
///
/// A copy of a network with averages in place of its weights has the first one's u and v, which follow another weight: after
/// a weight was replaced or noise was added to it, quite another one. So every forward of the copy takes one iteration on
/// its own weight, from u, which nobody keeps.
public struct SpectralNorm {
  /// Whether the weight is normalised.
  public let isApplied: Bool
  /// The weight that is trained, [outputs, ...].
  public let original: Tensor
  /// The left singular vector's estimate, [outputs].
  public let u: Tensor
  /// The right singular vector's estimate, [product of the other dimensions].
  public let v: Tensor
  /// Whether ``original`` may be an average of the weight that ``u`` and ``v`` follow.
  private let isShared: Bool
  /// Lengths below this count as this, in normalising u and v.
  private static let epsilon = 1e-12

  /// Makes the normalised weight of a layer at a path.
  ///
  /// - Parameter initialIterations: power iterations at once, so that u and v are of use before the first
  ///   training forward; one finds an orthogonal weight's singular value exactly.
  public init(
    _ path: Path, shape: [Int], initial: Initializer, isApplied: Bool = true, initialIterations: Int = 0
  ) throws {
    self.isApplied = isApplied
    original = try path.parameter("weight_orig", shape, initial)
    u = try path.buffer("weight_u", [shape[0]], .unitVector)
    v = try path.buffer("weight_v", [shape.dropFirst().reduce(1, *)], .unitVector)
    isShared = path.isShared
    if !isShared {
      for _ in 0..<initialIterations { _ = try iterate() }
    }
  }

  /// The normalised weight; in training, after one power iteration, which changes ``u`` and ``v``.
  public func weight(training: Bool) throws -> Tensor {
    guard isApplied else { return original }
    // In mixed precision, GPUs would multiply in bfloat16 here, of too few bits for a norm and its vectors.
    let sigma = try withPrecision(.float32, on: original.device) {
      let (left, right) = try training || isShared ? iterate() : (u, v)
      return try left.dot(original.flatten(startDim: 1).mv(right))
    }
    return try original / sigma
  }

  /// One power iteration, which changes ``u`` and ``v`` if they are this weight's.
  ///
  /// - Returns: their new values, as tensors that later iterations leave alone: gradients need them.
  private func iterate() throws -> (left: Tensor, right: Tensor) {
    try withoutGradient {
      let matrix = try original.flatten(startDim: 1)
      let right = try Self.normalized(matrix.transpose(dim0: 0, dim1: 1).mv(u))
      let left = try Self.normalized(matrix.mv(right))
      if !isShared {
        try u.copyInPlace(left)
        try v.copyInPlace(right)
      }
      return (left, right)
    }
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
  public init(
    _ path: Path, _ shape: ConvolutionShape, initial: Initializer, initialBias: Initializer? = nil,
    isNormalized: Bool = true, initialIterations: Int = 0
  ) throws {
    self.shape = shape
    bias = try path.parameter("bias", [shape.outputs], initialBias ?? .torchDefault(fanIn: shape.fanIn))
    norm = try SpectralNorm(
      path, shape: [shape.outputs, shape.inputs / shape.groups, shape.kernel, shape.kernel],
      initial: initial, isApplied: isNormalized, initialIterations: initialIterations)
  }

  /// x: [N, inputs, H, W] -> [N, outputs, H', W'].
  public func callAsFunction(_ x: Tensor, training: Bool) throws -> Tensor {
    try shape.convolve(x, norm.weight(training: training), bias)
  }

  /// What the layer gives, averaged over 2x2 positions: x: [N, inputs, H, W] -> [N, outputs, H' / 2, W' / 2].
  ///
  /// Convolving and then averaging is one convolution of stride 2 by the kernel averaged over its 2x2 shifts,
  /// with (k + 1)^2 multiplications a position instead of 4 k^2. For layers of stride 1 without dilation.
  public func averaged(_ x: Tensor, training: Bool) throws -> Tensor {
    let weight = try norm.weight(training: training).padConstant(padding: [1, 1, 1, 1])
      .avgPool2d(kernel: [2, 2], stride: [1, 1])
    var shape = self.shape
    shape.kernel += 1
    shape.stride = 2
    return try shape.convolve(x, weight, bias)
  }
}

/// A fully connected layer whose weight is spectrally normalised.
public struct SpectralLinear {
  /// The weight, [outputs, inputs].
  public let norm: SpectralNorm
  /// [outputs]; nil for a layer without bias.
  public let bias: Tensor?

  /// Makes a layer with the parameter `weight_orig` at a path, and `bias` if there is an initial value for
  /// it.
  public init(
    _ path: Path, inputs: Int, outputs: Int, initial: Initializer? = nil, initialBias: Initializer? = nil,
    isNormalized: Bool = true, initialIterations: Int = 0
  ) throws {
    bias = try initialBias.map { try path.parameter("bias", [outputs], $0) }
    norm = try SpectralNorm(
      path, shape: [outputs, inputs], initial: initial ?? .torchDefault(fanIn: inputs),
      isApplied: isNormalized, initialIterations: initialIterations)
  }

  /// x: [..., inputs] -> [..., outputs].
  public func callAsFunction(_ x: Tensor, training: Bool) throws -> Tensor {
    try x.linear(norm.weight(training: training), bias: bias)
  }

  /// What the layer gives, limited to 0 and above: faster than both one after the other. The input is x, or two side by
  /// side: x: [B, n] and other: [B, inputs - n].
  public func rectified(_ x: Tensor, beside other: Tensor? = nil, training: Bool) throws -> Tensor {
    try x.linearRelu(norm.weight(training: training), bias: bias, beside: other)
  }
}
