/// Mixing (method, step 4): draws two parents; the better is copied; each gene comes from the worse with
/// probability p. Without mixing, one parent is drawn and plays both parts.
func mix(
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
  return Offspring(
    of: base, donor: donor, filling: member, genome, donated: donated, .mix, after: interval, seed)
}

/// Two different numbers from 0..<count, the smaller first.
func twoDistinct(
  below count: Int, _ random: inout SeededGenerator
) -> (smaller: Int, larger: Int) {
  let first = random.below(count)
  let other = random.below(count - 1)
  let second = other < first ? other : other + 1
  return (min(first, second), max(first, second))
}
