import PBTNAS

/// A planar walker: two legs, each with hip, knee and ankle.
struct Walker: ControlTask {
  /// - Parameter speed: in m/s, above which the reward is full; 0: to stand is enough.
  static func definition(speed: Double) -> TaskDefinition {
    TaskDefinition(
      model: "walker.xml",
      // Its parts pass through each other.
      edit: { model throws(ControlSuiteError) in try model.collide(onlyWith: "floor") },
      controlTimestep: 0.025, timeLimit: 25
    ) { physics throws(ControlSuiteError) in try Walker(physics, speed: speed) }
  }

  private let torso: Int
  private let velocity: UnsafePointer<Double>
  private let moving: Tolerance?

  init(_ physics: Physics, speed: Double) throws(ControlSuiteError) {
    torso = try physics.body("torso")
    velocity = try physics.sensor("torso_subtreelinvel")
    moving = speed == 0 ? nil : Tolerance(speed...(.infinity), margin: speed / 2, .linear, valueAtMargin: 0.5)
  }

  func start(_ physics: Physics, _ generator: inout SeededGenerator) {
    physics.randomizeJoints(&generator)
  }

  func observe(_ physics: Physics, into observation: inout [Double]) {
    for body in 1..<Int(physics.model.pointee.nbody) {
      let orientation = physics.orientation(ofBody: body)
      observation.append(orientation[0])
      observation.append(orientation[2])
    }
    observation.append(physics.origin(ofBody: torso)[2])
    observation.append(contentsOf: physics.velocities)
  }

  func reward(_ physics: Physics) -> Double {
    let upright = (1 + physics.orientation(ofBody: torso)[8]) / 2
    let stand = (3 * Self.standing(physics.origin(ofBody: torso)[2]) + upright) / 4
    guard let moving else { return stand }
    return stand * (5 * moving(velocity[0]) + 1) / 6
  }

  /// The torso's height in metres.
  private static let standing = Tolerance(1.2...(.infinity), margin: 0.6)
}
