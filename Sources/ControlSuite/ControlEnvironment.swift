import CMuJoCo
import PBTNAS

/// A task of the DeepMind Control Suite over MuJoCo, step for step as in dm_control 1.0.50 (Tunyasuvunakool
/// et al. 2020, "dm_control: Software and tasks for continuous control", arXiv 2006.12983).
///
/// ```swift
/// let environment = try ControlEnvironment(task: .walkerRun, models: ".deps/data/dm_control", seed: 1)
/// var observation = try environment.reset()
/// while true {
///   let step = try environment.step(policy(observation), repeat: 2)
///   observation = step.observation
///   if step.isLast { break }
/// }
/// ```
///
/// An environment is used by one thread at a time; several are independent of each other.
public final class ControlEnvironment {
  /// The task.
  public let task: ControlTaskName
  /// How many elements an action has.
  public let actionSize: Int
  /// How many elements an observation has.
  public let observationSize: Int
  /// How many control steps an episode has: 1,000 in every task.
  public let episodeLength: Int
  /// Seconds between two actions.
  public let controlTimestep: Double

  let physics: Physics
  let definition: TaskDefinition
  private let rules: any ControlTask
  private let physicsSteps: Int
  private let controls: [(lowest: Double, scale: Double)]
  private var generator: SeededGenerator
  private var stepsTaken: Int
  private var observation: [Double] = []

  /// Compiles a task's model.
  ///
  /// - Parameters:
  ///   - task: the task.
  ///   - folder: where the suite's models are; `scripts/setup` puts them into `.deps/data/dm_control`.
  ///   - seed: of the start states.
  /// - Throws: ``ControlSuiteError`` if a model's file is missing or is not the expected one.
  public init(task: ControlTaskName, models folder: String, seed: UInt64) throws(ControlSuiteError) {
    self.task = task
    definition = task.definition
    physics = try Physics(definition.model, in: folder, edit: definition.edit)
    rules = try definition.make(physics)
    let model = physics.model.pointee
    let timestep = model.opt.timestep
    physicsSteps = max(1, Int(((definition.controlTimestep ?? timestep) / timestep).rounded()))
    controlTimestep = timestep * Double(physicsSteps)
    episodeLength = Int((definition.timeLimit / controlTimestep).rounded())
    actionSize = physics.control.count
    controls = (0..<actionSize).map {
      let (lowest, highest) = (model.actuator_ctrlrange[2 * $0], model.actuator_ctrlrange[2 * $0 + 1])
      return (lowest, (highest - lowest) / 2)
    }
    generator = SeededGenerator(seed: seed)
    // No episode yet: it is as if one were over.
    stepsTaken = episodeLength
    try physics.reset()
    var first: [Double] = []
    rules.observe(physics, into: &first)
    observationSize = first.count
  }

  // MARK: Episodes

  /// Starts an episode in a state drawn from the task's distribution, and observes it.
  ///
  /// - Parameter seed: starts the generator of start states again before the draw; nil goes on with it.
  /// - Throws: ``ControlSuiteError`` if no start state is found, which the suite's own models do not cause.
  @discardableResult
  public func reset(seed: UInt64? = nil) throws(ControlSuiteError) -> [Double] {
    // Nothing goes on from a start that failed.
    stepsTaken = episodeLength
    if let seed { generator = SeededGenerator(seed: seed) }
    try physics.reset()
    try rules.start(physics, &generator)
    return try begin()
  }

  /// Starts an episode in a given state, and observes it.
  ///
  /// - Throws: ``ControlSuiteError/stateSize(part:expected:found:)`` if the state is not one of this task's
  ///   model.
  @discardableResult
  public func reset(to state: PhysicsState) throws(ControlSuiteError) -> [Double] {
    try Self.check(state.positions, "positions", physics.positions.count)
    try Self.check(state.velocities, "velocities", physics.velocities.count)
    try Self.check(state.activations, "activations", physics.activations.count)
    try Self.check(state.goal, "numbers of a goal", rules.goal(physics).count)
    stepsTaken = episodeLength
    try physics.reset()
    _ = physics.positions.update(fromContentsOf: state.positions)
    _ = physics.velocities.update(fromContentsOf: state.velocities)
    _ = physics.activations.update(fromContentsOf: state.activations)
    rules.setGoal(state.goal, physics)
    return try begin()
  }

  /// The current state. ``reset(to:)`` starts an episode from it, whose constraint solver begins anew: what
  /// follows is the same up to the solver's tolerance.
  public var state: PhysicsState {
    PhysicsState(
      positions: Array(physics.positions), velocities: Array(physics.velocities),
      activations: Array(physics.activations), goal: rules.goal(physics))
  }

  /// Takes an action, and holds it for a number of control steps.
  ///
  /// - Parameters:
  ///   - action: ``actionSize`` numbers in [-1, 1], which are scaled to the actuators' ranges. Beyond that,
  ///     actuators do no more than at their limit, while the reward sees the larger control, as in
  ///     dm_control.
  ///   - count: how often the action is repeated; fewer times where the episode ends.
  /// - Throws: ``ControlSuiteError`` if the action is not usable or no episode is under way. A state that
  ///   diverges is not an error: the step says so.
  public func step(_ action: [Double], repeat count: Int = 1) throws(ControlSuiteError) -> Step {
    guard action.count == actionSize else { throw .actionSize(expected: actionSize, found: action.count) }
    guard count >= 1 else { throw .repeatCount(count) }
    guard stepsTaken < episodeLength else { throw .noEpisode }
    for index in action.indices {
      guard action[index].isFinite else { throw .actionNotFinite(index: index, value: action[index]) }
      physics.control[index] = controls[index].lowest + controls[index].scale * (action[index] + 1)
    }
    var reward = 0.0
    for _ in 0..<count where stepsTaken < episodeLength {
      do {
        try physics.step(physicsSteps)
      } catch {
        stepsTaken = episodeLength
        throw error
      }
      stepsTaken += 1
      let warnings = physics.takeWarnings()
      guard warnings.isEmpty else {
        let divergence = Divergence(warnings: warnings, step: stepsTaken)
        stepsTaken = episodeLength
        return Step(observation: observation, reward: reward, isLast: true, divergence: divergence)
      }
      reward += rules.reward(physics)
    }
    observe()
    return Step(
      observation: observation, reward: reward, isLast: stepsTaken == episodeLength, divergence: nil)
  }

  private func begin() throws(ControlSuiteError) -> [Double] {
    try physics.settle()
    // A search for a start state may well go through states that are none.
    _ = physics.takeWarnings()
    stepsTaken = 0
    observe()
    return observation
  }

  private func observe() {
    // A new array each time: the last one may have been handed out.
    var next: [Double] = []
    next.reserveCapacity(observationSize)
    rules.observe(physics, into: &next)
    observation = next
  }

  private static func check(_ part: [Double], _ name: String, _ expected: Int) throws(ControlSuiteError) {
    guard part.count == expected else { throw .stateSize(part: name, expected: expected, found: part.count) }
  }
}
