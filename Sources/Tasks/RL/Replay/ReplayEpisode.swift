/// The records of an episode, each stored once: observations 0...length, and for each transition t from
/// observation t to t + 1 its action, reward and discount.
struct ReplayEpisode: Sendable {
  /// Where the records lie.
  private enum Storage: Sendable {
    case memory(Columns)
    /// In a file that is mapped into memory, from these rows on.
    case segment(ReplaySegment, firstObservation: Int, firstTransition: Int)
  }

  /// Growing records in memory.
  private struct Columns: Sendable {
    var observations: [UInt8]
    var actions: [Float] = []
    var rewards: [Float] = []
    var discounts: [Float] = []
  }

  /// The number of transitions.
  private(set) var length: Int
  private let layout: ReplayLayout
  private var storage: Storage

  /// Begins an episode with its first observation.
  init(_ layout: ReplayLayout, first observation: UnsafeRawBufferPointer) {
    self.layout = layout
    length = 0
    storage = .memory(Columns(observations: Array(observation)))
  }

  /// An episode of a segment.
  init(
    _ layout: ReplayLayout, in segment: ReplaySegment, length: Int, firstObservation: Int,
    firstTransition: Int
  ) {
    self.layout = layout
    self.length = length
    storage = .segment(segment, firstObservation: firstObservation, firstTransition: firstTransition)
  }

  /// Appends a transition. Only episodes in memory grow.
  mutating func append(
    action: [Float], reward: Float, discount: Float, next observation: UnsafeRawBufferPointer
  ) {
    guard case .memory(var columns) = storage else { return }
    // The columns must have one owner, or each append would copy them.
    storage = .memory(Columns(observations: []))
    columns.observations.append(contentsOf: observation)
    columns.actions += action
    columns.rewards.append(reward)
    columns.discounts.append(discount)
    storage = .memory(columns)
    length += 1
  }

  /// Gives back the memory that was reserved for more transitions.
  mutating func close() {
    guard case .memory(let columns) = storage else { return }
    func exact<Element>(_ array: [Element]) -> [Element] {
      Array(unsafeUninitializedCapacity: array.count) { buffer, count in
        (_, count) = buffer.initialize(from: array)
      }
    }
    storage = .memory(
      Columns(
        observations: exact(columns.observations), actions: exact(columns.actions),
        rewards: exact(columns.rewards), discounts: exact(columns.discounts)))
  }

  /// An episode of just the records that one transition needs, and the step that the transition begins at
  /// there. Records of a file are not copied.
  func excerpt(_ start: Int, steps: Int) -> (episode: ReplayEpisode, start: Int) {
    guard case .memory(let columns) = storage else { return (self, start) }
    let first = max(0, start - (layout.stack - 1))
    let end = start + steps
    let size = layout.observationBytes
    let actions = first * layout.actionLength..<end * layout.actionLength
    var excerpt = self
    excerpt.length = end - first
    excerpt.storage = .memory(
      Columns(
        observations: Array(columns.observations[first * size..<(end + 1) * size]),
        actions: Array(columns.actions[actions]), rewards: Array(columns.rewards[first..<end]),
        discounts: Array(columns.discounts[first..<end])))
    return (excerpt, start - first)
  }

  /// The bytes of the records.
  var byteCount: Int {
    (length + 1) * layout.observationBytes + length * ReplayLayout.otherBytes(layout.actionLength)
  }

  /// The bytes of memory that are reserved for records; nil where they are a part of a mapped file.
  var reservedByteCount: Int? {
    guard case .memory(let columns) = storage else { return nil }
    return columns.observations.capacity
      + (columns.actions.capacity + columns.rewards.capacity + columns.discounts.capacity)
      * MemoryLayout<Float>.size
  }

  /// The number of steps from which an n-step return can be computed within the episode.
  func starts(steps: Int) -> Int { max(0, length - steps + 1) }
}

// MARK: Reading

extension ReplayEpisode {
  /// Calls `body` with the bytes of the observations from one on, at least `count` of them.
  private func withObservations(
    from first: Int, count: Int, _ body: (UnsafeRawBufferPointer) throws -> Void
  ) rethrows {
    let size = layout.observationBytes
    switch storage {
    case .memory(let columns):
      try columns.observations.withUnsafeBytes { bytes in
        try body(UnsafeRawBufferPointer(rebasing: bytes[first * size..<(first + count) * size]))
      }
    case .segment(let segment, let offset, _):
      try segment.withObservations(offset + first..<offset + first + count, body)
    }
  }

  /// Writes observation `index` as the agent sees it: a stack of the last pictures, where the first one
  /// stands for those before the episode.
  func copySeen(_ index: Int, to target: UnsafeMutableRawBufferPointer) {
    let size = layout.observationBytes
    for place in 0..<layout.stack {
      let source = max(0, index - (layout.stack - 1 - place))
      withObservations(from: source, count: 1) {
        UnsafeMutableRawBufferPointer(rebasing: target[place * size..<(place + 1) * size]).copyMemory(
          from: $0)
      }
    }
  }

  /// Appends the action of a transition.
  func appendAction(_ index: Int, to target: inout [Float]) {
    let count = layout.actionLength
    switch storage {
    case .memory(let columns): target += columns.actions[index * count..<(index + 1) * count]
    case .segment(let segment, _, let offset):
      segment.append(.action, (offset + index) * count..<(offset + index + 1) * count, to: &target)
    }
  }

  /// The rewards and discounts of transitions.
  func rewardsAndDiscounts(_ range: Range<Int>) -> (rewards: [Float], discounts: [Float]) {
    switch storage {
    case .memory(let columns): return (Array(columns.rewards[range]), Array(columns.discounts[range]))
    case .segment(let segment, _, let offset):
      let rows = range.lowerBound + offset..<range.upperBound + offset
      var (rewards, discounts): ([Float], [Float]) = ([], [])
      segment.append(.reward, rows, to: &rewards)
      segment.append(.discount, rows, to: &discounts)
      return (rewards, discounts)
    }
  }

  /// The n-step return from a step on (Yarats et al. 2021, section 3.1): the sum of `steps` rewards, each
  /// discounted by all discounts before it, and the discount of what follows. A step's discount is `discount`
  /// times the environment's own.
  func nStepReturn(from start: Int, steps: Int, discount: Float) -> (reward: Float, discount: Float) {
    let (rewards, discounts) = rewardsAndDiscounts(start..<start + steps)
    var (sum, product): (Float, Float) = (0, 1)
    for (reward, own) in zip(rewards, discounts) {
      sum += product * reward
      product *= own * discount
    }
    return (sum, product)
  }

  /// Calls `body` with the bytes of a column, in its type's row-major order.
  func withBytes(of column: ReplaySegment.Column, _ body: (UnsafeRawBufferPointer) throws -> Void) throws {
    func floats(_ values: [Float]) throws { try values.withUnsafeBytes { try body($0) } }
    switch column {
    case .observation: try withObservations(from: 0, count: length + 1, body)
    case .action:
      var actions: [Float] = []
      for index in 0..<length { appendAction(index, to: &actions) }
      try floats(actions)
    case .reward: try floats(rewardsAndDiscounts(0..<length).rewards)
    case .discount: try floats(rewardsAndDiscounts(0..<length).discounts)
    }
  }
}
