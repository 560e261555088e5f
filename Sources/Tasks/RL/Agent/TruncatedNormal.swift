import Torch

/// DrQ-v2's distribution of actions: a normal one whose draws are clamped to just inside -1...1.
///
/// Gradients go through the clamp as if it were not there (Bengio et al. 2013, arXiv 1308.3432).
struct TruncatedNormal {
  /// [B, actions].
  let mean: Tensor
  let standardDeviation: Double
  /// How far draws stay from -1 and 1.
  private static let margin = 1e-6

  /// One draw for each mean.
  ///
  /// - Parameter clip: the largest deviation from the mean, nil for any.
  func sample(clip: Double? = nil, _ random: RandomGenerator) throws -> Tensor {
    // Drawn on the CPU on every device, so that a seed means the same noise everywhere.
    var deviation = try Tensor.randn(mean.shape, generator: random).to(mean.device) * standardDeviation
    if let clip { deviation = try deviation.clamp(min: -clip, max: clip) }
    return try (mean + deviation).clampStraightThrough(min: Self.margin - 1, max: 1 - Self.margin)
  }
}
