import PBTNAS

/// A humanoid of 21 joints.
struct Humanoid: ControlTask {
  /// - Parameter speed: in m/s, above which the reward is full; 0: to stand still.
  static func definition(speed: Double) -> TaskDefinition {
    TaskDefinition(
      model: "humanoid.xml",
      edit: { model throws(ControlSuiteError) in try model.removeSensors(otherThan: sensor) },
      controlTimestep: 0.025, timeLimit: 25
    ) { physics throws(ControlSuiteError) in try Humanoid(physics, speed: speed) }
  }

  private static let sensor = "torso_subtreelinvel"

  private let torso: Int
  private let head: Int
  private let extremities: [Int]
  private let velocity: UnsafePointer<Double>
  private let moving: Tolerance?

  init(_ physics: Physics, speed: Double) throws(ControlSuiteError) {
    torso = try physics.body("torso")
    head = try physics.body("head")
    extremities = [
      try physics.body("left_hand"), try physics.body("left_foot"),
      try physics.body("right_hand"), try physics.body("right_foot"),
    ]
    velocity = try physics.sensor(Self.sensor)
    moving = speed == 0 ? nil : Tolerance(speed...(.infinity), margin: speed, .linear, valueAtMargin: 0)
  }

  func start(_ physics: Physics, _ generator: inout SeededGenerator) throws(ControlSuiteError) {
    try physics.startWithoutContacts { physics.randomizeJoints(&generator) }
  }

  func observe(_ physics: Physics, into observation: inout [Double]) {
    // Where it is and how it is turned are the first 7.
    observation.append(contentsOf: physics.positions.dropFirst(7))
    observation.append(physics.origin(ofBody: head)[2])
    let origin = physics.origin(ofBody: torso)
    let frame = physics.orientation(ofBody: torso)
    for extremity in extremities {
      let place = physics.origin(ofBody: extremity)
      let (x, y, z) = (place[0] - origin[0], place[1] - origin[1], place[2] - origin[2])
      for axis in 0..<3 {
        observation.append(x * frame[axis] + y * frame[3 + axis] + z * frame[6 + axis])
      }
    }
    observation.append(contentsOf: UnsafeBufferPointer(start: frame + 6, count: 3))
    observation.append(contentsOf: UnsafeBufferPointer(start: velocity, count: 3))
    observation.append(contentsOf: physics.velocities)
  }

  func reward(_ physics: Physics) -> Double {
    let standing = Self.standing(physics.origin(ofBody: head)[2])
    let upright = Self.upright(physics.orientation(ofBody: torso)[8])
    let posture = Tolerance.smallControl(physics) * standing * upright
    guard let moving else {
      return posture * (Self.still(velocity[0]) + Self.still(velocity[1])) / 2
    }
    let speed = (velocity[0] * velocity[0] + velocity[1] * velocity[1]).squareRoot()
    return posture * (5 * moving(speed) + 1) / 6
  }

  /// The head's height in metres.
  private static let standing = Tolerance(1.4...(.infinity), margin: 0.35)
  private static let upright = Tolerance(0.9...(.infinity), margin: 1.9, .linear, valueAtMargin: 0)
  private static let still = Tolerance(margin: 2)
}
