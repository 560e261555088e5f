import Foundation
import PBTNAS
import Safetensors
import TestSupport
import Testing

@testable import Tasks

@Suite struct ReplayBufferTests {
  @Test("n-step returns, discounts and stacks are DrQ-v2's, episode ends included")
  func golden() throws {
    struct Case: Decodable {
      struct Transition: Decodable {
        var start: Int
        var reward: Float
        var discount: Float
        var seen: [UInt8]
        var next: [UInt8]
      }
      var steps: Int
      var gamma: Double
      var rewards: [Float]
      var discounts: [Float]
      var transitions: [Transition]
    }
    let url = try #require(
      Bundle.module.url(forResource: "replay", withExtension: "json", subdirectory: "Golden"))
    let cases = try JSONDecoder().decode([Case].self, from: Data(contentsOf: url))
    for expected in cases {
      let buffer = ReplayBuffer(
        ReplayLayout(.pixels(channels: 1, height: 1, width: 1), actionLength: 1), capacity: 1000,
        steps: expected.steps, discount: expected.gamma)
      // Each observation is its own number.
      try Self.withBytes([0]) { try buffer.beginEpisode($0) }
      for (step, (reward, discount)) in zip(expected.rewards, expected.discounts).enumerated() {
        try Self.withBytes([UInt8(step + 1)]) {
          try buffer.add(action: [Float(step)], reward: reward, discount: discount, next: $0)
        }
      }
      #expect(buffer.starts == expected.transitions.count)
      guard !expected.transitions.isEmpty else { continue }
      var random = SeededGenerator(seed: 3)
      let batch = try buffer.sample(400, using: &random)
      #expect(Set(batch.actions) == Set(expected.transitions.map { Float($0.start) }))
      for place in 0..<batch.count {
        let wanted = expected.transitions[Int(batch.actions[place])]
        // Both sides compute in float32 in the same order.
        #expect(batch.rewards[place] == wanted.reward && batch.discounts[place] == wanted.discount)
        #expect(Array(batch.observations[place * 3..<place * 3 + 3]) == wanted.seen)
        #expect(Array(batch.nextObservations[place * 3..<place * 3 + 3]) == wanted.next)
      }
    }
  }

  @Test(
    "however it is filled, written and read, it draws what a buffer that stores everything would draw",
    arguments: 0..<40)
  func likeNaive(turn: Int) throws {
    let seed = UInt64.random(in: 0..<1 << 53)
    print("seed \(seed)")
    var random = SeededGenerator(seed: seed)
    let layout =
      turn.isMultiple(of: 2)
      ? ReplayLayout(
        .pixels(channels: 1 + random.below(3), height: 1 + random.below(4), width: 1 + random.below(4)),
        stack: 1 + random.below(4), actionLength: 1 + random.below(3))
      : ReplayLayout(.state(length: 1 + random.below(5)), actionLength: 1 + random.below(3))
    let (capacity, steps, discount) = (5 + random.below(120), 1 + random.below(4), 0.9)
    var naive = NaiveReplay(layout, capacity: capacity, steps: steps, discount: Float(discount))
    var buffer = ReplayBuffer(layout, capacity: capacity, steps: steps, discount: discount)
    let folder = try Folder()
    var draws = SeededGenerator(seed: seed ^ 1)
    for _ in 0..<30 {
      let first = Self.observation(layout, &random)
      try Self.withBytes(first) { try buffer.beginEpisode($0) }
      naive.begin(first)
      for _ in 0..<random.below(20) {
        let next = Self.observation(layout, &random)
        let action = (0..<layout.actionLength).map { _ in Float(random.uniform()) }
        let (reward, own) = (Float(random.normal()), random.uniform() < 0.1 ? 0 : Float(random.uniform()))
        try Self.withBytes(next) { try buffer.add(action: action, reward: reward, discount: own, next: $0) }
        naive.add(action: action, reward: reward, discount: own, next: next)
        if random.uniform() < 0.2 { try Self.expectSame(buffer, &naive, &draws) }
      }
      if random.uniform() < 0.3 {
        let stored = try buffer.save(path: folder.path, folder.add)
        naive.end()
        buffer = try ReplayBuffer(
          layout, capacity: capacity, steps: steps, discount: discount, from: stored, path: folder.path)
        try Self.expectSame(buffer, &naive, &draws)
      }
    }
  }

  private static func expectSame(
    _ buffer: ReplayBuffer, _ naive: inout NaiveReplay, _ random: inout SeededGenerator
  ) throws {
    let expected = naive.transitions
    #expect(buffer.transitions == naive.count && buffer.starts == expected.count)
    var copy = random
    guard !expected.isEmpty else {
      #expect(throws: ReplayError(path: "", reason: .empty(steps: buffer.steps))) {
        try buffer.sample(1, using: &copy)
      }
      return
    }
    let batch = try buffer.sample(5, using: &random)
    for place in 0..<batch.count {
      let wanted = expected[copy.below(expected.count)]
      let (bytes, actions) = (wanted.observation.count, buffer.layout.actionLength)
      #expect(Array(batch.observations[place * bytes..<(place + 1) * bytes]) == wanted.observation)
      #expect(Array(batch.nextObservations[place * bytes..<(place + 1) * bytes]) == wanted.next)
      #expect(Array(batch.actions[place * actions..<(place + 1) * actions]) == wanted.action)
      #expect(batch.rewards[place] == wanted.reward && batch.discounts[place] == wanted.discount)
    }
  }

  @Test("a transition of pictures takes a sixth of the memory that storing both stacks takes")
  func memory() throws {
    let layout = ReplayLayout(.pixels(channels: 3, height: 84, width: 84), actionLength: 6)
    let other = 8 * 4
    #expect(layout.naiveBytesPerTransition == 2 * 9 * 84 * 84 + other)
    let buffer = ReplayBuffer(layout, capacity: 10_000, steps: 3, discount: 0.99)
    let frame = [UInt8](repeating: 7, count: 3 * 84 * 84)
    // Two episodes of the Control Suite at an action repeat of 2.
    for _ in 0..<2 {
      try Self.withBytes(frame) { try buffer.beginEpisode($0) }
      for _ in 0..<500 {
        try Self.withBytes(frame) {
          try buffer.add(action: Array(repeating: 0, count: 6), reward: 0, discount: 1, next: $0)
        }
      }
      buffer.endEpisode()
    }
    let exact = Double(501 * frame.count + 500 * other) / 500
    #expect(buffer.bytesPerTransition == exact)
    // Little more is reserved than is used.
    let reserved = buffer.episodes.compactMap(\.reservedByteCount).reduce(0, +)
    #expect(Double(reserved) / 1000 < exact + 100, "\(reserved)")
    #expect(buffer.bytesPerTransition < Double(layout.naiveBytesPerTransition) / 5.9)
    let folder = try Folder()
    let stored = try buffer.save(path: folder.path, folder.add)
    let read = try ReplayBuffer(
      layout, capacity: 10_000, steps: 3, discount: 0.99, from: stored, path: folder.path)
    #expect(read.bytesPerTransition == exact)
    let size = try SafetensorsFile(path: folder.path(stored.names[0])).byteCount
    #expect(Double(size) < 1000 * exact + 1000)
  }

  @Test("only what an interval added is written, and segments that hold nothing live are not listed any more")
  func incremental() throws {
    let layout = ReplayLayout(.state(length: 2), actionLength: 1)
    let folder = try Folder()
    var stored = ReplayBuffer.Segments(names: [], transitions: 0)
    var lists: [[String]] = []
    for interval in 0..<5 {
      let buffer = try ReplayBuffer(
        layout, capacity: 25, steps: 1, discount: 1, from: stored, path: folder.path)
      try Self.fill(buffer, episodes: 2, length: 5, from: Float(interval * 100))
      stored = try buffer.save(path: folder.path, folder.add)
      lists.append(stored.names)
      // Once more without anything new.
      #expect(
        try buffer.save(path: folder.path) { _ in throw ReplayError(path: "", reason: .noEpisode) } == stored)
    }
    // Episodes of 5: 25 transitions are two and a half segments.
    #expect(lists.map(\.count) == [1, 2, 3, 3, 3] && stored.transitions == 25)
    #expect(Array(lists[4].prefix(2)) == Array(lists[3].dropFirst()))
    let sizes = try lists[4].map { try SafetensorsFile(path: folder.path($0))["reward"]?.shape }
    #expect(sizes == [[10], [10], [10]])
  }

  private static func values(_ drawn: DrawnTransitions) -> [[Float]] {
    [
      drawn.observations.map(Float.init), drawn.actions, drawn.rewards, drawn.discounts,
      drawn.nextObservations.map(Float.init),
    ]
  }

  @Test("a buffer that is written now and then holds, draws and stores the same, and needs no memory for it")
  func writtenEarly() throws {
    let layout = ReplayLayout(.state(length: 2), actionLength: 1)
    let folder = try Folder()
    let once = ReplayBuffer(layout, capacity: 22, steps: 2, discount: 0.9)
    let often = ReplayBuffer(layout, capacity: 22, steps: 2, discount: 0.9)
    var (first, second) = (SeededGenerator(seed: 3), SeededGenerator(seed: 3))
    for number in 0..<7 {
      for buffer in [once, often] { try Self.fill(buffer, episodes: 1, length: 5, from: Float(100 * number)) }
      often.endEpisode()
      #expect(often.unsavedBytes > 0)
      if number % 2 == 1 {
        try often.save(path: folder.path, folder.add)
        #expect(often.unsavedBytes == 0 && often.episodes.allSatisfy { $0.reservedByteCount == nil })
      }
      let drawn = try [once.sample(50, using: &first), often.sample(50, using: &second)].map(Self.values)
      #expect(drawn[0] == drawn[1])
    }
    let stored = try often.save(path: folder.path, folder.add)
    // Of four files, the first holds nothing that is left.
    #expect(stored.names.count == 3 && stored.transitions == once.transitions)
    let read = try ReplayBuffer(
      layout, capacity: 22, steps: 2, discount: 0.9, from: stored, path: folder.path)
    let drawn = try [once.sample(50, using: &first), read.sample(50, using: &second)].map(Self.values)
    #expect(drawn[0] == drawn[1])
  }

  @Test("draws are uniform over all steps that have n more after them")
  func uniform() throws {
    let buffer = ReplayBuffer(
      ReplayLayout(.state(length: 2), actionLength: 1), capacity: 1000, steps: 3, discount: 1)
    // 2, 4 and 8 of these episodes' steps can be drawn.
    for (number, length) in [4, 6, 10].enumerated() {
      try Self.fill(buffer, episodes: 1, length: length, from: Float(number * 100))
    }
    var random = SeededGenerator(seed: 5)
    let actions = try buffer.sample(14_000, using: &random).actions
    let counts = Dictionary(grouping: actions) { $0 }.mapValues(\.count)
    #expect(counts.count == 14)
    // Five standard deviations of a count are 152.
    #expect(counts.values.allSatisfy { abs($0 - 1000) < 152 }, "\(counts)")
  }

  @Test("an observation or action of the wrong size, and a transition before an episode, are refused")
  func misuse() throws {
    let buffer = ReplayBuffer(
      ReplayLayout(.state(length: 2), actionLength: 1), capacity: 9, steps: 1, discount: 1)
    let observation = [UInt8](repeating: 0, count: 8)
    try Self.withBytes(observation) { bytes in
      #expect(throws: ReplayError(path: "", reason: .noEpisode)) {
        try buffer.add(action: [0], reward: 0, discount: 1, next: bytes)
      }
      try buffer.beginEpisode(bytes)
      #expect(throws: ReplayError(path: "", reason: .size(of: "an action", expected: 4, found: 8))) {
        try buffer.add(action: [0, 0], reward: 0, discount: 1, next: bytes)
      }
    }
    let error = Self.withBytes([1, 2]) { bytes in
      #expect(throws: ReplayError.self) { try buffer.beginEpisode(bytes) }
    }
    #expect(error?.description == "replay buffer: an observation has 2 bytes, expected 8")
  }
}

// MARK: Support

extension ReplayBufferTests {
  static func withBytes<Result>(
    _ bytes: [UInt8], _ body: (UnsafeRawBufferPointer) throws -> Result
  ) rethrows -> Result {
    try bytes.withUnsafeBytes(body)
  }

  static func observation(_ layout: ReplayLayout, _ random: inout SeededGenerator) -> [UInt8] {
    (0..<layout.observationBytes).map { _ in UInt8(random.below(256)) }
  }

  /// Adds episodes of vectors whose actions are `start`, `start` + 1, ...
  static func fill(_ buffer: ReplayBuffer, episodes: Int, length: Int, from start: Float) throws {
    var number = start
    func observation(_ body: (UnsafeRawBufferPointer) throws -> Void) rethrows {
      try [number, -number].withUnsafeBytes(body)
    }
    for _ in 0..<episodes {
      try observation { try buffer.beginEpisode($0) }
      for _ in 0..<length {
        let action = number
        number += 1
        try observation { try buffer.add(action: [action], reward: action, discount: 1, next: $0) }
      }
      buffer.endEpisode()
    }
  }

  /// Where segments go; they are gone when the test is over.
  final class Folder {
    private let root: TemporaryFolder
    private var count = 0

    init() throws { root = try TemporaryFolder() }

    func path(_ name: String) -> String { root.file(name) }

    func add(_ write: (String) throws -> Void) throws -> String {
      count += 1
      try write(path("segment-\(count)"))
      return "segment-\(count)"
    }
  }
}

/// A replay buffer that stores everything of every transition, as often as it occurs.
struct NaiveReplay {
  struct Transition {
    var observation: [UInt8]
    var next: [UInt8]
    var action: [Float]
    var reward: Float
    var discount: Float
  }

  private struct Episode {
    var observations: [[UInt8]]
    var steps: [(action: [Float], reward: Float, discount: Float)] = []
  }

  private let layout: ReplayLayout
  private let capacity: Int
  private let steps: Int
  private let discount: Float
  private var episodes: [Episode] = []

  init(_ layout: ReplayLayout, capacity: Int, steps: Int, discount: Float) {
    (self.layout, self.capacity, self.steps, self.discount) = (layout, capacity, steps, discount)
  }

  var count: Int { episodes.reduce(0) { $0 + $1.steps.count } }

  mutating func begin(_ observation: [UInt8]) {
    end()
    episodes.append(Episode(observations: [observation]))
  }

  mutating func end() {
    if episodes.last?.steps.isEmpty == true { episodes.removeLast() }
  }

  mutating func add(action: [Float], reward: Float, discount: Float, next: [UInt8]) {
    episodes[episodes.count - 1].observations.append(next)
    episodes[episodes.count - 1].steps.append((action, reward, discount))
    while count > capacity && episodes.count > 1 { episodes.removeFirst() }
  }

  /// Every n-step transition, the oldest first.
  var transitions: [Transition] {
    episodes.flatMap { episode in
      episode.steps.indices.filter { $0 + steps <= episode.steps.count }.map { start in
        let rewards = episode.steps[start..<start + steps]
        let factors = rewards.map { $0.discount * discount }
        var reward: Float = 0
        for (index, step) in rewards.enumerated() {
          reward += factors.prefix(index).reduce(1, *) * step.reward
        }
        return Transition(
          observation: seen(episode, start), next: seen(episode, start + steps),
          action: episode.steps[start].action, reward: reward, discount: factors.reduce(1, *))
      }
    }
  }

  private func seen(_ episode: Episode, _ index: Int) -> [UInt8] {
    var frames = (0...index).map { episode.observations[$0] }
    while frames.count < layout.stack { frames.insert(episode.observations[0], at: 0) }
    return Array(frames.suffix(layout.stack).joined())
  }
}
