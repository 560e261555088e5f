import Torch

/// Transitions that were drawn from a replay buffer. Arrays hold one after the other.
public struct DrawnTransitions: Sendable {
  /// What the observations are.
  public let layout: ReplayLayout
  /// How many transitions.
  public let count: Int
  /// The bytes of the observations as the agent sees them, [count] + ``ReplayLayout/seenShape``.
  public private(set) var observations: [UInt8]
  /// The actions, [count, action length].
  public private(set) var actions: [Float] = []
  /// The sums of n discounted rewards, [count].
  public private(set) var rewards: [Float] = []
  /// The products of n discounts, [count].
  public private(set) var discounts: [Float] = []
  /// The observations n steps later, like ``observations``.
  public private(set) var nextObservations: [UInt8]

  private let observationBytes: Int

  init(_ layout: ReplayLayout, count: Int) {
    self.layout = layout
    self.count = count
    observationBytes = layout.stack * layout.observationBytes
    let bytes = count * observationBytes
    // All bytes are overwritten by `fill`.
    observations = Array(unsafeUninitializedCapacity: bytes) { $1 = bytes }
    nextObservations = Array(unsafeUninitializedCapacity: bytes) { $1 = bytes }
    actions.reserveCapacity(count * layout.actionLength)
    rewards.reserveCapacity(count)
    discounts.reserveCapacity(count)
  }

  /// Adds a transition; places are filled in their order.
  mutating func fill(_ place: Int, _ episode: ReplayEpisode, from start: Int, steps: Int, discount: Float) {
    let range = place * observationBytes..<(place + 1) * observationBytes
    observations.withUnsafeMutableBytes {
      episode.copySeen(start, to: UnsafeMutableRawBufferPointer(rebasing: $0[range]))
    }
    nextObservations.withUnsafeMutableBytes {
      episode.copySeen(start + steps, to: UnsafeMutableRawBufferPointer(rebasing: $0[range]))
    }
    episode.appendAction(start, to: &actions)
    let (reward, discount) = episode.nStepReturn(from: start, steps: steps, discount: discount)
    rewards.append(reward)
    discounts.append(discount)
  }
}

/// Transitions that were chosen and are still to be read. They stay what they are, whatever becomes of the
/// buffer, so another thread can read them.
struct ChosenTransitions: Sendable {
  /// Where each begins.
  private var places: [(episode: ReplayEpisode, start: Int)] = []
  private let layout: ReplayLayout
  private let steps: Int
  private let discount: Float

  init(_ layout: ReplayLayout, count: Int, steps: Int, discount: Float) {
    self.layout = layout
    self.steps = steps
    self.discount = discount
    places.reserveCapacity(count)
  }

  /// Adds the transition that begins at a step of an episode.
  mutating func append(_ episode: ReplayEpisode, from start: Int) { places.append((episode, start)) }

  /// Copies the records and sums the returns.
  func read() -> DrawnTransitions {
    var batch = DrawnTransitions(layout, count: places.count)
    for (index, place) in places.enumerated() {
      batch.fill(index, place.episode, from: place.start, steps: steps, discount: discount)
    }
    return batch
  }
}

extension ReplayBatch {
  /// The transitions as tensors on the CPU.
  ///
  /// - Throws: ``TorchError`` if there is no memory for them.
  public init(_ drawn: DrawnTransitions) throws {
    let (layout, count) = (drawn.layout, drawn.count)
    self.init(
      observations: try layout.tensor(of: drawn.observations, count: count),
      actions: try Tensor(drawn.actions, shape: [count, layout.actionLength]),
      rewards: try Tensor(drawn.rewards, shape: [count, 1]),
      discounts: try Tensor(drawn.discounts, shape: [count, 1]),
      nextObservations: try layout.tensor(of: drawn.nextObservations, count: count))
  }
}

extension ReplayLayout {
  /// Observations as agents see them, [count] + ``seenShape``, on the CPU: where bytes become tensors.
  ///
  /// - Parameter bytes: of one observation after the other.
  /// - Throws: ``TorchError`` if there is no memory for them, or they are not so many.
  func tensor(of bytes: [UInt8], count: Int) throws -> Tensor {
    let tensor = try Tensor.empty([count] + seenShape, elementType)
    try bytes.withUnsafeBytes { try tensor.assign(rowMajorBytes: $0) }
    return tensor
  }
}
