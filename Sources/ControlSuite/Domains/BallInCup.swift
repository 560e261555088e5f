import PBTNAS

/// A ball on a string, to be caught in the cup that the string hangs from.
struct BallInCup: ControlTask {
  static let definition = TaskDefinition(model: "ball_in_cup.xml", controlTimestep: 0.02, timeLimit: 20) {
    physics throws(ControlSuiteError) in try BallInCup(physics)
  }

  private let ball: Int
  private let target: Int
  private let ballPosition: (x: Int, z: Int)
  /// How far the ball's middle may be from the target's, in x and z.
  private let room: (x: Double, z: Double)

  init(_ physics: Physics) throws(ControlSuiteError) {
    ball = try physics.body("ball")
    target = try physics.site("target")
    ballPosition = (try physics.position(ofJoint: "ball_x"), try physics.position(ofJoint: "ball_z"))
    let size = physics.model.pointee.site_size + 3 * target
    let radius = physics.model.pointee.geom_size[3 * (try physics.geom("ball"))]
    room = (size[0] - radius, size[2] - radius)
  }

  func start(_ physics: Physics, _ generator: inout SeededGenerator) throws(ControlSuiteError) {
    try physics.startWithoutContacts {
      physics.positions[ballPosition.x] = generator.uniform(in: -0.2...0.2)
      physics.positions[ballPosition.z] = generator.uniform(in: 0.2...0.5)
    }
  }

  func observe(_ physics: Physics, into observation: inout [Double]) {
    observation.append(contentsOf: physics.positions)
    observation.append(contentsOf: physics.velocities)
  }

  func reward(_ physics: Physics) -> Double {
    let center = physics.data.pointee.site_xpos + 3 * target
    let place = physics.origin(ofBody: ball)
    return abs(center[0] - place[0]) < room.x && abs(center[2] - place[2]) < room.z ? 1 : 0
  }
}
