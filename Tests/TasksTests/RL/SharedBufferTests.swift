import Engine
import Foundation
import PBTNAS
import Safetensors
import Testing

@testable import Tasks

extension NetworkTests.RLTrainerTests {
  /// Agents that share a replay buffer: two in the first interval, and one that goes on in the second.
  @Suite struct SharedBufferTests {
    private let tests: NetworkTests.RLTrainerTests
    private let genome: Genome

    init() throws {
      tests = try NetworkTests.RLTrainerTests()
      let trainer = try tests.configuration(more: "buffer: shared").makeTrainer(threads: 1)
      genome = Genome(trainer.searchSpace.genes.indices.map { $0 % 2 })
      try trainer.initialise(InitialiseJob(genome: genome, seed: 1, output: "\(tests.folder)/start"))
    }

    private func trainer(_ more: String = "") throws -> any Trainer {
      try tests.configuration(more: "buffer: shared\n  \(more)").makeTrainer(threads: 1)
    }

    private func train(
      _ trainer: any Trainer, from: String, to: String, seed: UInt64, _ shared: [[String]]?
    ) throws -> TrainingResult {
      var job = tests.job(genome, from: from, to: to, seed: seed)
      job.sharedAttachments = shared
      return try trainer.train(job) { _ in }
    }

    private func tensors(_ name: String) throws -> [String: Data] {
      let file = try SafetensorsFile(path: "\(tests.folder)/\(name)")
      return Dictionary(
        uniqueKeysWithValues: file.tensors.map { ($0.name, file.withBytes(of: $0) { Data($0) }) })
    }

    private func firstInterval() throws -> [TrainingResult] {
      let trainer = try trainer()
      return try [("a", 5), ("b", 6)].map { try train(trainer, from: "start", to: $0.0, seed: $0.1, nil) }
    }

    @Test("an agent goes on with what all agents have experienced, and its checkpoint lists none of it")
    func goesOn() throws {
      let first = try firstInterval()
      for result in first {
        #expect(result.shares?.count == 1 && result.releases == [])
        #expect(result.metrics["replay_transitions"] == 120)
      }
      let shared = [first.flatMap { $0.shares ?? [] }]
      #expect(Set(shared[0]).count == 2)
      let second = try train(trainer(), from: "a", to: "c", seed: 7, shared)
      #expect(second.metrics["replay_transitions"] == 360 && second.metrics["agent_steps"] == 240)
      #expect(second.shares?.count == 1 && second.releases == [])
      #expect(second.shares != [shared[0][0]] && second.shares != [shared[0][1]])
      for name in ["a", "b", "c"] {
        #expect(try Checkpoint(path: "\(tests.folder)/\(name)").attachments.isEmpty)
      }
      // It follows from checkpoint, shared files and seed alone.
      let again = try train(trainer(), from: "a", to: "d", seed: 7, shared)
      #expect(again.shares == second.shares && again.metrics == second.metrics)
      #expect(try tests.bytes("c") == tests.bytes("d"))
      // What the other one has experienced matters.
      let alone = try train(trainer(), from: "a", to: "e", seed: 7, [[shared[0][0]]])
      #expect(alone.metrics["replay_transitions"] == 240)
      #expect(try tests.bytes("c") != tests.bytes("e"))
    }

    @Test("in its first interval, sharing does the same as an own buffer")
    func firstIsTheSame() throws {
      _ = try firstInterval()
      let own = try tests.configuration().makeTrainer(threads: 1)
      let result = try own.train(tests.job(genome, from: "start", to: "own", seed: 5)) { _ in }
      #expect(result.shares == nil && result.releases == nil)
      // Only their headers differ: one lists its attachment.
      let alone = try tensors("own")
      #expect(try tensors("a") == alone && tensors("start") != alone)
    }

    @Test("the capacity is that of all together, and files with nothing left are released")
    func capacity() throws {
      let shared = [try firstInterval().flatMap { $0.shares ?? [] }]
      // Each file has episodes of 50, 50 and 20 steps, like the interval that follows.
      for (capacity, left, releases) in [(360, 360, 0), (250, 210, 0), (140, 140, 1), (130, 120, 2)] {
        let result = try train(
          trainer("replay_capacity: \(capacity)"), from: "b", to: "f", seed: 8, shared)
        #expect(result.metrics["replay_transitions"] == Double(left), "\(capacity)")
        #expect(result.releases == Array(shared[0].prefix(releases)), "\(capacity)")
      }
    }

    @Test("a shared file that is no segment is refused with its path")
    func notASegment() throws {
      let folder = AttachmentFolder(path: "\(tests.folder)/attachments")
      let name = try folder.add(extension: "safetensors") {
        try Data("nothing".utf8).write(to: URL(fileURLWithPath: $0))
      }
      let error = #expect(throws: (any Error).self) {
        try train(trainer(), from: "start", to: "g", seed: 9, [[name]])
      }
      #expect("\(try #require(error))".hasPrefix(folder.path(of: name)))
    }
  }
}
