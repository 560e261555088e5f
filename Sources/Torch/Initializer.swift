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
  /// `gain` times a random matrix with orthonormal rows or columns, whichever are fewer (Saxe et al. 2014,
  /// arXiv 1312.6120); dimensions after the first count as columns. The same numbers as
  /// `torch.nn.init.orthogonal_` from the same draws.
  case orthogonal(gain: Double)

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
    case .orthogonal(let gain):
      return try Self.orthogonal(shape: shape, generator: generator) * gain
    }
    return tensor
  }

  /// The Q of a QR decomposition of normal draws. R's diagonal is made positive, without which Q would not be
  /// uniformly distributed (Mezzadri 2007, arXiv math-ph/0609050).
  private static func orthogonal(shape: [Int], generator: RandomGenerator) throws -> Tensor {
    guard shape.count >= 2, !shape.contains(0) else {
      throw TorchError("orthogonal initialisation needs 2 dimensions that are not empty, got \(shape)")
    }
    let (rows, columns) = (shape[0], shape.dropFirst().reduce(1, *))
    let draws = try Tensor.randn([rows, columns], generator: generator)
    let isWide = rows < columns
    let (q, r) = try (isWide ? draws.transpose(dim0: 0, dim1: 1) : draws).linalgQr()
    let unique = try q * r.diagonal().sign()
    // LAPACK's results lie column by column, but gradients come row by row, and optimisers walk both as flat
    // arrays.
    return try (isWide ? unique.transpose(dim0: 0, dim1: 1) : unique).contiguous(format: .contiguous)
      .reshape(shape: shape)
  }
}
