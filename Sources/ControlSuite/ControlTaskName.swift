/// The tasks of the DeepMind Control Suite that are here, named `domain-task` with dm_control's own names.
public enum ControlTaskName: String, CaseIterable, Sendable, Codable {
  case ballInCupCatch = "ball_in_cup-catch"
  case cartpoleSwingup = "cartpole-swingup"
  case cheetahRun = "cheetah-run"
  case fingerSpin = "finger-spin"
  case fingerTurnEasy = "finger-turn_easy"
  case fingerTurnHard = "finger-turn_hard"
  case hopperHop = "hopper-hop"
  case hopperStand = "hopper-stand"
  case humanoidRun = "humanoid-run"
  case humanoidStand = "humanoid-stand"
  case humanoidWalk = "humanoid-walk"
  case quadrupedRun = "quadruped-run"
  case quadrupedWalk = "quadruped-walk"
  case reacherEasy = "reacher-easy"
  case reacherHard = "reacher-hard"
  case walkerRun = "walker-run"
  case walkerStand = "walker-stand"
  case walkerWalk = "walker-walk"

  /// The control steps of an episode, which all of these tasks have in common.
  public static let episodeLength = 1000

  /// The task with a name such as `walker-run`.
  ///
  /// - Throws: ``ControlSuiteError/unknownTask(_:)``, whose sentence lists the known ones.
  public init(parsing name: String) throws(ControlSuiteError) {
    guard let task = Self(rawValue: name) else { throw .unknownTask(name) }
    self = task
  }

  var definition: TaskDefinition {
    switch self {
    case .ballInCupCatch: BallInCup.definition
    case .cartpoleSwingup: Cartpole.definition
    case .cheetahRun: Cheetah.definition
    case .fingerSpin: FingerSpin.definition
    case .fingerTurnEasy: FingerTurn.definition(targetRadius: 0.07)
    case .fingerTurnHard: FingerTurn.definition(targetRadius: 0.03)
    case .hopperHop: Hopper.definition(isHopping: true)
    case .hopperStand: Hopper.definition(isHopping: false)
    case .humanoidRun: Humanoid.definition(speed: 10)
    case .humanoidStand: Humanoid.definition(speed: 0)
    case .humanoidWalk: Humanoid.definition(speed: 1)
    case .quadrupedRun: Quadruped.definition(speed: 5)
    case .quadrupedWalk: Quadruped.definition(speed: 0.5)
    case .reacherEasy: Reacher.definition(targetRadius: 0.05)
    case .reacherHard: Reacher.definition(targetRadius: 0.015)
    case .walkerRun: Walker.definition(speed: 8)
    case .walkerStand: Walker.definition(speed: 0)
    case .walkerWalk: Walker.definition(speed: 1)
    }
  }
}

extension ControlTaskName: CustomStringConvertible {
  /// The name, as `walker-run`.
  public var description: String { rawValue }
}
