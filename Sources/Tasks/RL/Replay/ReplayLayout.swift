import Safetensors

/// What a replay buffer stores of each time step.
public struct ReplayLayout: Hashable, Sendable {
  /// An observation as it is stored, once.
  public enum Observation: Hashable, Sendable {
    /// A picture: bytes, channel by channel, [channels, height, width].
    case pixels(channels: Int, height: Int, width: Int)
    /// A vector of float32 numbers.
    case state(length: Int)
  }

  /// What is stored of an observation.
  public let observation: Observation
  /// How many of the last pictures the agent sees at once, the newest last; 1 for vectors.
  public let stack: Int
  /// The numbers in an action.
  public let actionLength: Int

  /// Describes what is stored.
  ///
  /// - Parameter stack: for pictures; DrQ-v2 uses 3.
  public init(_ observation: Observation, stack: Int = 3, actionLength: Int) {
    self.observation = observation
    self.stack = if case .pixels = observation { max(1, stack) } else { 1 }
    self.actionLength = actionLength
  }

  /// The shape of a stored observation.
  public var storedShape: [Int] {
    switch observation {
    case .pixels(let channels, let height, let width): [channels, height, width]
    case .state(let length): [length]
    }
  }

  /// The shape of what the agent sees: for pictures, the stack's channels one after the other.
  public var seenShape: [Int] { [stack * storedShape[0]] + storedShape.dropFirst() }

  /// The type of an observation's elements.
  public var elementType: DType {
    switch observation {
    case .pixels: .uint8
    case .state: .float32
    }
  }

  /// The bytes of a stored observation.
  var observationBytes: Int { storedShape.reduce(elementType.byteCount, *) }

  /// The bytes of a layout that stores a transition as observation and next observation, both as the agent
  /// sees them, with action, reward and discount: what this buffer is compared with.
  public var naiveBytesPerTransition: Int { 2 * stack * observationBytes + Self.otherBytes(actionLength) }

  /// The bytes of action, reward and discount.
  static func otherBytes(_ actionLength: Int) -> Int { (actionLength + 2) * MemoryLayout<Float>.size }
}
