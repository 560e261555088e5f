/// Batch normalisation of images (Ioffe and Szegedy 2015): per channel, `(x - mean) / sqrt(variance + eps) * weight + bias`.
///
/// In training, mean and variance are the batch's, and the running ones move towards them; else the running ones are used.
public struct BatchNorm2d {
  /// [channels], initially N(1, scaleStd^2).
  public let weight: Tensor
  /// [channels], initially 0.
  public let bias: Tensor
  /// [channels], initially 0.
  public let runningMean: Tensor
  /// [channels], initially 1.
  public let runningVariance: Tensor
  /// How many batches were seen in training; int64.
  public let batchesTracked: Tensor
  /// The share of a batch's statistics in the running ones.
  public let momentum: Double
  /// Added to the variance.
  public let epsilon: Double

  /// Makes a layer with PyTorch's names: `weight`, `bias`, `running_mean`, `running_var`, `num_batches_tracked`.
  public init(
    _ path: Path, channels: Int, scaleStd: Double = 0, momentum: Double = 0.1, epsilon: Double = 1e-5
  ) throws {
    let initialScale = scaleStd > 0 ? Initializer.normal(mean: 1, std: scaleStd) : .constant(1)
    weight = try path.parameter("weight", [channels], initialScale)
    bias = try path.parameter("bias", [channels], .constant(0))
    runningMean = try path.buffer("running_mean", [channels], .constant(0))
    runningVariance = try path.buffer("running_var", [channels], .constant(1))
    batchesTracked = try path.buffer("num_batches_tracked", [], .constant(0), .int64)
    self.momentum = momentum
    self.epsilon = epsilon
  }

  /// x: [N, channels, H, W], the same shape out.
  public func callAsFunction(_ x: Tensor, training: Bool) throws -> Tensor {
    if training {
      try batchesTracked.addInPlace(1)
    }
    return try x.batchNorm(
      weight, bias: bias, runningMean: runningMean, runningVar: runningVariance, training: training,
      momentum: momentum, eps: epsilon)
  }
}
