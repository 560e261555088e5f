import PBTNAS
import Testing

@testable import Tasks
@testable import Torch

@Suite struct ReplayPrefetchTests {
  @Test(
    "each batch is drawn from what the buffer held when the one before it was taken, whatever comes since",
    arguments: 0..<20)
  func batches(turn: Int) throws {
    let seed = UInt64.random(in: 0..<1 << 53)
    print("seed \(seed)")
    var random = SeededGenerator(seed: seed)
    let layout = ReplayLayout(
      turn.isMultiple(of: 2) ? .pixels(channels: 3, height: 8, width: 8) : .state(length: 3), actionLength: 2)
    let buffer = ReplayBuffer(
      layout, capacity: 20 + random.below(100), steps: 1 + random.below(3), discount: 0.9)
    let prefetch = ReplayPrefetch(buffer, count: 64, random: SeededGenerator(seed: seed))
    #expect(throws: ReplayError(path: "", reason: .empty(steps: buffer.steps))) { try prefetch.next() }

    var draws = SeededGenerator(seed: seed)
    var expected: DrawnTransitions?
    let folder = try ReplayBufferTests.Folder()
    func observation() -> [UInt8] { ReplayBufferTests.observation(layout, &random) }
    for _ in 0..<30 {
      try ReplayBufferTests.withBytes(observation()) { try buffer.beginEpisode($0) }
      for _ in 0..<random.below(20) {
        try ReplayBufferTests.withBytes(observation()) {
          try buffer.add(
            action: [0, 0].map { _ in Float(random.uniform()) }, reward: Float(random.normal()), discount: 1,
            next: $0)
        }
        guard buffer.starts > 0, random.uniform() < 0.5 else { continue }
        try Self.expect(prefetch.next(), expected ?? buffer.sample(64, using: &draws))
        expected = try buffer.sample(64, using: &draws)
      }
      // Its episodes are in memory, finished or not, and on the way out.
      if random.uniform() < 0.2 { _ = try buffer.save(folder.add) }
    }
    #expect(expected != nil)
  }

  private static func expect(_ batch: ReplayBatch, _ wanted: DrawnTransitions) throws {
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
}
