import Foundation
import PBTNAS
import Safetensors
import Testing
import Torch
import TorchTestSupport

@testable import Tasks

extension NetworkTests {
  /// The agent equals a plain PyTorch one to 1e-4 of the largest element; golden values by
  /// `reference/drq_golden.py`.
  @Suite struct AgentParityTests {
    private static let tolerance = 1e-4

    /// The agents of the golden values, by the names that they have there.
    enum Kind: String, CaseIterable, Sendable {
      case state
      case pixels

      var sizes: DrQSizes {
        switch self {
        case .state:
          DrQSizes(observation: .state(length: 5), actions: 2, hidden: 8, featureLengths: [2, 3, 4, 5])
        case .pixels:
          DrQSizes(
            observation: .pixels(frames: 2, side: 12), actions: 2, hidden: 6, encoderChannels: 3,
            featureLengths: [2, 3, 4, 5])
        }
      }
    }

    private static func genomes(_ tensor: Tensor) throws -> [Genome] {
      let choices = try tensor.array(of: Int64.self).map(Int.init)
      let length = tensor.shape[tensor.shape.count - 1]
      return stride(from: 0, to: choices.count, by: length).map { Genome(Array(choices[$0..<$0 + length])) }
    }

    /// Whether a genome is DrQ-v2's, or has the same option in every gene that has so many.
    private func isFixed(_ genome: Genome, _ sizes: DrQSizes) -> Bool {
      let space = DrQSearchSpace(sizes)
      let most = genome.choices.max() ?? 0
      return genome == space.original
        || zip(genome.choices, space.searchSpace.genes).allSatisfy { $0 == min(most, $1.options.count - 1) }
    }

    @Test(
      "50 random genomes' networks, and others, give PyTorch's actions, values and gradients",
      arguments: Kind.allCases)
    func networks(_ kind: Kind) throws {
      let restore = try useOneThread()
      defer { restore() }
      let golden = try golden("drq_\(kind)", in: .module)
      let genomes = try Self.genomes(golden.tensor("genomes"))
      #expect(Set(genomes.filter { !isFixed($0, kind.sizes) }).count >= 50)
      for (number, genome) in genomes.enumerated() {
        let stream = try Int(golden.tensor("\(number).stream").item())
        let networks = try DrQNetworks(genome: genome, sizes: kind.sizes, seed: 1)
        try fill(networks.store.entries, stream: stream)
        let uniform = try uniform(stream + 900, [3] + kind.sizes.observation.shape)
        let observations = kind == .pixels ? try (uniform + 1) * 127.5 : uniform
        func apply(training: Bool) throws -> Tensor {
          let encoded = try networks.policy.encode(observations, training: training)
          let actions = try networks.policy.actor(encoded, training: training)
          let (q1, q2) = try networks.critic(encoded, actions, training: training)
          return try Tensor.cat([actions, q1, q2], dim: 1)
        }
        func check(_ tensor: Tensor, _ name: String) throws {
          let error = try relativeError(tensor, golden.tensor("\(number).\(name)"))
          #expect(error < Self.tolerance, "\(name) of \(genome)")
        }
        try check(apply(training: true), "output")
        try check(
          flatGradients(of: apply(training: true), networks.store.entries, stream: stream + 901), "gradients")
        try check(apply(training: false), "evaluation")
      }
    }

    @Test(
      "five updates change every weight, buffer and average as PyTorch's do",
      arguments: Kind.allCases, 0..<5)
    func updates(_ kind: Kind, _ number: Int) throws {
      let restore = try useOneThread()
      defer { restore() }
      let golden = try golden("drq_updates", in: .module)
      let name = "\(kind)\(number)"
      let stream = try Int(golden.tensor("\(name).stream").item())
      let genome = try Self.genomes(golden.tensor("\(name).genome"))[0]
      let networks = try DrQNetworks(genome: genome, sizes: kind.sizes, seed: 1)
      try fill(networks.store.entries, stream: stream)
      var settings = DrQAgentSettings()
      settings.learningRate = 1e-3
      settings.targetRate = 0.1
      settings.noise = LinearSchedule(from: 1, to: 0.1, steps: 10)
      settings.saturationPenalty = try golden.tensor("\(name).penalty").item()
      let agent = try DrQAgent(networks, settings)
      let random = try RandomGenerator(seed: UInt64(stream))
      let expected = try golden.tensor("\(name).metrics").array(of: Double.self)
      for update in 0..<5 {
        let draw = stream + 1000 + 10 * update
        let batch = try ReplayBatch(
          observations: Self.observations(kind, draw), actions: uniform(draw + 1, [4, 2]),
          rewards: uniform(draw + 2, [4, 1]) + 1,
          discounts: (uniform(draw + 3, [4, 1]).sign() + 1) * (0.99 / 2),
          nextObservations: Self.observations(kind, draw + 4))
        let metrics = try agent.update(batch, step: 2 * update, random)
        let three = expected[update * 3..<update * 3 + 3].map { $0 }
        let found = [metrics.criticLoss, metrics.actorLoss, metrics.target]
        for (value, expected) in zip(found, three) {
          #expect(abs(value - expected) < Self.tolerance * max(1, abs(expected)), "update \(update)")
        }
      }
      for entry in networks.store.entries {
        let error = try relativeError(entry.tensor, golden.tensor("\(name).\(entry.name)"))
        #expect(error < Self.tolerance, "\(entry.name)")
      }
      for (parameter, average) in zip(agent.target.parameters, agent.target.averages) {
        let error = try relativeError(average, golden.tensor("\(name).average.\(parameter.name)"))
        #expect(error < Self.tolerance, "average of \(parameter.name)")
      }
    }

    private static func observations(_ kind: Kind, _ stream: Int) throws -> Tensor {
      let x = try uniform(stream, [4] + kind.sizes.observation.shape)
      return switch kind {
      case .state: x
      case .pixels: try ((x + 1) * 128).floor().clamp(min: 0, max: 255).to(.uint8)
      }
    }

    @Test("the random shift draws and gives what DrQ-v2's grid sampling does")
    func shift() throws {
      let golden = try golden("drq_parts", in: .module)
      let images = try ((uniform(1, [12, 3, 10, 10]) + 1) * 128).floor().clamp(min: 0, max: 255).to(.uint8)
      let shift = RandomShift(reach: 4)
      let shifted = try shift(images, RandomGenerator(seed: 3))
      #expect(shifted.elementType == .uint8)
      #expect(try relativeError(shifted, golden.tensor("shift.images")) < Self.tolerance)
      let drawn = try golden.tensor("shift.drawn").array(of: Int64.self).map(Int.init)
      #expect(try shift(images, offsets: drawn).array(of: UInt8.self) == shifted.array())
      #expect(Set(drawn).count == 9, "every shift that there is should occur")
      #expect(throws: RLError.shiftShape(images: [12, 3, 10, 10], offsets: 1)) {
        try shift(images, offsets: [0])
      }
      // Shifts by more than there is leave nothing but the border.
      let narrow = try RandomShift(reach: 4)(
        Tensor([1, 2, 3, 4] as [UInt8], shape: [2, 1, 1, 2]), offsets: [0, 0, 8, 8])
      #expect(try narrow.array(of: UInt8.self) == [1, 1, 4, 4])
    }

    @Test(
      "the truncated normal draws DrQ-v2's numbers, and gradients pass its clamp",
      arguments: [("normal", nil), ("clipped", 0.3)] as [(String, Double?)])
    func truncatedNormal(_ name: String, _ clip: Double?) throws {
      let golden = try golden("drq_parts", in: .module)
      let mean = try uniform(2, [40, 6]) * 1.2
      try mean.setRequiresGradient(true)
      let sample = try TruncatedNormal(mean: mean, standardDeviation: 0.7)
        .sample(clip: clip, RandomGenerator(seed: 4))
      #expect(try relativeError(sample, golden.tensor("\(name).sample")) < 1e-6)
      let gradient = try #require(try (sample * uniform(3, [40, 6])).sum().gradients(of: [mean])[0])
      #expect(try relativeError(gradient, golden.tensor("\(name).gradient")) < 1e-6)
      let largest = try sample.abs().array(of: Float.self).max() ?? 0
      #expect(largest < 1 && largest > 0.99999)
    }

    @Test("the schedule is DrQ-v2's linear one")
    func schedule() throws {
      let golden = try golden("drq_parts", in: .module)
      let schedule = LinearSchedule(from: 1, to: 0.1, steps: 500_000)
      let steps = try golden.tensor("schedule.steps").array(of: Int64.self)
      let values = try golden.tensor("schedule.values").array(of: Double.self)
      for (step, value) in zip(steps, values) {
        #expect(abs(schedule.value(at: Int(step)) - value) < 1e-12)
      }
    }
  }
}
