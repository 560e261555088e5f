import PBTNAS

/// What makes a model a task: where an episode starts, what is observed of it, and what is rewarded. A
/// conforming value holds the addresses of what it reads, so that nothing is looked up by name during an
/// episode.
protocol ControlTask {
  /// Sets the position, and what else an episode starts with, by the generator's draws. Called after the
  /// model's own start state has been set; what follows from the position is computed after it.
  func start(_ physics: Physics, _ generator: inout SeededGenerator) throws(ControlSuiteError)

  /// Appends the observation of the current state.
  func observe(_ physics: Physics, into observation: inout [Double])

  /// The reward for the current state and the control that led to it, in [0, 1].
  func reward(_ physics: Physics) -> Double

  /// What an episode draws besides the physics' state: the target's place. Empty for most tasks.
  func goal(_ physics: Physics) -> [Double]

  /// Puts back what ``goal(_:)`` gave.
  func setGoal(_ goal: [Double], _ physics: Physics)
}

extension ControlTask {
  func goal(_ physics: Physics) -> [Double] { [] }
  func setGoal(_ goal: [Double], _ physics: Physics) {}
}

/// What has to be known to build a task.
struct TaskDefinition {
  /// The model's file.
  let model: String
  /// Changes the model before it is compiled.
  var edit: (@Sendable (ModelSpecification) throws(ControlSuiteError) -> Void)?
  /// Seconds between two actions; nil: one physics step.
  var controlTimestep: Double?
  /// Seconds in an episode.
  let timeLimit: Double
  /// The camera that looks at the task in published results from pixels, by its number.
  var camera = 0
  /// Looks up what the task reads. May change the model.
  let make: @Sendable (Physics) throws(ControlSuiteError) -> any ControlTask
}
