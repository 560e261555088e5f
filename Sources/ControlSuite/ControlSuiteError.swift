import Spelling

/// Why an environment cannot be made, or cannot go on.
public enum ControlSuiteError: Error, Hashable, Sendable {
  /// No task has this name.
  case unknownTask(String)
  /// The task's model has no such camera; the known ones are in the order of their numbers.
  case unknownCamera(String, known: [String])
  /// A file of the models cannot be read.
  case unreadableModel(path: String, reason: String)
  /// MuJoCo does not accept a model.
  case badModel(path: String, reason: String)
  /// A model lacks something that the task reads.
  case missingElement(kind: String, name: String, model: String)
  /// An action has the wrong number of elements.
  case actionSize(expected: Int, found: Int)
  /// An element of an action is not a finite number.
  case actionNotFinite(index: Int, value: Double)
  /// An action cannot be repeated less than once.
  case repeatCount(Int)
  /// A part of a state has the wrong number of elements.
  case stateSize(part: String, expected: Int, found: Int)
  /// A step was asked for after an episode's end, or before the first one's start.
  case noEpisode
  /// No start state was found that is free of collisions.
  case noFreeStart(attempts: Int)
  /// MuJoCo gave up on a computation.
  case simulator(String)
  /// There is no OpenGL without a screen on this system.
  case noOffscreenOpenGL(String)
  /// A setting of the drawing is out of range.
  case pixelSetting(name: String, value: Int, expected: ClosedRange<Int>)
}

extension ControlSuiteError: CustomStringConvertible {
  /// What is wrong, what was expected and how to mend it, as a sentence.
  public var description: String {
    switch self {
    case .unknownTask(let name):
      "there is no task `\(name)`\(suggestion(for: name, among: ControlTaskName.allCases.map(\.rawValue))); "
        + "known tasks: \(ControlTaskName.allCases.map(\.rawValue).joined(separator: ", "))"
    case .unknownCamera(let name, let known):
      "the model has no camera `\(name)`; it has "
        + known.enumerated().map { "\($0.offset) (`\($0.element)`)" }.joined(separator: ", ")
    case .unreadableModel(let path, let reason):
      "the model file \(path) cannot be read: \(reason). scripts/setup puts the models into .deps/data/dm_control"
    case .badModel(let path, let reason):
      "\(path) is not a model that can be used: \(reason). scripts/setup puts the right one into .deps/data/dm_control"
    case .missingElement(let kind, let name, let model):
      "\(model) has no \(kind) `\(name)`, which the task reads; expected the file that scripts/setup puts into "
        + ".deps/data/dm_control"
    case .actionSize(let expected, let found):
      "the action has \(found) elements; the task takes \(expected)"
    case .actionNotFinite(let index, let value):
      "element \(index) of the action is \(value); expected a finite number, by convention in [-1, 1]"
    case .repeatCount(let count):
      "an action cannot be repeated \(count) times; expected 1 or more"
    case .stateSize(let part, let expected, let found):
      "the state has \(found) \(part); the task's model has \(expected)"
    case .noEpisode:
      "there is no episode to take a step in: it is over, or none was started; call `reset` first"
    case .noFreeStart(let attempts):
      "no start state without collisions was found in \(attempts) attempts; are the models those of scripts/setup?"
    case .simulator(let message):
      "MuJoCo cannot go on: \(message)"
    case .noOffscreenOpenGL(let reason):
      "pictures cannot be drawn on this system: \(reason). On Debian and Ubuntu the packages libegl1 and "
        + "libgl1-mesa-dri draw without a screen and without a GPU; scripts/setup installs them. "
        + "Observations of the state need none of this"
    case .pixelSetting(let name, let value, let expected):
      "the picture's `\(name)` is \(value); expected \(expected.lowerBound) to \(expected.upperBound)"
    }
  }
}
