import Torch

/// Transitions drawn from a replay buffer, B of them.
public struct ReplayBatch {
  /// float32 [B, n], or bytes [B, channels, side, side].
  public let observations: Tensor
  /// float32 [B, actions], each in -1...1.
  public let actions: Tensor
  /// The discounted sum of the next n rewards, float32 [B, 1].
  public let rewards: Tensor
  /// What the value of the next observation counts, float32 [B, 1]: the discount to the power of n, 0 after
  /// an end.
  public let discounts: Tensor
  /// What was seen n steps later, as `observations`.
  public let nextObservations: Tensor

  /// Makes a batch.
  public init(
    observations: Tensor, actions: Tensor, rewards: Tensor, discounts: Tensor, nextObservations: Tensor
  ) {
    self.observations = observations
    self.actions = actions
    self.rewards = rewards
    self.discounts = discounts
    self.nextObservations = nextObservations
  }

  /// Checks that the parts fit an agent and one another: libtorch would repeat what is too short.
  ///
  /// - Throws: ``RLError/batchShape(part:found:expected:)`` with the first part that does not.
  func check(_ sizes: DrQSizes) throws(RLError) {
    let count = observations.shape.first ?? 0
    let parts = [
      ("observations", observations, sizes.observation.shape),
      ("actions", actions, [sizes.actions]),
      ("rewards", rewards, [1]),
      ("discounts", discounts, [1]),
      ("next observations", nextObservations, sizes.observation.shape),
    ]
    for (name, tensor, shape) in parts where tensor.shape != [count] + shape {
      throw .batchShape(part: name, found: tensor.shape, expected: [count] + shape)
    }
  }
}
