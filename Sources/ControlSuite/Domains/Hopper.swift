import Foundation
import PBTNAS

/// A planar leg on one foot, to stand or to hop forward.
struct Hopper: ControlTask {
  static func definition(isHopping: Bool) -> TaskDefinition {
    TaskDefinition(model: "hopper.xml", controlTimestep: 0.02, timeLimit: 20) {
      physics throws(ControlSuiteError) in try Hopper(physics, isHopping: isHopping)
    }
  }

  private let isHopping: Bool
  private let torso: Int
  private let foot: Int
  private let velocity: UnsafePointer<Double>
  private let touch: [UnsafePointer<Double>]

  init(_ physics: Physics, isHopping: Bool) throws(ControlSuiteError) {
    self.isHopping = isHopping
    torso = try physics.body("torso")
    foot = try physics.body("foot")
    velocity = try physics.sensor("torso_subtreelinvel")
    touch = [try physics.sensor("touch_toe"), try physics.sensor("touch_heel")]
  }

  func start(_ physics: Physics, _ generator: inout SeededGenerator) {
    physics.randomizeJoints(&generator)
  }

  func observe(_ physics: Physics, into observation: inout [Double]) {
    // Without the place along the track.
    observation.append(contentsOf: physics.positions.dropFirst())
    observation.append(contentsOf: physics.velocities)
    for sensor in touch { observation.append(log1p(sensor.pointee)) }
  }

  func reward(_ physics: Physics) -> Double {
    let centers = physics.data.pointee.xipos!
    let standing = Self.standing(centers[3 * torso + 2] - centers[3 * foot + 2])
    return standing * (isHopping ? Self.hopping(velocity[0]) : Tolerance.smallControl(physics))
  }

  /// How far the torso's centre of mass is above the foot's, in metres.
  private static let standing = Tolerance(0.6...2)
  private static let hopping = Tolerance(2...(.infinity), margin: 1, .linear, valueAtMargin: 0.5)
}
