import Torch

/// The policy: trunk, hidden layers, tanh.
struct Actor {
  private let trunk: Trunk
  private let policy: Perceptron

  /// Makes the network at a path.
  init(_ path: Path, _ architecture: DrQArchitecture, _ sizes: DrQSizes) throws {
    trunk = try Trunk(path / "trunk", architecture.actorTrunk, inputs: sizes.trunkInputs)
    policy = try Perceptron(
      path / "policy", architecture.policy, inputs: architecture.actorTrunk.featureLength,
      width: sizes.hidden, outputs: sizes.actions)
  }

  /// encoded: what the encoder gives, or vectors, [B, n] -> mean actions [B, actions] in -1...1.
  func callAsFunction(_ encoded: Tensor, training: Bool) throws -> Tensor {
    try preactivations(encoded, training: training).tanh()
  }

  /// encoded: [B, n] -> what the mean actions are the tanh of, [B, actions].
  func preactivations(_ encoded: Tensor, training: Bool) throws -> Tensor {
    try policy(trunk(encoded), training: training)
  }
}
