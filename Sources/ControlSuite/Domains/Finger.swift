import CMuJoCo
import Foundation
import PBTNAS

/// A finger of two joints before a body that turns on an unactuated hinge: what both tasks observe.
struct Finger {
  private let angles: [UnsafePointer<Double>]
  private let velocities: [UnsafePointer<Double>]
  private let touch: [UnsafePointer<Double>]
  private let tip: UnsafePointer<Double>
  private let target: UnsafePointer<Double>
  private let spinner: UnsafePointer<Double>

  init(_ physics: Physics) throws(ControlSuiteError) {
    angles = [try physics.sensor("proximal"), try physics.sensor("distal")]
    velocities = [
      try physics.sensor("proximal_velocity"), try physics.sensor("distal_velocity"),
      try physics.sensor("hinge_velocity"),
    ]
    touch = [try physics.sensor("touchtop"), try physics.sensor("touchbottom")]
    tip = try physics.sensor("tip")
    target = try physics.sensor("target")
    spinner = try physics.sensor("spinner")
  }

  /// How fast the body turns, in rad/s.
  var hingeVelocity: Double { velocities[2].pointee }

  /// The body's tip in x and z, relative to the hinge.
  var tipPosition: (x: Double, z: Double) { (tip[0] - spinner[0], tip[2] - spinner[2]) }

  /// The target in x and z, relative to the hinge.
  var targetPosition: (x: Double, z: Double) { (target[0] - spinner[0], target[2] - spinner[2]) }

  func observe(into observation: inout [Double]) {
    for angle in angles { observation.append(angle.pointee) }
    let tip = tipPosition
    observation.append(tip.x)
    observation.append(tip.z)
    for velocity in velocities { observation.append(velocity.pointee) }
    for sensor in touch { observation.append(log1p(sensor.pointee)) }
  }

  static func start(_ physics: Physics, _ generator: inout SeededGenerator) throws(ControlSuiteError) {
    try physics.startWithoutContacts(attempts: 1000) { physics.randomizeJoints(&generator) }
  }
}

/// To keep the body spinning.
struct FingerSpin: ControlTask {
  static let definition = TaskDefinition(model: "finger.xml", controlTimestep: 0.02, timeLimit: 20) {
    physics throws(ControlSuiteError) in try FingerSpin(physics)
  }

  private let finger: Finger

  init(_ physics: Physics) throws(ControlSuiteError) {
    finger = try Finger(physics)
    let model = physics.model.pointee
    // There is no target to be seen, and the body turns more easily.
    model.site_rgba[4 * (try physics.site("target")) + 3] = 0
    model.site_rgba[4 * (try physics.site("tip")) + 3] = 0
    model.dof_damping[Int(model.jnt_dofadr[try physics.id(mjOBJ_JOINT, "hinge")])] = 0.03
  }

  func start(_ physics: Physics, _ generator: inout SeededGenerator) throws(ControlSuiteError) {
    try Finger.start(physics, &generator)
  }

  func observe(_ physics: Physics, into observation: inout [Double]) {
    finger.observe(into: &observation)
  }

  func reward(_ physics: Physics) -> Double { finger.hingeVelocity <= -15 ? 1 : 0 }
}

/// To turn the body's tip into a target.
struct FingerTurn: ControlTask {
  /// - Parameter targetRadius: in metres.
  static func definition(targetRadius: Double) -> TaskDefinition {
    TaskDefinition(model: "finger.xml", controlTimestep: 0.02, timeLimit: 20) {
      physics throws(ControlSuiteError) in try FingerTurn(physics, targetRadius: targetRadius)
    }
  }

  private let finger: Finger
  private let hinge: Int
  private let target: Int
  private let targetRadius: Double
  /// From the hinge to the tip.
  private let length: Double

  init(_ physics: Physics, targetRadius: Double) throws(ControlSuiteError) {
    finger = try Finger(physics)
    hinge = try physics.id(mjOBJ_JOINT, "hinge")
    target = try physics.site("target")
    self.targetRadius = targetRadius
    let model = physics.model.pointee
    model.site_size[3 * target] = targetRadius
    let cap = model.geom_size + 3 * (try physics.geom("cap1"))
    length = cap[0] + cap[1] + cap[2]
  }

  func start(_ physics: Physics, _ generator: inout SeededGenerator) throws(ControlSuiteError) {
    let angle = generator.uniform(in: -Double.pi...Double.pi)
    let anchor = physics.data.pointee.xanchor + 3 * hinge
    setGoal([anchor[0] + length * sin(angle), anchor[2] + length * cos(angle)], physics)
    try Finger.start(physics, &generator)
  }

  func goal(_ physics: Physics) -> [Double] {
    let place = physics.model.pointee.site_pos + 3 * target
    return [place[0], place[2]]
  }

  func setGoal(_ goal: [Double], _ physics: Physics) {
    let place = physics.model.pointee.site_pos + 3 * target
    place[0] = goal[0]
    place[2] = goal[1]
  }

  func observe(_ physics: Physics, into observation: inout [Double]) {
    finger.observe(into: &observation)
    let target = finger.targetPosition
    observation.append(target.x)
    observation.append(target.z)
    observation.append(distance)
  }

  func reward(_ physics: Physics) -> Double { distance <= 0 ? 1 : 0 }

  /// From the tip to the target's surface; negative inside.
  private var distance: Double {
    let (tip, target) = (finger.tipPosition, finger.targetPosition)
    let (x, z) = (target.x - tip.x, target.z - tip.z)
    return (x * x + z * z).squareRoot() - targetRadius
  }
}
