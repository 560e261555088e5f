/// What a random draw is for. The raw values enter the seeds: never change one.
public enum Purpose: UInt64, Sendable, CaseIterable, Codable {
  /// Dealing out the first genomes.
  case initialGenomes = 1
  /// The first networks' weights.
  case initialWeights = 2
  /// Training: batches, latents, dropout.
  case training = 3
  /// Evaluation: a search uses the same draws for all members and intervals; soups and held-out evaluations
  /// have their own.
  case evaluation = 4
  /// Choosing parents.
  case parents = 5
  /// Choosing the genes that the donor gives.
  case mixing = 6
  /// The fresh network whose weights perturb an offspring's donated layers.
  case freshWeights = 7
  /// Mutation PBT's choice of what to change.
  case mutation = 8
  /// Mutation PBT's weight noise.
  case noise = 9
  /// A member's first hyperparameters.
  case initialHyperparameters = 10
  /// An offspring's hyperparameters.
  case exploration = 11
}

/// A run's seed, from which the seed of every random draw follows by its place alone: which worker runs a
/// member, in what order or after how many restarts changes nothing.
public struct RunSeed: Hashable, Sendable, Codable {
  /// What the user gave.
  public let value: UInt64

  /// Wraps the user's number.
  public init(_ value: UInt64) {
    self.value = value
  }

  /// The seed for a member in an interval, for a purpose; below 2^53, so that every JSON reader keeps it
  /// exact.
  public func seed(member: Int, interval: Int, purpose: Purpose) -> UInt64 {
    let parts = [
      value, UInt64(bitPattern: Int64(member)), UInt64(bitPattern: Int64(interval)), purpose.rawValue,
    ]
    let hash = parts.reduce(0x5042_544E_4153_0001) { SeededGenerator.mix($0 &* 0x9E37_79B9_7F4A_7C15 &+ $1) }
    return hash >> 11
  }

  /// A generator for a member in an interval, for a purpose.
  public func generator(member: Int, interval: Int, purpose: Purpose) -> SeededGenerator {
    SeededGenerator(seed: seed(member: member, interval: interval, purpose: purpose))
  }
}
