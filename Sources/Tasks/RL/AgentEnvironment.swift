import ControlSuite
import Torch

/// An environment as an agent meets it: actions held for some control steps, observations as bytes that a
/// replay buffer stores, and as the agent sees them.
final class AgentEnvironment {
  /// What came of an action.
  struct Outcome {
    /// The summed reward of the control steps.
    var reward: Double
    /// Whether the episode is over.
    var isLast: Bool
    /// Why it is over, if that is because the physics could not go on; then there is no new observation.
    var divergence: Divergence?
  }

  /// What is observed.
  let layout: ReplayLayout
  /// The newest observation, as a replay buffer stores it.
  private(set) var observation: [UInt8] = []
  private let settings: EnvironmentSettings
  private let environment: ControlEnvironment
  /// Nil where observations are vectors.
  private let renderer: PixelRenderer?
  /// The observations that are seen at once, the newest last.
  private var seen: [[UInt8]] = []

  /// Compiles the model.
  ///
  /// - Throws: ``ControlSuiteError`` if a file of the models is missing or wrong, or there is no OpenGL for
  ///   pictures.
  init(_ settings: EnvironmentSettings) throws {
    self.settings = settings
    environment = try ControlEnvironment(task: settings.task, models: settings.models, seed: 0)
    switch settings.observations {
    case .state:
      renderer = nil
      layout = ReplayLayout(
        .state(length: environment.observationSize), actionLength: environment.actionSize)
    case .pixels:
      renderer = try PixelRenderer(environment, settings.pixels)
      layout = ReplayLayout(
        .pixels(channels: 3, height: settings.pixels.height, width: settings.pixels.width),
        actionLength: environment.actionSize)
    }
  }

  /// Starts an episode whose start state follows from a seed.
  func reset(seed: UInt64) throws {
    try observe(environment.reset(seed: seed), isFirst: true)
  }

  /// Acts.
  ///
  /// - Parameter action: each in -1...1.
  /// - Throws: ``RLError/actionNotFinite`` if the policy has diverged; ``ControlSuiteError``.
  func step(_ action: [Float]) throws -> Outcome {
    guard action.allSatisfy(\.isFinite) else { throw RLError.actionNotFinite }
    let step = try environment.step(action.map(Double.init), repeat: settings.actionRepeat)
    if step.divergence == nil { try observe(step.observation, isFirst: false) }
    return Outcome(reward: step.reward, isLast: step.isLast, divergence: step.divergence)
  }

  private func observe(_ state: [Double], isFirst: Bool) throws {
    observation = try renderer?.picture(.planar) ?? state.map(Float.init).withUnsafeBytes { Array($0) }
    if isFirst {
      seen = Array(repeating: observation, count: layout.stack)
    } else {
      seen.removeFirst()
      seen.append(observation)
    }
  }

  /// How many seconds an action is held for.
  var stepSeconds: Double { environment.controlTimestep * Double(settings.actionRepeat) }

  /// What draws the environment in other pictures than those that are observed.
  func renderer(_ pixels: PixelSettings) throws -> PixelRenderer { try PixelRenderer(environment, pixels) }

  /// What agents see in environments of one layout, [count] + ``ReplayLayout/seenShape``.
  static func view(_ environments: [AgentEnvironment], _ layout: ReplayLayout) throws -> Tensor {
    try layout.tensor(of: Array(environments.flatMap(\.seen).joined()), count: environments.count)
  }
}
