/// The sizes of the agent's networks.
public struct DrQSizes: Hashable, Sendable, Codable {
  /// What the agent sees.
  public enum Observation: Hashable, Sendable, Codable {
    /// A vector: float32 [B, length].
    case state(length: Int)
    /// Colour pictures, the last ones stacked: bytes [B, 3 * frames, side, side].
    case pixels(frames: Int = 3, side: Int = 84)

    /// The shape of a single observation.
    public var shape: [Int] {
      switch self {
      case .state(let length): [length]
      case .pixels(let frames, let side): [3 * frames, side, side]
      }
    }
  }

  /// What the agent sees.
  public var observation: Observation
  /// The number of continuous actions, each in -1...1.
  public var actions: Int
  /// The width of the hidden layers of policy and Q networks.
  public var hidden: Int
  /// The encoder's channels.
  public var encoderChannels: Int
  /// The options of the genes `feature_dim`: the lengths of a trunk's output.
  public var featureLengths: [Int]

  /// Sizes; the defaults are the paper's.
  public init(
    observation: Observation, actions: Int, hidden: Int = 1024, encoderChannels: Int = 32,
    featureLengths: [Int] = [25, 50, 100, 150]
  ) {
    self.observation = observation
    self.actions = actions
    self.hidden = hidden
    self.encoderChannels = encoderChannels
    self.featureLengths = featureLengths
  }

  /// The length of what the trunks get: the flattened maps of the encoder, which halves the side without
  /// padding; without one the observation itself.
  var trunkInputs: Int {
    switch observation {
    case .state(let length): return length
    case .pixels(_, let side):
      let encoded = (side - 3) / 2 + 1
      return encoderChannels * encoded * encoded
    }
  }
}
