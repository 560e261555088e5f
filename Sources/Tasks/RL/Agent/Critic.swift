import Torch

/// Two estimates of the return after an action, by two Q networks on one trunk.
struct Critic {
  private let trunk: Trunk
  private let q1: Perceptron
  private let q2: Perceptron

  /// Makes the network at a path.
  init(_ path: Path, _ architecture: DrQArchitecture, _ sizes: DrQSizes) throws {
    let inputs = architecture.criticTrunk.featureLength + sizes.actions
    trunk = try Trunk(path / "trunk", architecture.criticTrunk, inputs: sizes.trunkInputs)
    q1 = try Perceptron(path / "q1", architecture.q1, inputs: inputs, width: sizes.hidden, outputs: 1)
    q2 = try Perceptron(path / "q2", architecture.q2, inputs: inputs, width: sizes.hidden, outputs: 1)
  }

  /// encoded: what the encoder gives, or vectors, [B, n]; actions: [B, actions] -> both estimates [B, 1].
  func callAsFunction(_ encoded: Tensor, _ actions: Tensor, training: Bool) throws -> (Tensor, Tensor) {
    let features = try trunk(encoded)
    return (
      try q1(features, beside: actions, training: training),
      try q2(features, beside: actions, training: training)
    )
  }
}
