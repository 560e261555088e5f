/// Deals out the first genomes (method, step 1): per gene, every option goes to floor(size / options)
/// members, the rest is drawn uniformly, and the whole is shuffled. So no option is missing at the start by
/// bad luck.
///
/// - Throws: ``SearchSpaceError`` if the space is not valid.
public func initialPopulation(
  _ space: SearchSpace, size: Int, seed: RunSeed
) throws(SearchSpaceError) -> [Genome] {
  try space.validate()
  let columns = space.genes.indices.map { gene in
    let options = space.genes[gene].options.count
    var random = seed.generator(member: gene, interval: 0, purpose: .initialGenomes)
    var column = (0..<size / options * options).map { $0 % options }
    while column.count < size { column.append(random.below(options)) }
    random.shuffle(&column)
    return column
  }
  return (0..<size).map { member in Genome(columns.map { $0[member] }) }
}

/// The first genomes of a search: all alike with the strategy ``Strategy/pbt``, otherwise dealt out by
/// ``initialPopulation(_:size:seed:)``.
///
/// - Throws: ``SearchSpaceError`` if the space is not valid, or the settings' genome is not of it.
public func initialPopulation(
  _ space: SearchSpace, _ settings: MethodSettings, seed: RunSeed
) throws(SearchSpaceError) -> [Genome] {
  let size = settings.populationSize
  guard settings.strategy == .pbt else { return try initialPopulation(space, size: size, seed: seed) }
  if let options = settings.genome {
    try space.validate()
    return Array(repeating: try space.genome(named: options), count: size)
  }
  return try initialPopulation(space, size: 1, seed: seed).flatMap { Array(repeating: $0, count: size) }
}
