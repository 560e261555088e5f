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
