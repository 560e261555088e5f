/// What takes the place of a member: whom it comes from and how it differs.
public struct Offspring: Hashable, Sendable, Codable {
  /// How an offspring's weights come about.
  public enum Change: Hashable, Sendable, Codable {
    /// The donated genes' layers come from the donor, shrunk and perturbed.
    case mix
    /// A copy of the base.
    case copy
    /// A copy of the base with noise on some weights.
    case weightNoise
    /// A copy of the base in which one gene has another option, with a fresh layer.
    case freshLayer(gene: Int)
    /// All weights of the base shrunk and perturbed.
    case shrinkPerturbAll
  }

  /// The slot that it fills.
  public let member: Int
  /// The better parent, whose copy it starts as.
  public let base: Int
  /// The worse parent, which gives some layers; nil where there is none. The base itself where a network is
  /// shrunk towards a fresh one of its own genome.
  public let donor: Int?
  /// Its option of every gene.
  public let genome: Genome
  /// The genes whose option and layer come from the donor.
  public let donatedGenes: [Int]
  /// How its weights come about.
  public let change: Change
  /// The seed of the fresh network of its genome.
  public let freshSeed: UInt64
  /// The seed of weight noise.
  public let noiseSeed: UInt64
  /// Its values of the hyperparameters that are searched, by name.
  public internal(set) var hyperparameters: [String: Double] = [:]

  /// Describes an offspring that ``nextGeneration(after:_:fitness:hyperparameters:in:_:seed:)`` did not make.
  public init(
    member: Int, base: Int, donor: Int?, genome: Genome, donatedGenes: [Int], change: Change,
    freshSeed: UInt64, noiseSeed: UInt64, hyperparameters: [String: Double] = [:]
  ) {
    self.member = member
    self.base = base
    self.donor = donor
    self.genome = genome
    self.donatedGenes = donatedGenes
    self.change = change
    self.freshSeed = freshSeed
    self.noiseSeed = noiseSeed
    self.hyperparameters = hyperparameters
  }
}

extension Offspring {
  /// Reads an offspring; older records know no hyperparameters.
  public init(from decoder: any Decoder) throws {
    let container = try decoder.container(keyedBy: CodingKeys.self)
    self.init(
      member: try container.decode(Int.self, forKey: .member),
      base: try container.decode(Int.self, forKey: .base),
      donor: try container.decodeIfPresent(Int.self, forKey: .donor),
      genome: try container.decode(Genome.self, forKey: .genome),
      donatedGenes: try container.decode([Int].self, forKey: .donatedGenes),
      change: try container.decode(Change.self, forKey: .change),
      freshSeed: try container.decode(UInt64.self, forKey: .freshSeed),
      noiseSeed: try container.decode(UInt64.self, forKey: .noiseSeed),
      hyperparameters: try container.decodeIfPresent([String: Double].self, forKey: .hyperparameters) ?? [:])
  }
}

extension Offspring {
  /// The members that it comes from, the base first.
  public var parents: [Int] { [base] + (donor.map { [$0] } ?? []) }

  /// The offspring for a slot after an interval, with its seeds.
  init(
    of base: Int, donor: Int? = nil, filling member: Int, _ genome: Genome, donated: [Int] = [],
    _ change: Change, after interval: Int, _ seed: RunSeed
  ) {
    self.init(
      member: member, base: base, donor: donor, genome: genome, donatedGenes: donated, change: change,
      freshSeed: seed.seed(member: member, interval: interval, purpose: .freshWeights),
      noiseSeed: seed.seed(member: member, interval: interval, purpose: .noise))
  }
}
