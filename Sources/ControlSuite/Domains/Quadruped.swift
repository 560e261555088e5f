import CMuJoCo
import Foundation
import PBTNAS

/// Four legs of three actuators each, with position control.
struct Quadruped: ControlTask {
  private static let timeLimit = 20.0

  /// - Parameter speed: in m/s, above which the reward is full.
  static func definition(speed: Double) -> TaskDefinition {
    TaskDefinition(
      model: "quadruped.xml", edit: { model throws(ControlSuiteError) in try clear(model, speed: speed) },
      controlTimestep: 0.02, timeLimit: timeLimit, camera: 2
    ) { physics throws(ControlSuiteError) in try Quadruped(physics, speed: speed) }
  }

  /// Leaves the animal and a floor that it cannot leave at the desired speed; the file holds what other tasks
  /// need, too.
  private static func clear(_ model: ModelSpecification, speed: Double) throws(ControlSuiteError) {
    let size = timeLimit * speed
    try model.setSize(ofGeom: "floor", to: (size, size, 0.5))
    for wall in ["wall_px", "wall_py", "wall_nx", "wall_ny"] {
      try model.remove(mjOBJ_GEOM, named: wall)
    }
    try model.remove(mjOBJ_BODY, named: "ball")
    try model.remove(mjOBJ_SITE, named: "target")
    try model.remove(mjOBJ_GEOM, named: "terrain")
    try model.removeSensors(ofType: mjSENS_RANGEFINDER)
  }

  private let torso: Int
  private let root: Int
  private let hinges: [(position: Int, velocity: Int)]
  private let velocity: UnsafePointer<Double>
  private let inertial: [UnsafeBufferPointer<Double>]
  private let feet: [UnsafeBufferPointer<Double>]
  private let moving: Tolerance

  init(_ physics: Physics, speed: Double) throws(ControlSuiteError) {
    let model = physics.model.pointee
    torso = try physics.body("torso")
    root = try physics.position(ofJoint: "root")
    hinges = (0..<Int(model.njnt)).filter { model.jnt_type[$0] == Int32(mjJNT_HINGE.rawValue) }
      .map { (Int(model.jnt_qposadr[$0]), Int(model.jnt_dofadr[$0])) }
    velocity = try physics.sensor("velocimeter")
    inertial = physics.sensors(ofTypes: [mjSENS_GYRO, mjSENS_ACCELEROMETER])
    feet = physics.sensors(ofTypes: [mjSENS_FORCE, mjSENS_TORQUE])
    moving = Tolerance(speed...(.infinity), margin: speed, .linear, valueAtMargin: 0.5)
  }

  /// A random orientation, in the floor at first and raised by centimetres until nothing touches.
  func start(_ physics: Physics, _ generator: inout SeededGenerator) throws(ControlSuiteError) {
    let orientation = generator.rotation()
    let attempts = 10_000
    for attempt in 0..<attempts {
      try physics.reset()
      physics.positions[root] = 0
      physics.positions[root + 1] = 0
      physics.positions[root + 2] = 0.01 * Double(attempt)
      for (index, element) in orientation.enumerated() {
        physics.positions[root + 3 + index] = element
      }
      try physics.settle()
      if physics.contactCount == 0 { return }
    }
    throw .noFreeStart(attempts: attempts)
  }

  func observe(_ physics: Physics, into observation: inout [Double]) {
    for hinge in hinges { observation.append(physics.positions[hinge.position]) }
    for hinge in hinges { observation.append(physics.velocities[hinge.velocity]) }
    observation.append(contentsOf: physics.activations)
    observation.append(contentsOf: UnsafeBufferPointer(start: velocity, count: 3))
    observation.append(physics.orientation(ofBody: torso)[8])
    for sensor in inertial { observation.append(contentsOf: sensor) }
    for sensor in feet { observation.append(contentsOf: sensor.lazy.map(asinh)) }
  }

  func reward(_ physics: Physics) -> Double {
    Self.upright(physics.orientation(ofBody: torso)[8]) * moving(velocity[0])
  }

  private static let upright = Tolerance(1...(.infinity), margin: 2, .linear, valueAtMargin: 0)
}
