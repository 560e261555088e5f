import Torch

/// What actor and critic each begin with: a linear layer to few features, layer norm, activation.
///
/// It is there for vectors, too: its features are bounded whatever the units of an observation are, and
/// `feature_dim` stays a gene.
struct Trunk {
  private let linear: Linear
  private let norm: LayerNorm
  private let activation: Activation

  /// Makes the layers at a path.
  init(_ path: Path, _ choice: TrunkChoice, inputs: Int) throws {
    linear = try Linear(
      path / "linear", inputs: inputs, outputs: choice.featureLength, initial: .orthogonal(gain: 1),
      initialBias: .constant(0))
    norm = try LayerNorm(path / "norm", length: choice.featureLength)
    activation = choice.activation
  }

  /// x: [B, inputs] -> [B, featureLength].
  func callAsFunction(_ x: Tensor) throws -> Tensor {
    try activation(norm(linear(x)))
  }
}
