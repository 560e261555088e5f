import PBTNAS

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

// MARK: Limits

extension DrQSizes {
  /// How wide hidden layers may be; at least 2, which some inner layers halve.
  static let hiddenLimits = 2...65_536
  /// How many channels the encoder may have.
  static let encoderChannelLimits = 1...4096
  /// How long a trunk's output may be.
  static let featureLengthLimits = 1...65_536
  /// How wide and high pictures may be.
  static let sideLimits = 16...1024
  /// Of lengths that follow from the environment, which no setting limits: far more than the Control Suite
  /// has.
  private static let environmentLimits = 1...65_536
}

extension DrQSizes: NetworkSizes {
  static let textDescription = "an agent's sizes in JSON"

  var limitedNumbers: [(key: String, value: Int, limits: ClosedRange<Int>)] {
    var numbers: [(key: String, value: Int, limits: ClosedRange<Int>)] =
      switch observation {
      case .state(let length): [("observation.state.length", length, Self.environmentLimits)]
      case .pixels(let frames, let side):
        [
          ("observation.pixels.frames", frames, Self.environmentLimits),
          ("observation.pixels.side", side, Self.sideLimits),
        ]
      }
    numbers += [
      ("actions", actions, Self.environmentLimits), ("hidden", hidden, Self.hiddenLimits),
      ("encoderChannels", encoderChannels, Self.encoderChannelLimits),
    ]
    return numbers + featureLengths.map { ("featureLengths", $0, Self.featureLengthLimits) }
  }

  var conflict: (key: String, found: String, expected: String)? {
    if !featureLengths.isEmpty, Set(featureLengths).count == featureLengths.count { return nil }
    return ("featureLengths", "\(featureLengths)", "lengths that differ, at least one")
  }

  var genes: SearchSpace { DrQSearchSpace(self).searchSpace }
}
