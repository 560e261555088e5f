import PBTNAS

/// A pole on a cart, hanging at first: swing it up and keep it there.
struct Cartpole: ControlTask {
  static let definition = TaskDefinition(model: "cartpole.xml", timeLimit: 10) {
    physics throws(ControlSuiteError) in try Cartpole(physics)
  }

  private let slider: Int
  private let hinge: Int
  /// The first pole's body; the world and the cart come before.
  private let poles: Range<Int>

  init(_ physics: Physics) throws(ControlSuiteError) {
    slider = try physics.position(ofJoint: "slider")
    hinge = try physics.position(ofJoint: "hinge_1")
    poles = 2..<Int(physics.model.pointee.nbody)
  }

  func start(_ physics: Physics, _ generator: inout SeededGenerator) {
    physics.positions[slider] = 0.01 * generator.normal()
    physics.positions[hinge] = .pi + 0.01 * generator.normal()
    for velocity in physics.velocities.indices {
      physics.velocities[velocity] = 0.01 * generator.normal()
    }
  }

  func observe(_ physics: Physics, into observation: inout [Double]) {
    observation.append(physics.positions[slider])
    for pole in poles {
      let orientation = physics.orientation(ofBody: pole)
      observation.append(orientation[8])
      observation.append(orientation[2])
    }
    observation.append(contentsOf: physics.velocities)
  }

  func reward(_ physics: Physics) -> Double {
    let cosines = poles.reduce(0) { $0 + physics.orientation(ofBody: $1)[8] }
    let upright = (1 + cosines / Double(poles.count)) / 2
    let centered = (1 + Self.centered(physics.positions[slider])) / 2
    let slow = physics.velocities.dropFirst().reduce(1) { min($0, Self.slow($1)) }
    return upright * Tolerance.smallControl(physics) * (1 + slow) / 2 * centered
  }

  private static let centered = Tolerance(margin: 2)
  private static let slow = Tolerance(margin: 5)
}
