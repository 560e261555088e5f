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
}

/// What changes between two intervals.
public struct Generation: Hashable, Sendable, Codable {
  /// The ranking with who goes and who stays; nil where the strategy does not select or the gate is closed.
  public let selection: Selection?
  /// The members that are replaced, by member number.
  public let offspring: [Offspring]

  /// Nothing changes.
  static let unchanged = Generation(selection: nil, offspring: [])
}

/// Steps 3 and 4 of the method, or of a baseline: who is dropped after an interval, and what comes instead.
/// Source: Chebykin et al. 2023, arXiv 2307.15621.
///
/// After the last interval nothing changes. The gate holds for the strategies that select; random search with
/// shrink-perturb acts after each interval, on the members that did not fail or diverge.
///
/// - Parameters:
///   - interval: the one that has ended, counted from 1.
///   - population: every member's genome.
///   - fitness: every member's fitness; NaN for a member that diverged or failed.
///   - settings: settings without ``MethodSettings/problems(searchSpace:)``.
/// - Throws: ``MethodError`` if fewer than two members are finite, whatever the strategy: the run is to end.
public func nextGeneration(
  after interval: Int, _ population: [Genome], fitness: [Double], in space: SearchSpace,
  _ settings: MethodSettings, seed: RunSeed
) throws(MethodError) -> Generation {
  guard interval < settings.intervals else { return .unchanged }
  let selection = try select(fitness, settings)
  switch settings.strategy {
  case .randomSearch:
    return .unchanged
  case .randomSearchShrinkPerturb:
    let members = population.indices.filter { fitness[$0].isFinite }
    return Generation(
      selection: nil,
      offspring: members.map { member in
        offspring(
          of: member, donor: member, filling: member, population[member], .shrinkPerturbAll, interval, seed)
      })
  case .pbtNAS, .noMixing, .mutation:
    guard settings.gate.isOpen(after: interval) else { return .unchanged }
    let offspring = selection.dropped.map { member in
      switch settings.strategy {
      case .mutation: mutate(selection.parents, filling: member, population, in: space, interval, seed)
      default: mix(selection.parents, filling: member, population, settings, interval, seed)
      }
    }
    return Generation(selection: selection, offspring: offspring)
  }
}

/// Mixing (method, step 4): draws two parents; the better is copied; each gene comes from the worse with
/// probability p. Without mixing, one parent is drawn and plays both parts.
private func mix(
  _ parents: [Int], filling member: Int, _ population: [Genome], _ settings: MethodSettings, _ interval: Int,
  _ seed: RunSeed
) -> Offspring {
  var random = seed.generator(member: member, interval: interval, purpose: .parents)
  let better: Int
  let worse: Int
  if settings.strategy == .noMixing {
    better = random.below(parents.count)
    worse = better
  } else {
    (better, worse) = twoDistinct(below: parents.count, &random)
  }
  let (base, donor) = (parents[better], parents[worse])
  random = seed.generator(member: member, interval: interval, purpose: .mixing)
  var genome = population[base]
  var donated: [Int] = []
  for gene in genome.choices.indices where random.uniform() < settings.mixProbability {
    genome.choices[gene] = population[donor].choices[gene]
    donated.append(gene)
  }
  return offspring(
    of: base, donor: donor, filling: member, genome, donated: donated, .mix, interval, seed)
}

/// Mutation PBT: copies one parent and does nothing, adds weight noise, or changes one gene, each with
/// probability 1/3.
private func mutate(
  _ parents: [Int], filling member: Int, _ population: [Genome], in space: SearchSpace, _ interval: Int,
  _ seed: RunSeed
) -> Offspring {
  var random = seed.generator(member: member, interval: interval, purpose: .parents)
  let base = parents[random.below(parents.count)]
  random = seed.generator(member: member, interval: interval, purpose: .mutation)
  var genome = population[base]
  let change: Offspring.Change
  switch random.below(3) {
  case 0:
    change = .copy
  case 1:
    change = .weightNoise
  default:
    let changeable = space.genes.indices.filter { space.genes[$0].options.count > 1 }
    if changeable.isEmpty {
      change = .copy
    } else {
      let gene = changeable[random.below(changeable.count)]
      let other = random.below(space.genes[gene].options.count - 1)
      genome.choices[gene] = other < genome.choices[gene] ? other : other + 1
      change = .freshLayer(gene: gene)
    }
  }
  return offspring(of: base, filling: member, genome, change, interval, seed)
}

/// Two different numbers from 0..<count, the smaller first.
private func twoDistinct(below count: Int, _ random: inout SeededGenerator) -> (Int, Int) {
  let first = random.below(count)
  let other = random.below(count - 1)
  let second = other < first ? other : other + 1
  return (min(first, second), max(first, second))
}

private func offspring(
  of base: Int, donor: Int? = nil, filling member: Int, _ genome: Genome, donated: [Int] = [],
  _ change: Offspring.Change, _ interval: Int, _ seed: RunSeed
) -> Offspring {
  Offspring(
    member: member, base: base, donor: donor, genome: genome, donatedGenes: donated, change: change,
    freshSeed: seed.seed(member: member, interval: interval, purpose: .freshWeights),
    noiseSeed: seed.seed(member: member, interval: interval, purpose: .noise))
}
