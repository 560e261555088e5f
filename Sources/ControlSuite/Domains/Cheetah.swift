import PBTNAS

/// A planar animal with a front and a back leg, to run as fast as it can.
struct Cheetah: ControlTask {
  static let definition = TaskDefinition(model: "cheetah.xml", timeLimit: 10) {
    physics throws(ControlSuiteError) in try Cheetah(physics)
  }

  private let velocity: UnsafePointer<Double>

  init(_ physics: Physics) throws(ControlSuiteError) {
    velocity = try physics.sensor("torso_subtreelinvel")
  }

  /// Joints with limits anywhere between them, then two seconds in which it comes to rest.
  func start(_ physics: Physics, _ generator: inout SeededGenerator) throws(ControlSuiteError) {
    for joint in 0..<Int(physics.model.pointee.njnt) where physics.model.pointee.jnt_limited[joint] {
      physics.positions[Int(physics.model.pointee.jnt_qposadr[joint])] =
        generator.uniform(in: physics.limits(ofJoint: joint))
    }
    try physics.step(200)
    physics.data.pointee.time = 0
  }

  func observe(_ physics: Physics, into observation: inout [Double]) {
    // Without the place along the track.
    observation.append(contentsOf: physics.positions.dropFirst())
    observation.append(contentsOf: physics.velocities)
  }

  func reward(_ physics: Physics) -> Double { Self.running(velocity[0]) }

  private static let running = Tolerance(10...(.infinity), margin: 10, .linear, valueAtMargin: 0)
}
