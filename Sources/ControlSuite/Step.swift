/// What came of an action.
public struct Step: Hashable, Sendable {
  /// What is observed afterwards.
  public let observation: [Double]
  /// The reward, summed over the action's repetitions; each is in [0, 1].
  public let reward: Double
  /// Whether the episode is over. That is by its time, which says nothing about the state: a value estimate
  /// goes on beyond it.
  public let isLast: Bool
  /// Set if the episode is over because the physics cannot go on. The observation is then the one before the
  /// action, and the reward does not count the step that failed.
  public let divergence: Divergence?
}

/// Why MuJoCo's state is no longer one to go on from.
public struct Divergence: Hashable, Sendable, CustomStringConvertible {
  /// MuJoCo's warnings, as sentences.
  public let warnings: [String]
  /// The control step in which it happened, the episode's first being 1.
  public let step: Int

  /// The step and the warnings.
  public var description: String {
    "the physics diverged in control step \(step): " + warnings.joined(separator: ", ")
  }
}
