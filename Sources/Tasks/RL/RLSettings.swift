import Configuration
import ControlSuite
import Foundation
import PBTNAS
import Torch

/// Whose the replay buffer is: the setting `buffer`.
public enum BufferSharing: String, CaseIterable, Sendable, Codable {
  /// Each agent has its own; an offspring goes on with its base parent's.
  case own
  /// All agents of the search have one, which is once on the disk and once in memory.
  ///
  /// In an interval, every agent learns from what all agents of the search, also those that were replaced
  /// since, had experienced when the interval began, and from its own steps up to its last update: draws are
  /// uniform over all transitions of both. What the others experience meanwhile joins at the interval's end.
  /// So the result does not depend on who runs when. Where there are more transitions than
  /// `replay_capacity`, the oldest episodes leave first: those of earlier intervals, and within an interval
  /// those that began at earlier steps. An agent that failed or diverged adds nothing.
  case shared
}

/// The settings of the task `rl`: the section of that name in a settings file.
public struct RLSettings: Hashable, Sendable {
  /// What an agent acts in.
  public var environment: EnvironmentSettings
  /// The width of the hidden layers of policy and Q networks; at least 2, which some inner layers halve.
  public var hidden: Int
  /// The encoder's channels, with pixels.
  public var encoderChannels: Int
  /// The options of the genes `feature_dim`.
  public var featureLengths: [Int]
  /// Where the networks are trained. Environments and the replay buffer stay with the processor.
  var device: DeviceChoice
  /// How an agent is trained.
  public var agent: DrQAgentSettings
  /// Transitions in an update.
  public var batch: Int
  /// n: how many rewards a return sums before the critic's estimate.
  public var returnSteps: Int
  /// Gamma.
  public var discount: Double
  /// Agent steps of uniformly random actions before the policy is asked.
  public var randomSteps: Int
  /// Frames before the first update.
  public var seedFrames: Int
  /// One update in so many agent steps.
  public var updateEvery: Int
  /// Whether each agent has its replay buffer.
  public var buffer: BufferSharing
  /// Transitions that the replay buffer holds: each agent's own, or the one of all together.
  public var replayCapacity: Int
  /// Frames in an interval of training.
  public var framesPerInterval: Int
  /// Episodes whose mean return is the fitness.
  public var evaluationEpisodes: Int
  /// The film of a run's best agent.
  public var video: VideoSettings

  /// Agent steps in an interval.
  public var stepsPerInterval: Int { framesPerInterval / environment.actionRepeat }

  /// Reads the section; problems are noted in `node`. The defaults are the paper's for Quadruped Run, but for
  /// the replay buffer's capacity, which is DrQ-v2's for the other tasks.
  ///
  /// - Parameter checksModels: whether the models are looked at: that they are there, and have the camera.
  public init(from node: SettingsNode, checksModels: Bool = false) {
    environment = EnvironmentSettings(from: node, checksModels: checksModels)
    hidden = node.int("hidden", default: 1024, in: DrQSizes.hiddenLimits)
    encoderChannels = node.int("encoder_channels", default: 32, in: DrQSizes.encoderChannelLimits)
    featureLengths = node.ints(
      "feature_dims", default: [25, 50, 100, 150], in: DrQSizes.featureLengthLimits)
    batch = node.int("batch", default: 256, in: 1...65_536)
    returnSteps = node.int("n_step", default: 3, in: 1...1000)
    discount = node.double("discount", default: 0.99, in: 0...1)
    randomSteps = node.int("random_steps", default: 2000, in: 0...1_000_000_000)
    seedFrames = node.int("seed_frames", default: 4000, in: 0...1_000_000_000)
    updateEvery = node.int("update_every", default: 2, in: 1...1_000_000)
    buffer = node.choice("buffer", default: BufferSharing.own)
    replayCapacity = node.int("replay_capacity", default: 1_000_000, in: 1...1_000_000_000)
    framesPerInterval = node.int("frames_per_interval", default: 100_000, in: 1...1_000_000_000)
    evaluationEpisodes = node.int("evaluation_episodes", default: 10, in: 1...10_000)
    video = VideoSettings(from: node.section("video"))
    device = node.choice("device", default: DeviceChoice.auto)
    agent = DrQAgentSettings()
    agent.learningRate = node.double("learning_rate", default: agent.learningRate, in: 0...1)
    agent.targetRate = node.double("target_rate", default: agent.targetRate, in: 0...1)
    agent.saturationPenalty = node.double(
      "saturation_penalty", default: agent.saturationPenalty, in: 0...1000)
    agent.precision = node.choice("precision", default: PrecisionChoice.float32).precision
    let noise = node.section("exploration")
    agent.noise = LinearSchedule(
      from: noise.double("from", default: agent.noise.start, in: 0...100),
      to: noise.double("to", default: agent.noise.end, in: 0...100),
      steps: noise.int("steps", default: agent.noise.steps, in: 0...1_000_000_000))
    agent.noiseClip = noise.double("clip", default: agent.noiseClip, in: 0...100)
    if !framesPerInterval.isMultiple(of: environment.actionRepeat) {
      node.report(
        "frames_per_interval",
        "expected a multiple of `action_repeat` (\(environment.actionRepeat)), found \(framesPerInterval)")
    }
    if Set(featureLengths).count < featureLengths.count {
      node.report("feature_dims", "expected lengths that differ, found \(featureLengths)")
    }
    if environment.episodeSteps < returnSteps {
      node.report(
        "n_step",
        "expected no more than the \(environment.episodeSteps) agent steps of an episode with `action_repeat: "
          + "\(environment.actionRepeat)`, found \(returnSteps)")
    }
    if stepsPerInterval < returnSteps {
      node.report(
        "frames_per_interval",
        "expected at least `n_step` (\(returnSteps)) agent steps of \(environment.actionRepeat) frames, "
          + "found \(framesPerInterval)")
    }
  }

  /// The genes of the agents' networks, and the training's numbers that can be searched.
  var searchSpace: SearchSpace {
    SearchSpace(
      genes: DrQSearchSpace(
        seesPixels: environment.observations == .pixels, featureLengths: featureLengths
      ).searchSpace.genes, hyperparameters: RLHyperparameter.names)
  }

  /// The networks' sizes for an environment.
  func sizes(_ layout: ReplayLayout) -> DrQSizes {
    let observation: DrQSizes.Observation =
      switch layout.observation {
      case .state(let length): .state(length: length)
      case .pixels(_, let height, _): .pixels(frames: layout.stack, side: height)
      }
    return DrQSizes(
      observation: observation, actions: layout.actionLength, hidden: hidden,
      encoderChannels: encoderChannels, featureLengths: featureLengths)
  }
}

/// What an agent acts in, and what it sees of it.
public struct EnvironmentSettings: Hashable, Sendable {
  /// What an agent sees.
  public enum Observations: String, CaseIterable, Sendable, Codable {
    /// The suite's own vectors.
    case state
    /// Pictures of a camera, the last three at once.
    case pixels
  }

  /// The task of the Control Suite.
  public var task: ControlTaskName
  /// The folder with the suite's models.
  public var models: String
  /// What the agent sees.
  public var observations: Observations
  /// How many control steps an action is held for.
  public var actionRepeat: Int
  /// How pictures are drawn, with pixels.
  public var pixels: PixelSettings

  /// The agent steps of an episode that comes to its end.
  var episodeSteps: Int { (ControlTaskName.episodeLength + actionRepeat - 1) / actionRepeat }

  /// Reads the keys of the section `rl` that are about the environment; problems are noted in `node`.
  ///
  /// - Parameter checksModels: whether the models are looked at: that they are there, and have the camera.
  init(from node: SettingsNode, checksModels: Bool = false) {
    let problems = node.problemCount
    if !node.has("environment") {
      node.report("environment", "is missing; expected a task of the Control Suite, such as `walker-run`")
    }
    task = node.choice("environment", default: ControlTaskName.cartpoleSwingup)
    models = node.requiredPath("models", expected: "the folder with the Control Suite's models")
    observations = node.choice("observations", default: Observations.pixels)
    actionRepeat = node.int("action_repeat", default: 2, in: 1...100)
    let rendering = node.section("rendering")
    let side = rendering.int("side", default: 84, in: DrQSizes.sideLimits)
    pixels = PixelSettings(
      width: side, height: side,
      camera: PixelSettings.Camera(parsing: rendering.string("camera", default: "standard")),
      shadowSize: rendering.int("shadow_size", in: 0...8192), samples: rendering.int("samples", in: 0...16))
    // Of another task than was meant, models and cameras would be others.
    if checksModels, node.problemCount == problems { reportModels(to: node, rendering) }
  }

  /// Compiles the task's model, which takes milliseconds and needs no OpenGL; what is wrong with the models
  /// or the camera is noted.
  private func reportModels(to node: SettingsNode, _ rendering: SettingsNode) {
    do throws(ControlSuiteError) {
      try ControlEnvironment(task: task, models: models, seed: 0).check(pixels.camera)
    } catch {
      if case .unknownCamera = error {
        rendering.report("camera", "\(error); expected `standard`, or the number or name of one of these")
      } else if FileManager.default.fileExists(atPath: models) {
        node.report("models", "\(error)")
      } else {
        node.report(
          "models",
          "there is no folder \(models); expected the one with the Control Suite's models, which "
            + "scripts/setup puts into .deps/data/dm_control: run it, or say where they are")
      }
    }
  }
}
