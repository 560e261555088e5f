import CMuJoCo
import Foundation
import PBTNAS

extension Physics {
  /// Draws a position for each joint: one with limits uniformly between them, a hinge without limits
  /// uniformly in [-pi, pi], a ball joint a rotation, a free joint an orientation, its place left as it is.
  ///
  /// An orientation is four *uniform* draws made a unit quaternion. Normal draws would cover the rotations
  /// evenly, but so it is in dm_control, and results stay comparable.
  func randomizeJoints(_ generator: inout SeededGenerator) {
    for joint in 0..<Int(model.pointee.njnt) {
      let position = data.pointee.qpos + Int(model.pointee.jnt_qposadr[joint])
      switch mjtJoint(UInt32(model.pointee.jnt_type[joint])) {
      case mjJNT_HINGE, mjJNT_SLIDE:
        if model.pointee.jnt_limited[joint] {
          position.pointee = generator.uniform(in: limits(ofJoint: joint))
        } else if model.pointee.jnt_type[joint] == Int32(mjJNT_HINGE.rawValue) {
          position.pointee = generator.uniform(in: -Double.pi...Double.pi)
        }
      case mjJNT_BALL:
        generator.rotation().enumerated().forEach { position[$0.offset] = $0.element }
      default:
        let quaternion = normalized((0..<4).map { _ in generator.uniform() })
        quaternion.enumerated().forEach { position[3 + $0.offset] = $0.element }
      }
    }
  }

  /// Draws by `draw` until nothing touches.
  func startWithoutContacts(
    attempts: Int = 100_000, _ draw: () throws(ControlSuiteError) -> Void
  ) throws(ControlSuiteError) {
    for _ in 0..<attempts {
      try draw()
      try settle()
      if contactCount == 0 { return }
    }
    throw .noFreeStart(attempts: attempts)
  }

  /// A joint's lowest and highest position.
  func limits(ofJoint joint: Int) -> ClosedRange<Double> {
    let range = model.pointee.jnt_range + 2 * joint
    return range[0]...max(range[0], range[1])
  }
}

extension SeededGenerator {
  /// A uniform draw between two numbers.
  mutating func uniform(in range: ClosedRange<Double>) -> Double {
    range.lowerBound + (range.upperBound - range.lowerBound) * uniform()
  }

  /// A unit quaternion, uniform over the rotations: four normal draws.
  mutating func rotation() -> [Double] {
    normalized((0..<4).map { _ in normal() })
  }
}

private func normalized(_ vector: [Double]) -> [Double] {
  let length = vector.reduce(0) { $0 + $1 * $1 }.squareRoot()
  return vector.map { $0 / length }
}
