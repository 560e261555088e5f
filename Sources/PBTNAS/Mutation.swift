/// Mutation PBT: copies one parent and does nothing, adds weight noise, or changes one gene, each with
/// probability 1/3.
///
/// - Parameter parents: the best first.
func mutate(
  _ parents: [Int], filling member: Int, _ population: [Genome], in space: SearchSpace,
  _ settings: MethodSettings, _ interval: Int, _ seed: RunSeed
) -> Offspring {
  var random = seed.generator(member: member, interval: interval, purpose: .parents)
  let base =
    switch settings.mutationParent {
    case .uniform: parents[random.below(parents.count)]
    case .tournament: parents[twoDistinct(below: parents.count, &random).smaller]
    }
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
  return Offspring(of: base, filling: member, genome, change, after: interval, seed)
}
