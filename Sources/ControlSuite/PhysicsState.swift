/// A state that an episode can start from.
public struct PhysicsState: Hashable, Sendable, Codable {
  /// Generalized positions (MuJoCo's `qpos`), in metres, radians and quaternions.
  public var positions: [Double]
  /// Generalized velocities (`qvel`).
  public var velocities: [Double]
  /// The actuators' own states (`act`); empty where they have none.
  public var activations: [Double]
  /// What a task draws besides: the target's place, in metres. Empty for most tasks.
  public var goal: [Double]

  /// Puts a state together.
  public init(positions: [Double], velocities: [Double], activations: [Double] = [], goal: [Double] = []) {
    self.positions = positions
    self.velocities = velocities
    self.activations = activations
    self.goal = goal
  }
}
