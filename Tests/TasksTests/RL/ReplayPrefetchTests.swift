import PBTNAS
import Testing

@testable import Tasks
@testable import Torch

extension NetworkTests {
  @Suite struct ReplayPrefetchTests {
    private let folder: ReplayBufferTests.Folder

    init() throws { folder = try ReplayBufferTests.Folder() }

    private func begin(_ buffer: ReplayBuffer, _ random: inout SeededGenerator) throws {
      try ReplayBufferTests.withBytes(ReplayBufferTests.observation(buffer.layout, &random)) {
        try buffer.beginEpisode($0)
      }
    }

    private func step(_ buffer: ReplayBuffer, _ random: inout SeededGenerator) throws {
      let action = (0..<buffer.layout.actionLength).map { _ in Float(random.uniform()) }
      try ReplayBufferTests.withBytes(ReplayBufferTests.observation(buffer.layout, &random)) {
        try buffer.add(action: action, reward: Float(random.normal()), discount: 1, next: $0)
      }
    }

    private func expect(_ batch: ReplayBatch, _ wanted: DrawnTransitions) throws {
      let wanted = try ReplayBatch(wanted)
      for part in [
        \ReplayBatch.observations, \.actions, \.rewards, \.discounts, \.nextObservations,
      ] {
        let (found, wanted) = (batch[keyPath: part], wanted[keyPath: part])
        #expect(found.shape == wanted.shape && found.elementType == wanted.elementType)
        // Bits, because random ones may be no numbers.
        try found.withRowMajorBytes { found in
          try wanted.withRowMajorBytes { #expect(found.elementsEqual($0), "\(part)") }
        }
      }
    }

    @Test(
      "each batch is drawn from what the buffer held when the one before it was taken, whatever comes since",
      arguments: 0..<20)
    func batches(turn: Int) throws {
      let seed = UInt64.random(in: 0..<1 << 53)
      print("seed \(seed)")
      var random = SeededGenerator(seed: seed)
      let layout = ReplayLayout(
        turn.isMultiple(of: 2) ? .pixels(channels: 3, height: 8, width: 8) : .state(length: 3),
        actionLength: 2)
      let (capacity, steps) = (20 + random.below(100), 1 + random.below(3))
      var buffer = ReplayBuffer(layout, capacity: capacity, steps: steps, discount: 0.9)
      // In its files, as after an interval.
      for _ in 0..<random.below(3) {
        for _ in 0..<4 {
          try begin(buffer, &random)
          for _ in 0..<random.below(20) { try step(buffer, &random) }
        }
        buffer = try ReplayBuffer(
          layout, capacity: capacity, steps: steps, discount: 0.9,
          from: buffer.save(path: folder.path, folder.add), path: folder.path)
      }
      let prefetch = ReplayPrefetch(buffer, count: 64, random: SeededGenerator(seed: seed))
      var draws = SeededGenerator(seed: seed)
      var expected: DrawnTransitions?
      for _ in 0..<20 {
        try begin(buffer, &random)
        for _ in 0..<random.below(20) {
          try step(buffer, &random)
          guard buffer.starts > 0, random.uniform() < 0.5 else { continue }
          try expect(prefetch.next(), expected ?? buffer.sample(64, using: &draws))
          expected = try buffer.sample(64, using: &draws)
        }
        if random.uniform() < 0.2 { _ = try buffer.save(path: folder.path, folder.add) }
      }
      #expect(expected != nil)
    }

    @Test("where there is nothing to draw, that is an error each time, and draws begin when there is")
    func empty() throws {
      var random = SeededGenerator(seed: 1)
      let layout = ReplayLayout(.state(length: 2), actionLength: 1)
      let buffer = ReplayBuffer(layout, capacity: 4, steps: 3, discount: 1)
      let prefetch = ReplayPrefetch(buffer, count: 8, random: random)
      let nothing = ReplayError(path: "", reason: .empty(steps: 3))
      for _ in 0..<2 { #expect(throws: nothing) { try prefetch.next() } }
      try begin(buffer, &random)
      for _ in 0..<4 { try step(buffer, &random) }
      #expect(try prefetch.next().actions.shape == [8, 1])
      #expect(try prefetch.next().actions.shape == [8, 1])
      // The new episode drives the first one out before three of its own steps are done.
      try begin(buffer, &random)
      for _ in 0..<2 { try step(buffer, &random) }
      #expect(buffer.starts == 0)
      #expect(try prefetch.next().actions.shape == [8, 1], "it was chosen before")
      for _ in 0..<2 { #expect(throws: nothing) { try prefetch.next() } }
      try step(buffer, &random)
      #expect(try prefetch.next().actions.shape == [8, 1])
    }

    @Test("a batch that nobody takes is gone with the one who would have drawn it")
    func untaken() throws {
      var random = SeededGenerator(seed: 1)
      let layout = ReplayLayout(.pixels(channels: 3, height: 84, width: 84), actionLength: 1)
      let buffer = ReplayBuffer(layout, capacity: 100, steps: 1, discount: 1)
      try begin(buffer, &random)
      for _ in 0..<3 { try step(buffer, &random) }
      let before = Runtime.liveHandles
      for _ in 0..<5 {
        let prefetch = ReplayPrefetch(buffer, count: 64, random: random)
        _ = try prefetch.next()
      }
      #expect(Runtime.liveHandles == before)
    }
  }
}
