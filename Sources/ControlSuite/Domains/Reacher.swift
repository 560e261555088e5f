import Foundation
import PBTNAS

/// A planar arm of two links, to bring its tip to a target that stands elsewhere in every episode.
struct Reacher: ControlTask {
  /// - Parameter targetRadius: in metres.
  static func definition(targetRadius: Double) -> TaskDefinition {
    TaskDefinition(model: "reacher.xml", timeLimit: 20) {
      physics throws(ControlSuiteError) in try Reacher(physics, targetRadius: targetRadius)
    }
  }

  private let target: Int
  private let finger: Int
  private let reached: Tolerance

  init(_ physics: Physics, targetRadius: Double) throws(ControlSuiteError) {
    target = try physics.geom("target")
    finger = try physics.geom("finger")
    let sizes = physics.model.pointee.geom_size!
    sizes[3 * target] = targetRadius
    reached = Tolerance(0...(targetRadius + sizes[3 * finger]))
  }

  func start(_ physics: Physics, _ generator: inout SeededGenerator) {
    physics.randomizeJoints(&generator)
    let angle = generator.uniform(in: 0...(2 * .pi))
    let radius = generator.uniform(in: 0.05...0.20)
    setGoal([radius * sin(angle), radius * cos(angle)], physics)
  }

  func goal(_ physics: Physics) -> [Double] {
    let place = physics.model.pointee.geom_pos + 3 * target
    return [place[0], place[1]]
  }

  func setGoal(_ goal: [Double], _ physics: Physics) {
    let place = physics.model.pointee.geom_pos + 3 * target
    place[0] = goal[0]
    place[1] = goal[1]
  }

  func observe(_ physics: Physics, into observation: inout [Double]) {
    let (x, y) = toTarget(physics)
    observation.append(contentsOf: physics.positions)
    observation.append(x)
    observation.append(y)
    observation.append(contentsOf: physics.velocities)
  }

  func reward(_ physics: Physics) -> Double {
    let (x, y) = toTarget(physics)
    return reached((x * x + y * y).squareRoot())
  }

  private func toTarget(_ physics: Physics) -> (Double, Double) {
    let places = physics.data.pointee.geom_xpos!
    return (places[3 * target] - places[3 * finger], places[3 * target + 1] - places[3 * finger + 1])
  }
}
