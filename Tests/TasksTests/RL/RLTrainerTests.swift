import ControlSuite
import Engine
import Foundation
import PBTNAS
import Safetensors
import TestSupport
import Testing
import Torch

@testable import Tasks

extension NetworkTests {
  /// Trains small agents in the real environments: `scripts/setup` puts the models where these tests find
  /// them.
  @Suite struct RLTrainerTests {
    static let models = URL(fileURLWithPath: #filePath).deletingLastPathComponent()
      .appendingPathComponent("../../../.deps/data/dm_control").standardizedFileURL.path

    private let temporary: TemporaryFolder
    var folder: String { temporary.path }

    init() throws { temporary = try TemporaryFolder() }

    /// Reads settings of a small task. Actions are held so long that an episode has 50 steps.
    func configuration(
      _ observations: String = "state", models: String = Self.models, episodes: Int = 2, more: String = ""
    ) throws -> RunConfiguration {
      let text = """
        task: rl
        search: {population: 4, intervals: 2}
        rl:
          environment: cartpole-swingup
          models: \(models)
          observations: \(observations)
          action_repeat: 20
          hidden: 8
          encoder_channels: 2
          feature_dims: [4, 6]
          batch: 8
          random_steps: 10
          seed_frames: 400
          frames_per_interval: 2400
          evaluation_episodes: \(episodes)
          rendering: {side: 32, shadow_size: 0, samples: 0}
          \(more)
        """
      let path = "\(folder)/config.yml"
      try text.write(toFile: path, atomically: true, encoding: .utf8)
      return try RunConfiguration(file: path)
    }

    private func settings(_ observations: String = "state", models: String = Self.models) throws -> RLSettings
    {
      guard case .rl(let settings)? = try configuration(observations, models: models).task else {
        throw TorchError("expected settings of the task rl")
      }
      return settings
    }

    func job(_ genome: Genome, from: String, to: String, seed: UInt64 = 5) -> TrainJob {
      TrainJob(
        genome: genome, checkpoint: "\(folder)/\(from)", seed: seed, evaluationSeed: 6,
        output: "\(folder)/\(to)", artifacts: nil, attachments: "\(folder)/attachments")
    }

    func bytes(_ name: String) throws -> Data {
      try Data(contentsOf: URL(fileURLWithPath: "\(folder)/\(name)"))
    }

    @Test(
      "an interval follows from checkpoint, replay buffer and seed alone, and leaves no handle behind",
      arguments: ["state", "pixels"])
    func trainingRepeats(observations: String) throws {
      let trainer = try configuration(observations).makeTrainer(threads: 1)
      let genome = Genome(
        trainer.searchSpace.genes.indices.map {
          [1, 3, 0, 2][$0 % 4] % trainer.searchSpace.genes[$0].options.count
        })
      try trainer.initialise(InitialiseJob(genome: genome, seed: 1, output: "\(folder)/start"))
      let first = try trainer.train(job(genome, from: "start", to: "a")) { _ in }
      let handles = Runtime.liveHandles
      let second = try trainer.train(job(genome, from: "start", to: "b")) { _ in }
      #expect(Runtime.liveHandles == handles)
      #expect(try bytes("a") == bytes("b") && bytes("a") != bytes("start"))
      #expect(first.fitness == second.fitness && first.metrics == second.metrics)
      #expect((0...1000).contains(first.fitness))
      // 120 steps are two episodes of 50 and a part of a third; 100 of them are at or after frame 400.
      let found = first.metrics
      #expect(found["agent_steps"] == 120 && found["replay_transitions"] == 120 && found["updates"] == 50)
      #expect(found["episode_steps"] == 50 && found["diverged_episodes"] == 0)
      #expect(first.shownMetrics == ["episode_return", "episode_steps"])
      for name in ["episode_return", "critic_loss", "actor_loss", "target"] {
        #expect(found[name]?.isFinite == true, "\(name)")
      }

      // The next interval goes on with the buffer and the count of steps, also in a trainer that has just
      // started.
      let third = try trainer.train(job(genome, from: "a", to: "c", seed: 7)) { _ in }
      let other = try configuration(observations).makeTrainer(threads: 1)
      _ = try other.train(job(genome, from: "b", to: "d", seed: 7)) { _ in }
      #expect(try bytes("c") == bytes("d"))
      #expect(third.metrics["replay_transitions"] == 240 && third.metrics["agent_steps"] == 240)
      let checkpoint = try Checkpoint(path: "\(folder)/c")
      #expect(checkpoint.attachments.count == 2)
      #expect(try Checkpoint(path: "\(folder)/a").attachments == Array(checkpoint.attachments.prefix(1)))
      let evaluation = try trainer.evaluate(
        EvaluateJob(genome: genome, checkpoint: "\(folder)/c", seed: 6, artifacts: nil))
      #expect(evaluation.fitness == third.fitness)
    }

    @Test(
      "the other tasks' agents of the paper's sizes learn, and go on from their checkpoints", .serialized,
      arguments: [("walker-run", 512), ("humanoid-run", 256)])
    func paperSizes(file: String, batch: Int) throws {
      let path = URL(fileURLWithPath: #filePath).deletingLastPathComponent()
        .appendingPathComponent("../../../configs/paper/\(file).yml").standardizedFileURL.path
      guard case .rl(var settings)? = try RunConfiguration(file: path).task else {
        throw TorchError("expected settings of the task rl")
      }
      #expect(settings.hidden == 1024 && settings.encoderChannels == 32 && settings.batch == batch)
      #expect(settings.environment.pixels == PixelSettings() && settings.featureLengths.count == 4)
      // As few steps as there can be an update in.
      settings.environment.actionRepeat = 100
      (settings.randomSteps, settings.seedFrames, settings.updateEvery) = (2, 400, 4)
      (settings.framesPerInterval, settings.evaluationEpisodes) = (500, 1)
      let trainer = try RLTrainer(settings)
      // The last option of every gene: residual layers, the longest features, spectral norm.
      let genome = Genome(trainer.searchSpace.genes.map { $0.options.count - 1 })
      try trainer.initialise(InitialiseJob(genome: genome, seed: 1, output: "\(folder)/start"))
      for (interval, (from, to)) in [("start", "a"), ("a", "b")].enumerated() {
        let result = try trainer.train(job(genome, from: from, to: to)) { _ in }
        #expect(result.fitness.isFinite && result.metrics["updates"] == 1)
        #expect(result.metrics["agent_steps"] == Double(5 * (interval + 1)))
        #expect(try Checkpoint(path: "\(folder)/\(to)").firstNonFiniteTensor() == nil)
        // Agents of these sizes take hundreds of megabytes.
        try FileManager.default.removeItem(atPath: "\(folder)/\(from)")
      }
    }

    @Test("a penalty on saturated actions reaches the policy, and through its actions the critic's target")
    func saturationPenalty() throws {
      let losses = try ["", "saturation_penalty: 100"].map { line in
        let trainer = try configuration(more: line).makeTrainer(threads: 1)
        let genome = Genome(Array(repeating: 0, count: trainer.searchSpace.genes.count))
        try trainer.initialise(InitialiseJob(genome: genome, seed: 1, output: "\(folder)/start"))
        return try trainer.train(job(genome, from: "start", to: "end")) { _ in }.metrics
      }
      let actor = try losses.map { try #require($0["actor_loss"]) }
      #expect(actor[1] > actor[0] + 1, "\(actor)")
      #expect(losses[0]["target"] != losses[1]["target"])
    }

    @Test("experience that goes into files as it comes teaches the same")
    func writtenEarly() throws {
      let trainers = [
        try RLTrainer(settings("pixels")), try RLTrainer(settings("pixels"), segmentBytes: 1),
      ]
      let genome = Genome(Array(repeating: 0, count: trainers[0].searchSpace.genes.count))
      try trainers[0].initialise(InitialiseJob(genome: genome, seed: 1, output: "\(folder)/start"))
      func tensors(_ name: String) throws -> [String: [UInt8]] {
        let file = try SafetensorsFile(path: "\(folder)/\(name)")
        return Dictionary(
          uniqueKeysWithValues: file.tensors.map { ($0.name, file.withBytes(of: $0) { Array($0) }) })
      }
      for (number, trainer) in trainers.enumerated() {
        for (from, to) in [("start", "a\(number)"), ("a\(number)", "b\(number)")] {
          _ = try trainer.train(job(genome, from: from, to: to)) { _ in }
        }
      }
      for name in ["a", "b"] {
        #expect(try tensors("\(name)0") == tensors("\(name)1"))
      }
      // 120 steps are two episodes of 50 and a part of one.
      #expect(try Checkpoint(path: "\(folder)/a0").attachments.count == 1)
      #expect(try Checkpoint(path: "\(folder)/a1").attachments.count == 3)
      #expect(try Checkpoint(path: "\(folder)/b1").attachments.count == 6)
    }

    @Test("an evaluation says how far it is, so that a long one is no silence")
    func evaluationReports() throws {
      let trainer = try configuration("pixels").makeTrainer(threads: 1)
      let genome = Genome(Array(repeating: 0, count: trainer.searchSpace.genes.count))
      try trainer.initialise(InitialiseJob(genome: genome, seed: 1, output: "\(folder)/start"))
      let job = EvaluateJob(genome: genome, checkpoint: "\(folder)/start", seed: 6, artifacts: nil)
      var reports: [TrainingProgress] = []
      // Reports come a few times a second: where steps are fast, it takes more of them until there is one.
      for episodes in [8, 64, 512] where reports.isEmpty {
        let trainer = try configuration("pixels", episodes: episodes).makeTrainer(threads: 1)
        _ = try trainer.evaluate(job) { reports.append($0) }
      }
      #expect(!reports.isEmpty && reports.allSatisfy { 0 < $0.fraction && $0.fraction <= 1 })
      #expect(reports.allSatisfy { $0.samplesPerSecond > 0 })

      // Two episodes of 50 steps, side by side.
      let evaluation = try PolicyEvaluation(settings().environment, episodes: 2)
      var steps: [Int] = []
      _ = try evaluation.play(
        seed: 1, { try Tensor.full([$0.shape[0], 1], 0) }, report: { steps.append($0) })
      #expect(steps == Array(stride(from: 2, through: 100, by: 2)) && evaluation.mostSteps == 100)
    }

    @Test("no more than sixteen episodes go side by side, and others after them change nothing in them")
    func manyEpisodes() throws {
      let environment = try settings().environment
      #expect(PolicyEvaluation.atOnce(10, environment) == 10)
      var batches: [Int] = []
      func returns(episodes: Int) throws -> [Double] {
        let evaluation = try PolicyEvaluation(environment, episodes: episodes)
        return try evaluation.play(
          seed: 1,
          { seen in
            batches.append(seen.shape[0])
            return try Tensor.full([seen.shape[0], 1], 0.5)
          }
        ).returns
      }
      let most = PolicyEvaluation.mostAtOnce
      let (some, more) = (try returns(episodes: most), try returns(episodes: most + 2))
      #expect(more.count == most + 2 && Array(more.prefix(most)) == some)
      // Episodes of 50 steps: one round of sixteen, then another, and one of the two that are left.
      let rounds = [most, most, 2].flatMap { Array(repeating: $0, count: 50) }
      #expect(batches == rounds)
    }

    @Test("training follows the hyperparameters that a job gives, and refuses those that it cannot follow")
    func hyperparameters() throws {
      let trainer = try configuration().makeTrainer(threads: 1)
      #expect(trainer.searchSpace.hyperparameters == ["learning_rate", "target_rate", "discount"])
      let genome = Genome(Array(repeating: 1, count: trainer.searchSpace.genes.count))
      try trainer.initialise(InitialiseJob(genome: genome, seed: 1, output: "\(folder)/start"))
      func train(_ values: [String: Double]?) throws -> Data {
        var job = job(genome, from: "start", to: "end")
        job.hyperparameters = values
        _ = try trainer.train(job) { _ in }
        return try bytes("end")
      }
      let plain = try train(nil)
      // The settings' own values, told by name, are the same as none.
      #expect(try train(["learning_rate": 1e-4, "target_rate": 0.01, "discount": 0.99]) == plain)
      var files: Set<Data> = [plain]
      for name in trainer.searchSpace.hyperparameters { files.insert(try train([name: 0.5])) }
      #expect(files.count == 4)
      #expect(throws: HyperparameterError.unknown("batch", known: trainer.searchSpace.hyperparameters)) {
        try train(["batch": 1])
      }
      #expect(throws: HyperparameterError.outOfRange("discount", 1.5, 0...1)) {
        try train(["discount": 1.5])
      }
    }

    @Test("without its replay buffer an interval would be another")
    func bufferMatters() throws {
      let trainer = try configuration().makeTrainer(threads: 1)
      let genome = Genome(Array(repeating: 0, count: trainer.searchSpace.genes.count))
      try trainer.initialise(InitialiseJob(genome: genome, seed: 1, output: "\(folder)/start"))
      _ = try trainer.train(job(genome, from: "start", to: "a")) { _ in }
      _ = try trainer.train(job(genome, from: "a", to: "b")) { _ in }
      // The same file without its list.
      let file = try SafetensorsFile(path: "\(folder)/a")
      var texts = file.metadata
      (texts["attachments"], texts["replay_transitions"]) = (nil, nil)
      let writer = try SafetensorsWriter(
        path: "\(folder)/forgetful",
        tensors: file.tensors.map { .init(name: $0.name, dtype: $0.dtype, shape: $0.shape) }, metadata: texts)
      for tensor in file.tensors { try file.withBytes(of: tensor) { try writer.write($0) } }
      try writer.finish()
      let result = try trainer.train(job(genome, from: "forgetful", to: "c")) { _ in }
      #expect(result.metrics["replay_transitions"] == 120)
      let name = try #require(file.tensors.first { $0.name.hasPrefix("actor.trunk") }?.name)
      let weights = try ["b", "c"].map { try SafetensorsFile(path: "\(folder)/\($0)").tensor(name) }
      #expect(try weights[0].array(of: Float.self) != weights[1].array(of: Float.self))
    }

    @Test(
      "where the physics diverges the episode is over and counted, the user is told, and the agent goes on")
    func divergence() throws {
      // A damping that drives a pole instead of slowing it, ever faster, until MuJoCo gives up.
      let models = "\(folder)/models"
      try FileManager.default.createDirectory(atPath: models, withIntermediateDirectories: true)
      try FileManager.default.copyItem(atPath: "\(Self.models)/common", toPath: "\(models)/common")
      let model = try String(contentsOfFile: "\(Self.models)/cartpole.xml", encoding: .utf8)
      try model.replacing("damping=\"2e-6\"", with: "damping=\"-1\"")
        .write(toFile: "\(models)/cartpole.xml", atomically: true, encoding: .utf8)
      let settings = try settings(models: models)
      let environment = try AgentEnvironment(settings.environment)
      let sizes = settings.sizes(environment.layout)
      let genome = DrQSearchSpace(sizes).original
      let agent = try DrQAgent(DrQNetworks(genome: genome, sizes: sizes, seed: 1), settings.agent)
      let buffer = ReplayBuffer(environment.layout, capacity: 1000, steps: 3, discount: 0.99)
      let findings = try Experience(
        agent: agent, buffer: buffer, environment: environment, settings: settings
      ).live(from: 0, seed: 1) { _ in }
      // 120 steps; of each that diverged nothing is remembered, and no episode gets to its 50th.
      let count = findings.divergences.count
      #expect(count >= 2 && findings.returns.isEmpty && buffer.transitions == 120 - count)
      #expect(findings.metrics["diverged_episodes"] == Double(count))
      #expect(findings.metrics["episode_return"] == nil && findings.updates > 0)

      let trainer = try RLTrainer(settings)
      try trainer.initialise(InitialiseJob(genome: genome, seed: 1, output: "\(folder)/start"))
      let result = try trainer.train(job(genome, from: "start", to: "end")) { _ in }
      let warnings = try #require(result.warnings)
      #expect(warnings.count == 2 && result.fitness.isFinite)
      for (warning, what) in zip(warnings, ["training", "evaluation"]) {
        #expect(
          warning.contains(
            "episodes of \(what) ended, the first because the physics diverged in control step"))
        #expect(warning.contains("a velocity is not finite or too large"), "\(warning)")
      }
      let evaluation = try trainer.evaluate(
        EvaluateJob(genome: genome, checkpoint: "\(folder)/end", seed: 6, artifacts: nil))
      #expect(evaluation.warnings == [warnings[1]])
    }

    @Test("a policy whose weights are not finite is told so, in training and in evaluation")
    func divergedPolicy() throws {
      let trainer = try configuration().makeTrainer(threads: 1)
      let genome = Genome(Array(repeating: 0, count: trainer.searchSpace.genes.count))
      try trainer.initialise(InitialiseJob(genome: genome, seed: 1, output: "\(folder)/start"))
      let file = try SafetensorsFile(path: "\(folder)/start")
      let writer = try SafetensorsWriter(
        path: "\(folder)/nan",
        tensors: file.tensors.map { .init(name: $0.name, dtype: $0.dtype, shape: $0.shape) },
        metadata: file.metadata)
      for tensor in file.tensors {
        let bytes = [UInt8](repeating: 0xFF, count: tensor.byteCount)
        try bytes.withUnsafeBytes { try writer.write($0) }
      }
      try writer.finish()
      #expect(throws: RLError.actionNotFinite) {
        try trainer.train(job(genome, from: "nan", to: "a")) { _ in }
      }
      #expect(throws: RLError.actionNotFinite) {
        try trainer.evaluate(
          EvaluateJob(genome: genome, checkpoint: "\(folder)/nan", seed: 6, artifacts: nil))
      }
    }

    @Test("missing models, a missing GPU and a missing folder for attachments are said")
    func badInput() throws {
      let error = #expect(throws: ControlSuiteError.self) {
        try configuration(models: "\(folder)/nothing").makeTrainer(threads: 1)
      }
      #expect(error?.description.contains("\(folder)/nothing/cartpole.xml") == true)
      let trainer = try configuration().makeTrainer(threads: 1)
      let genome = Genome(Array(repeating: 0, count: trainer.searchSpace.genes.count))
      try trainer.initialise(InitialiseJob(genome: genome, seed: 1, output: "\(folder)/start"))
      var job = job(genome, from: "start", to: "a")
      job.attachments = nil
      #expect(throws: RLError.noAttachmentFolder) { try trainer.train(job) { _ in } }

      // As for any task, cuda is refused where there is no GPU; auto takes what there is.
      var settings = try settings()
      #expect(settings.device == .auto)
      settings.device = .cuda
      if try DeviceChoice.auto.device() == .cpu {
        let noGPU = #expect(throws: TorchError.self) { try RLTrainer(settings) }
        #expect(noGPU.map { "\($0)".contains("`device: cuda`") } == true)
      }
    }

    @Test("a count of steps that is none, or larger than any training's, is refused with file and limits")
    func badSteps() throws {
      let path = "\(folder)/odd"
      func memory(_ steps: String) throws -> AgentMemory {
        let texts = try Checkpoint.metadata(genome: Genome([0]), buffers: [], own: ["agent_steps": steps])
        try SafetensorsWriter(path: path, tensors: [], metadata: texts).finish()
        return try AgentMemory(Checkpoint(path: path))
      }
      #expect(try memory("9007199254740992").steps == 1 << 53)
      for steps in ["many", "-1", "1.5", "9007199254740993", "99999999999999999999"] {
        let odd = #expect(throws: HeaderError.self) { try memory(steps) }
        #expect(
          odd?.description
            == "\(path): the header's `agent_steps` is `\(steps)`; "
            + "expected a whole number from 0 to 9007199254740992, as training writes it")
      }
    }

    @Test(
      "an evaluation whose job wants to see something films its first episode, and is what it would be without"
    )
    func filmOfEvaluation() throws {
      let trainer = try configuration(more: "video: {width: 32, height: 24}").makeTrainer(threads: 1)
      #expect(trainer.showsBest)
      let genome = Genome(Array(repeating: 0, count: trainer.searchSpace.genes.count))
      try trainer.initialise(InitialiseJob(genome: genome, seed: 1, output: "\(folder)/start"))
      var job = EvaluateJob(genome: genome, checkpoint: "\(folder)/start", seed: 6, artifacts: nil)
      let plain = try trainer.evaluate(job)
      #expect(plain.files.isEmpty && plain.artifactsProblem == nil)
      job.artifacts = "\(folder)/best"
      let filmed = try trainer.evaluate(job)
      let film = "\(folder)/best.\(VideoFormat.bestExtension)"
      #expect(filmed.files == [film] && filmed.artifactsProblem == nil)
      #expect(filmed.fitness == plain.fitness && filmed.metrics == plain.metrics)
      // The same film as that of the command.
      let path = "\(folder)/film.\(VideoFormat.bestExtension)"
      _ = try EpisodeVideo(settings(), checkpoint: "\(folder)/start", threads: 1)
        .write(seed: 6, width: 32, height: 24, to: path)
      #expect(try bytes("best.\(VideoFormat.bestExtension)") == Data(contentsOf: URL(fileURLWithPath: path)))

      // A film that cannot be written is a problem of its own, which keeps the evaluation.
      job.artifacts = "\(folder)/nowhere/best"
      let problem = try trainer.evaluate(job)
      #expect(problem.fitness == plain.fitness && problem.files.isEmpty)
      #expect(problem.artifactsProblem?.contains("nowhere/best") == true, "\(problem)")

      // And one that is not wanted is none.
      job.artifacts = "\(folder)/unwanted"
      let calm = try configuration(more: "video: {keep: false}").makeTrainer(threads: 1)
      #expect(try !calm.showsBest && calm.evaluate(job).files.isEmpty)
      #expect(
        try FileManager.default.contentsOfDirectory(atPath: folder).allSatisfy { !$0.hasPrefix("unwanted") })
    }

    @Test("a film has a picture for each step of the first evaluation episode, and returns what that did")
    func film() throws {
      let settings = try settings()
      let trainer = try RLTrainer(settings)
      let genome = Genome(Array(repeating: 0, count: trainer.searchSpace.genes.count))
      try trainer.initialise(InitialiseJob(genome: genome, seed: 1, output: "\(folder)/start"))
      let path = "\(folder)/film.png"
      let found = try EpisodeVideo(settings, checkpoint: "\(folder)/start", threads: 1)
        .write(seed: 6, width: 32, height: 24, to: path)
      let evaluation = try PolicyEvaluation(settings.environment, episodes: 2)
      let policy = try TrainedPolicy(path: "\(folder)/start")
      let played = try evaluation.play(seed: 6, policy.callAsFunction)
      #expect(found == played.returns[0])
      #expect(try AnimatedPictureTests.Chunks(path).frames == 51)
      #expect(try Picture(path: path).width == 32)
    }

    @Test("networks of other sizes than the settings say are not filmed, and the sizes that differ are told")
    func filmOfOthers() throws {
      let trainer = try configuration().makeTrainer(threads: 1)
      let genome = Genome(Array(repeating: 0, count: trainer.searchSpace.genes.count))
      let path = "\(folder)/start"
      try trainer.initialise(InitialiseJob(genome: genome, seed: 1, output: path))
      var other = try settings()
      (other.hidden, other.featureLengths) = (16, [4, 8])
      let error = #expect(throws: RLError.self) { try EpisodeVideo(other, checkpoint: path, threads: 1) }
      #expect(
        error?.description
          == "\(path): its networks have other sizes than the settings say: `hidden` 8 instead of 16, "
          + "`feature_dims` [4, 6] instead of [4, 8]; expected a checkpoint of a run with these settings")
    }
  }
}
