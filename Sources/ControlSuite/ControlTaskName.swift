/// The tasks of the DeepMind Control Suite that are here, named `domain-task` with dm_control's own names.
public enum ControlTaskName: String, CaseIterable, Sendable, Codable {
  /// A ball on a string: catch it in the cup that the string hangs from.
  case ballInCupCatch = "ball_in_cup-catch"
  /// A pole on a cart: swing it up and keep it there.
  case cartpoleSwingup = "cartpole-swingup"
  /// A planar animal with two legs: run, at 10 m/s or more.
  case cheetahRun = "cheetah-run"
  /// A finger before a body on a hinge: keep the body spinning.
  case fingerSpin = "finger-spin"
  /// A finger before a body on a hinge: turn the body's tip into a target of 7 cm.
  case fingerTurnEasy = "finger-turn_easy"
  /// A finger before a body on a hinge: turn the body's tip into a target of 3 cm.
  case fingerTurnHard = "finger-turn_hard"
  /// A planar leg on one foot: hop forward.
  case hopperHop = "hopper-hop"
  /// A planar leg on one foot: stand.
  case hopperStand = "hopper-stand"
  /// A humanoid of 21 joints: run, at 10 m/s or more.
  case humanoidRun = "humanoid-run"
  /// A humanoid of 21 joints: stand still.
  case humanoidStand = "humanoid-stand"
  /// A humanoid of 21 joints: walk, at 1 m/s or more.
  case humanoidWalk = "humanoid-walk"
  /// Four legs: run, at 5 m/s or more.
  case quadrupedRun = "quadruped-run"
  /// Four legs: walk, at 0.5 m/s or more.
  case quadrupedWalk = "quadruped-walk"
  /// A planar arm of two links: bring its tip to a target of 5 cm.
  case reacherEasy = "reacher-easy"
  /// A planar arm of two links: bring its tip to a target of 1.5 cm.
  case reacherHard = "reacher-hard"
  /// A planar walker with two legs: run, at 8 m/s or more.
  case walkerRun = "walker-run"
  /// A planar walker with two legs: stand.
  case walkerStand = "walker-stand"
  /// A planar walker with two legs: walk, at 1 m/s or more.
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
