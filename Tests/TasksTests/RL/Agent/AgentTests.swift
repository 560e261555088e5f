import Engine
import Foundation
import PBTNAS
import Safetensors
import TestSupport
import Testing
import Torch
import TorchTestSupport

@testable import Tasks

extension NetworkTests {
  @Suite(.serialized) struct AgentTests {
    private let folder: TemporaryFolder
    private static let state = DrQSizes(observation: .state(length: 5), actions: 2, hidden: 8)
    private static let pixels = DrQSizes(
      observation: .pixels(frames: 2, side: 12), actions: 2, hidden: 6, encoderChannels: 3)

    init() throws { folder = try TemporaryFolder() }

    /// A genome of options that have weights wherever there is a choice, with spectral norm.
    private static func genome(_ sizes: DrQSizes) -> Genome {
      Genome(DrQSearchSpace(sizes).searchSpace.genes.map { $0.options.count - 1 })
    }

    private static func batch(_ sizes: DrQSizes, _ count: Int, seed: UInt64) throws -> ReplayBatch {
      let random = try RandomGenerator(seed: seed)
      func observations() throws -> Tensor {
        let tensor = try Tensor.randn([count] + sizes.observation.shape, generator: random)
        if case .state = sizes.observation { return tensor }
        return try (tensor * 50 + 128).clamp(min: 0, max: 255).to(.uint8)
      }
      return try ReplayBatch(
        observations: observations(),
        actions: Tensor.randn([count, sizes.actions], generator: random).tanh(),
        rewards: Tensor.randn([count, 1], generator: random).abs(), discounts: .full([count, 1], 0.97),
        nextObservations: observations())
    }

    private static func agent(_ sizes: DrQSizes, _ genome: Genome? = nil, seed: UInt64 = 1) throws -> DrQAgent
    {
      try DrQAgent(
        DrQNetworks(genome: genome ?? Self.genome(sizes), sizes: sizes, seed: seed), DrQAgentSettings())
    }

    private static func weights(_ agent: DrQAgent) throws -> [[Float]] {
      try agent.networks.store.entries.map { try $0.tensor.array(of: Float.self) }
        + agent.target.averages.map { try $0.array(of: Float.self) }
    }

    @Test("the search space is the one of the paper: its genes, their options, what they own")
    func searchSpace() throws {
      let space = DrQSearchSpace(DrQSizes(observation: .pixels(), actions: 12)).searchSpace
      try space.validate()
      #expect(space.genes.count == 36)
      #expect(DrQSearchSpace(Self.state).searchSpace.genes.count == 28)
      let genes = Dictionary(uniqueKeysWithValues: space.genes.map { ($0.name, $0) })
      #expect(genes["encoder.layer2"]?.options.count == 10)
      #expect(genes["critic.q2.layer3"]?.options == ["id", "linear", "residual_05", "residual_2"])
      #expect(genes["actor.feature_dim"]?.options == ["25", "50", "100", "150"])
      #expect(genes["actor.feature_dim"]?.owns == ["actor.trunk", "actor.policy.first"])
      #expect(
        genes["critic.feature_dim"]?.owns == ["critic.trunk", "critic.q1.first", "critic.q2.first"])
      #expect(genes["encoder.activation0"]?.options == ["id", "tanh", "relu", "swish"])
      #expect(genes["encoder.norm"]?.owns == [])
    }

    @Test("a gene changes its own layers' tensors and no others", arguments: [state, pixels])
    func ownership(_ sizes: DrQSizes) throws {
      let space = DrQSearchSpace(sizes).searchSpace
      func shapes(_ genome: Genome) throws -> [String: [Int]] {
        let store = try DrQNetworks(genome: genome, sizes: sizes, seed: 1).store
        return Dictionary(uniqueKeysWithValues: store.entries.map { ($0.name, $0.tensor.shape) })
      }
      let base = Genome(space.genes.map { _ in 0 })
      let before = try shapes(base)
      for (number, gene) in space.genes.enumerated() {
        var genome = base
        genome.choices[number] = gene.options.count - 1
        let after = try shapes(genome)
        let changed = Set(before.keys).union(after.keys).filter { before[$0] != after[$0] }
        #expect(changed.allSatisfy { space.genes(owning: $0) == [number] }, "\(gene.name): \(changed)")
        #expect(changed.isEmpty == gene.owns.isEmpty, "\(gene.name)")
      }
    }

    @Test("the genome named original is DrQ-v2's network, with its number of parameters")
    func original() throws {
      let sizes = DrQSizes(observation: .pixels(), actions: 12)
      let networks = try DrQNetworks(
        genome: DrQSearchSpace(sizes).original, sizes: sizes, seed: 1)
      // Yarats et al. 2021: 4 convolutions of 32 channels, features 50, hidden width 1024.
      func linear(_ inputs: Int, _ outputs: Int) -> Int { outputs * (inputs + 1) }
      let encoder = linear(9 * 9, 32) + 3 * linear(32 * 9, 32)
      let trunk = linear(32 * 41 * 41, 50) + 2 * 50
      let policy = linear(50, 1024) + linear(1024, 1024) + linear(1024, 12)
      let q = linear(50 + 12, 1024) + linear(1024, 1024) + linear(1024, 1)
      let count = networks.store.entries.filter { !$0.isBuffer }.map(\.tensor.count).reduce(0, +)
      #expect(count == encoder + 2 * trunk + policy + 2 * q)
    }

    @Test("equal seeds and batches give equal weights, bit for bit", arguments: [state, pixels])
    func repeatable(_ sizes: DrQSizes) throws {
      let restore = try useOneThread()
      defer { restore() }
      func trained() throws -> [[Float]] {
        let agent = try Self.agent(sizes)
        let random = try RandomGenerator(seed: 3)
        for step in 0..<3 { _ = try agent.update(Self.batch(sizes, 8, seed: 2), step: step, random) }
        return try Self.weights(agent)
      }
      #expect(try trained() == trained())
    }

    @Test("a batch whose parts do not fit is refused by name, and changes nothing")
    func badBatch() throws {
      let agent = try Self.agent(Self.state)
      let before = try Self.weights(agent)
      let good = try Self.batch(Self.state, 8, seed: 1)
      let batch = ReplayBatch(
        observations: good.observations, actions: good.actions, rewards: try good.rewards.squeeze(dim: 1),
        discounts: good.discounts, nextObservations: good.nextObservations)
      #expect(throws: RLError.batchShape(part: "rewards", found: [8], expected: [8, 1])) {
        try agent.update(batch, step: 0, RandomGenerator(seed: 1))
      }
      #expect(try Self.weights(agent) == before)
    }

    @Test("a checkpoint continues training as if nothing had happened", arguments: [state, pixels])
    func checkpoint(_ sizes: DrQSizes) throws {
      let restore = try useOneThread()
      defer { restore() }
      let genome = Self.genome(sizes)
      let agent = try Self.agent(sizes)
      for step in 0..<2 {
        _ = try agent.update(Self.batch(sizes, 8, seed: 2), step: step, RandomGenerator(seed: UInt64(step)))
      }
      let path = folder.file("agent.safetensors")
      try DrQCheckpoint.write(agent, genome: genome, withOptimizer: true, texts: ["steps": "2"], to: path)
      let copy = try Self.agent(sizes, seed: 9)
      try DrQCheckpoint.read(path, into: copy)
      for agent in [agent, copy] {
        _ = try agent.update(Self.batch(sizes, 8, seed: 4), step: 2, RandomGenerator(seed: 2))
      }
      #expect(try Self.weights(agent) == Self.weights(copy))
      let file = try Checkpoint(path: path)
      #expect(file.genome == genome && file.file.metadata["steps"] == "2")
      #expect(file.contents.buffers == Set(agent.networks.store.entries.filter(\.isBuffer).map(\.name)))
      #expect(file.file["average.critic.trunk.linear.weight"] != nil)
      #expect(file.file["optimizer.actor.policy.head.weight.exp_avg"] != nil)
    }

    @Test(
      "a policy read from a checkpoint acts as the agent does",
      arguments: [
        state,
        DrQSizes(observation: .pixels(frames: 2, side: 16), actions: 2, hidden: 6, encoderChannels: 3),
      ])
    func trainedPolicy(_ sizes: DrQSizes) throws {
      let agent = try Self.agent(sizes)
      let path = folder.file("policy.safetensors")
      try DrQCheckpoint.write(agent, genome: Self.genome(sizes), withOptimizer: false, to: path)
      let observations = try Self.batch(sizes, 3, seed: 5).observations
      let policy = try TrainedPolicy(path: path)
      #expect(policy.sizes == sizes)
      let actions = try policy(observations)
      #expect(actions.shape == [3, 2] && !actions.requiresGradient)
      #expect(try actions.array(of: Float.self) == agent.meanActions(observations).array())
      #expect(try actions.abs().array(of: Float.self).allSatisfy { $0 < 1 })
    }

    @Test("a file of another task or another network is refused with its path")
    func badCheckpoint() throws {
      let path = folder.file("other.safetensors")
      try SafetensorsFile.write(
        [], metadata: Checkpoint.metadata(genome: Genome([0]), buffers: [], own: ["task": "gan"]), to: path)
      let error = #expect(throws: TorchError.self) { try TrainedPolicy(path: path) }
      #expect(error?.description.contains(path) == true)
      try DrQCheckpoint.write(
        Self.agent(Self.state), genome: Self.genome(Self.state), withOptimizer: false, to: path)
      let original = try Self.agent(Self.state, DrQSearchSpace(Self.state).original)
      let other = #expect(throws: TorchError.self) { try DrQCheckpoint.read(path, into: original) }
      #expect(other?.description.contains(path) == true)
    }

    @Test("sizes that no settings allow are refused with file, text, what it says and what is allowed")
    func badSizes() throws {
      let path = folder.file("sizes.safetensors")
      func complaint(_ text: String) throws -> String {
        let texts = try Checkpoint.metadata(
          genome: Self.genome(Self.state), buffers: [], own: ["task": "rl", "sizes": text])
        try SafetensorsFile.write([], metadata: texts, to: path)
        let error = #expect(throws: HeaderError.self) { try TrainedPolicy(path: path) }
        return error?.description ?? ""
      }
      let cases: [(String, (inout DrQSizes) -> Void)] = [
        ("hidden` is `1`; expected a whole number from 2 to 65536", { $0.hidden = 1 }),
        ("encoderChannels` is `0`; expected a whole number from 1 to 4096", { $0.encoderChannels = 0 }),
        ("featureLengths` is `0`; expected a whole number from 1 to 65536", { $0.featureLengths = [25, 0] }),
        ("featureLengths` is `[]`; expected lengths that differ, at least one", { $0.featureLengths = [] }),
        (
          "featureLengths` is `[5, 5]`; expected lengths that differ, at least one",
          { $0.featureLengths = [5, 5] }
        ),
        ("actions` is `-1`; expected a whole number from 1 to 65536", { $0.actions = -1 }),
        (
          "observation.state.length` is `0`; expected a whole number from 1 to 65536",
          { $0.observation = .state(length: 0) }
        ),
        (
          "observation.pixels.side` is `15`; expected a whole number from 16 to 1024",
          { $0.observation = .pixels(frames: 3, side: 15) }
        ),
        (
          "observation.pixels.frames` is `1099511627776`; expected a whole number from 1 to 65536",
          { $0.observation = .pixels(frames: 1 << 40, side: 84) }
        ),
      ]
      for (expected, change) in cases {
        var sizes = Self.state
        change(&sizes)
        let text = String(decoding: try JSONEncoder().encode(sizes), as: UTF8.self)
        #expect(
          try complaint(text) == "\(path): the header's `sizes.\(expected), as training writes it")
      }
      #expect(
        try complaint("{}")
          == "\(path): the header's `sizes` is `{}`; "
          + "expected an agent's sizes in JSON, as training writes it")
    }

    @Test("sizes or a genome that the file's tensors do not belong to are refused before memory is taken")
    func foreignSizes() throws {
      let path = folder.file("foreign.safetensors")
      let agent = try Self.agent(Self.state)
      func complaint(_ sizes: DrQSizes, _ genome: Genome) throws -> String {
        let texts = try Checkpoint.metadata(
          genome: genome, buffers: [],
          own: ["task": "rl", "sizes": String(decoding: JSONEncoder().encode(sizes), as: UTF8.self)])
        try SafetensorsFile.write(
          agent.networks.store.entries.map { (name: $0.name, tensor: $0.tensor) }, metadata: texts, to: path)
        let error = #expect(throws: (any Error).self) { try TrainedPolicy(path: path) }
        return error.map { String(describing: $0) } ?? ""
      }
      var sizes = Self.state
      sizes.hidden = 65_536
      let large = try complaint(sizes, Self.genome(Self.state))
      #expect(large.hasPrefix("\(path): tensor `actor.") && large.contains("has the shape"), "\(large)")
      for genome in [Genome([]), Genome([99] + Self.genome(Self.state).choices.dropFirst())] {
        let foreign = try complaint(Self.state, genome)
        #expect(foreign.hasPrefix("\(path): the header's `genome` does not fit"), "\(foreign)")
      }
    }

    @Test("exploring follows the schedule, from a wide distribution to the mean")
    func exploring() throws {
      let agent = try Self.agent(Self.state)
      let observations = try Tensor.randn([1, 5], generator: RandomGenerator(seed: 1))
        .expand(shape: [4000, 5])
      let mean = try agent.meanActions(observations)
      let random = try RandomGenerator(seed: 2)
      func deviation(_ step: Int) throws -> Double {
        let actions = try agent.exploringActions(observations, step: step, random)
        #expect(try actions.abs().array(of: Float.self).allSatisfy { $0 < 1 })
        return try (actions - mean).square().mean().item().squareRoot()
      }
      let (early, late) = (try deviation(0), try deviation(1_000_000))
      // 8,000 draws: the late deviation is 0.1 to within five standard errors, unless it is cut at -1 or 1.
      let upper = 0.1 * (1 + 5 / 16_000.0.squareRoot())
      #expect(early > 0.5 && late < upper && late > 0.05, "\(early) \(late)")
      let uniform = try agent.randomActions(4000, random).array(of: Double.self)
      let (average, largest) = (uniform.reduce(0, +) / 8000, uniform.map(abs).max() ?? 0)
      #expect(abs(average) < 5 / (3 * 8000.0).squareRoot())
      #expect(largest <= 1 && largest > 0.99)
    }

    @Test(
      "updates learn the value of a problem of one step, and the policy goes where it is best",
      arguments: [Precision.float32, .bfloat16])
    func learns(precision: Precision) throws {
      let restore = try useOneThread()
      defer { restore() }
      // The reward of an action a is 1 - a^2, whatever is observed; nothing follows.
      let sizes = DrQSizes(observation: .state(length: 3), actions: 1, hidden: 32)
      var settings = DrQAgentSettings()
      settings.learningRate = 5e-4
      settings.noise = LinearSchedule(from: 0.2, to: 0.2, steps: 1)
      settings.precision = precision
      let agent = try DrQAgent(
        DrQNetworks(genome: DrQSearchSpace(sizes).original, sizes: sizes, seed: 1), settings)
      let random = try RandomGenerator(seed: 1)
      func distance() throws -> Double {
        try agent.meanActions(Tensor.randn([100, 3], generator: RandomGenerator(seed: 2))).abs().mean().item()
      }
      let before = try distance()
      var metrics: DrQAgent.Metrics?
      for step in 0..<600 {
        let observations = try Tensor.randn([64, 3], generator: random)
        let actions = try agent.randomActions(64, random)
        let batch = try ReplayBatch(
          observations: observations, actions: actions, rewards: 1 - actions.square(),
          discounts: .full([64, 1], 0), nextObservations: observations)
        metrics = try agent.update(batch, step: step, random)
      }
      let after = try distance()
      #expect(before > 0.2 && after < 0.1, "\(before) \(after)")
      #expect((metrics?.criticLoss ?? 1) < 0.05)
    }

    @Test(
      "in bfloat16 an update has the losses that it has in float32, but for rounding",
      arguments: [state, pixels])
    func mixedPrecisionLosses(_ sizes: DrQSizes) throws {
      let restore = try useOneThread()
      defer { restore() }
      func losses(_ precision: Precision) throws -> [Double] {
        var settings = DrQAgentSettings()
        settings.precision = precision
        let agent = try DrQAgent(DrQNetworks(genome: Self.genome(sizes), sizes: sizes, seed: 1), settings)
        let random = try RandomGenerator(seed: 1)
        return try (0..<3).flatMap { step in
          let metrics = try agent.update(Self.batch(sizes, 64, seed: UInt64(step)), step: step, random)
          return [metrics.criticLoss, metrics.actorLoss]
        }
      }
      // bfloat16 has 8 bits: 0.4 % a rounding, over some ten layers.
      for (found, expected) in zip(try losses(.bfloat16), try losses(.float32)) {
        #expect(abs(found - expected) < 0.03 * max(abs(expected), 0.5), "\(found), in float32 \(expected)")
      }
    }

    @Test("mixed precision gives finite weights in float32, and heads that tell values apart")
    func mixedPrecision() throws {
      let restore = try useOneThread()
      defer { restore() }
      var settings = DrQAgentSettings()
      settings.precision = .bfloat16
      let networks = try DrQNetworks(genome: Self.genome(Self.pixels), sizes: Self.pixels, seed: 1)
      let agent = try DrQAgent(networks, settings)
      let random = try RandomGenerator(seed: 1)
      for step in 0..<3 {
        let metrics = try agent.update(Self.batch(Self.pixels, 8, seed: 2), step: step, random)
        #expect(metrics.criticLoss.isFinite && metrics.actorLoss.isFinite)
      }
      #expect(networks.store.entries.allSatisfy { $0.tensor.elementType == .float32 })
      #expect(try Self.weights(agent).allSatisfy { $0.allSatisfy(\.isFinite) })
      let encoded = try networks.policy.encode(
        Self.batch(Self.pixels, 8, seed: 2).observations, training: false)
      let (q1, _) = try withPrecision(.bfloat16) {
        try networks.critic(encoded, .full([8, 2], 0), training: false)
      }
      #expect(q1.elementType == .float32)
    }

    @Test("an update leaves no tensor behind", arguments: [state, pixels])
    func noLeaks(_ sizes: DrQSizes) throws {
      let restore = try useOneThread()
      defer { restore() }
      let agent = try Self.agent(sizes)
      let batch = try Self.batch(sizes, 8, seed: 2)
      let random = try RandomGenerator(seed: 1)
      _ = try agent.update(batch, step: 0, random)
      let handles = Runtime.liveHandles
      for step in 0..<5 { _ = try agent.update(batch, step: step, random) }
      #expect(Runtime.liveHandles == handles)
    }
  }
}
