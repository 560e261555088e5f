import PBTNAS
import Safetensors
import Testing
import Torch

@testable import Tasks

extension NetworkTests {
  @Suite struct ReplayBatchTests {
    @Test("a batch becomes tensors of the shapes that networks take")
    func tensors() throws {
      var random = SeededGenerator(seed: 1)
      let pixels = ReplayBuffer(
        ReplayLayout(.pixels(channels: 3, height: 4, width: 5), actionLength: 2), capacity: 9, steps: 1,
        discount: 0.5)
      try ReplayBufferTests.withBytes((0..<60).map { UInt8($0) }) { try pixels.beginEpisode($0) }
      try ReplayBufferTests.withBytes((60..<120).map { UInt8($0) }) {
        try pixels.add(action: [0.25, -1], reward: 2, discount: 1, next: $0)
      }
      let batch = try ReplayBatch(pixels.sample(2, using: &random))
      #expect(batch.observations.shape == [2, 9, 4, 5] && batch.observations.elementType == .uint8)
      #expect(try batch.actions.array(of: Float.self) == [0.25, -1, 0.25, -1])
      #expect(batch.rewards.shape == [2, 1] && batch.discounts.shape == [2, 1])
      #expect(try batch.discounts.array(of: Float.self) == [0.5, 0.5])
      let next = try batch.nextObservations.array(of: UInt8.self)
      #expect(next[..<60].elementsEqual(0..<60) && next[60..<120].elementsEqual(0..<60))
      #expect(next[120..<180].elementsEqual(60..<120))

      let states = ReplayBuffer(
        ReplayLayout(.state(length: 2), actionLength: 1), capacity: 9, steps: 1, discount: 1)
      try ReplayBufferTests.fill(states, episodes: 1, length: 1, from: 0.5)
      let vectors = try ReplayBatch(states.sample(1, using: &random))
      #expect(vectors.observations.shape == [1, 2] && vectors.observations.elementType == .float32)
      #expect(try vectors.observations.array(of: Float.self) == [0.5, -0.5])
    }
  }
}
