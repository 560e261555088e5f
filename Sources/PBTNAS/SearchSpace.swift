/// The ordered genes of a task's networks, and the hyperparameters that their training can be told.
public struct SearchSpace: Hashable, Sendable {
  /// The genes, in the order of a genome's choices.
  public let genes: [Gene]
  /// The names of the hyperparameters that can be searched, e.g. `learning_rate.generator`.
  public let hyperparameters: [String]

  /// Makes a search space.
  public init(genes: [Gene], hyperparameters: [String] = []) {
    self.genes = genes
    self.hyperparameters = hyperparameters
  }

  /// Checks that every gene and hyperparameter has a name of its own, that every gene has at least one
  /// option, that owned prefixes are names of modules or parameters, and that no two genes own the same
  /// layer, or one a part of the other's.
  ///
  /// - Throws: ``SearchSpaceError``, the first that is found.
  public func validate() throws(SearchSpaceError) {
    if genes.isEmpty { throw .noGenes }
    if let twice = firstDuplicate(hyperparameters) { throw .duplicateHyperparameter(twice) }
    var names: Set<String> = []
    var owners: [String: String] = [:]
    for gene in genes {
      if !names.insert(gene.name).inserted { throw .duplicateGene(gene.name) }
      if gene.options.isEmpty { throw .noOptions(gene: gene.name) }
      if let twice = firstDuplicate(gene.options) {
        throw .duplicateOption(gene: gene.name, option: twice)
      }
      for prefix in gene.owns {
        if !TensorName.isOwnable(prefix) { throw .badPrefix(prefix, gene: gene.name) }
        if let other = owners.updateValue(gene.name, forKey: prefix), other != gene.name {
          throw .sharedLayer(prefix: prefix, first: other, second: gene.name)
        }
      }
    }
    for (prefix, owner) in owners.sorted(by: { $0.key < $1.key }) {
      for outer in TensorName.enclosing(prefix) {
        if let other = owners[outer], other != owner {
          throw .sharedLayer(prefix: prefix, first: other, second: owner)
        }
      }
    }
  }

  /// The first name that is there already; nil if all differ.
  private func firstDuplicate(_ names: [String]) -> String? {
    var seen: Set<String> = []
    return names.first { !seen.insert($0).inserted }
  }

  /// Checks that a genome has one valid choice for every gene.
  public func check(_ genome: Genome) throws(SearchSpaceError) {
    guard genome.choices.count == genes.count else {
      throw .wrongLength(expected: genes.count, found: genome.choices.count)
    }
    for (gene, choice) in zip(genes, genome.choices) where !gene.options.indices.contains(choice) {
      throw .noSuchChoice(gene: gene.name, choice: choice, options: gene.options)
    }
  }
}

extension SearchSpace: Codable {
  private enum CodingKeys: String, CodingKey {
    case genes
    case hyperparameters
  }

  /// Reads a search space; `hyperparameters` may be left out.
  public init(from decoder: any Decoder) throws {
    let container = try decoder.container(keyedBy: CodingKeys.self)
    self.init(
      genes: try container.decode([Gene].self, forKey: .genes),
      hyperparameters: try container.decodeIfPresent([String].self, forKey: .hyperparameters) ?? [])
  }

  /// Writes a search space; `hyperparameters` are left out where there are none.
  public func encode(to encoder: any Encoder) throws {
    var container = encoder.container(keyedBy: CodingKeys.self)
    try container.encode(genes, forKey: .genes)
    if !hyperparameters.isEmpty { try container.encode(hyperparameters, forKey: .hyperparameters) }
  }
}

// MARK: Names

extension SearchSpace {
  /// Every gene's name with its option's name, in the order of the genes.
  public func optionNames(of genome: Genome) -> [(gene: String, option: String)] {
    zip(genes, genome.choices).map { gene, choice in
      (gene.name, gene.options.indices.contains(choice) ? gene.options[choice] : "?")
    }
  }

  /// The genome for a table: one character a gene, `0`...`9` and `a`...`z`, `+` beyond; the same length for
  /// all genomes.
  public func summary(of genome: Genome) -> String {
    genome.choices.map { (0..<36).contains($0) ? String($0, radix: 36) : "+" }.joined()
  }

  /// The genome in which every gene has the option of this name.
  ///
  /// - Throws: ``SearchSpaceError`` if a gene is missing or unknown, or an option is unknown.
  public func genome(named options: [String: String]) throws(SearchSpaceError) -> Genome {
    let known = Set(genes.map(\.name))
    if let unknown = options.keys.sorted().first(where: { !known.contains($0) }) {
      throw .unknownGene(unknown, known: genes.map(\.name))
    }
    let missing = genes.map(\.name).filter { options[$0] == nil }
    guard missing.isEmpty else { throw .missingGenes(missing) }
    var choices: [Int] = []
    for gene in genes {
      guard let name = options[gene.name] else { continue }
      guard let choice = gene.options.firstIndex(of: name) else {
        throw .noSuchOption(gene: gene.name, option: name, options: gene.options)
      }
      choices.append(choice)
    }
    return Genome(choices)
  }

  /// The indices of the genes whose layers own a parameter (by its own name, not an average's or an
  /// optimiser's).
  public func genes(owning parameter: String) -> [Int] {
    genes.indices.filter { index in
      genes[index].owns.contains { TensorName.prefix($0, covers: parameter) }
    }
  }
}

/// Why a search space or a genome cannot be used.
public enum SearchSpaceError: Error, Hashable, Sendable {
  /// There is nothing to search.
  case noGenes
  /// Two genes have one name.
  case duplicateGene(String)
  /// A gene without options.
  case noOptions(gene: String)
  /// A gene with two options of one name.
  case duplicateOption(gene: String, option: String)
  /// Two hyperparameters have one name.
  case duplicateHyperparameter(String)
  /// A gene owns what cannot be the start of a parameter's name.
  case badPrefix(String, gene: String)
  /// Two genes own the same layer.
  case sharedLayer(prefix: String, first: String, second: String)
  /// A genome for another number of genes.
  case wrongLength(expected: Int, found: Int)
  /// An option index that the gene does not have.
  case noSuchChoice(gene: String, choice: Int, options: [String])
  /// A gene name that the space does not have.
  case unknownGene(String, known: [String])
  /// Genes for which no option was given.
  case missingGenes([String])
  /// An option name that the gene does not have.
  case noSuchOption(gene: String, option: String, options: [String])
}

extension SearchSpaceError: CustomStringConvertible {
  /// What is wrong and what was expected, as a sentence.
  public var description: String {
    switch self {
    case .noGenes: "the search space has no genes; it needs at least one"
    case .duplicateGene(let name): "two genes are named `\(name)`; names must differ"
    case .noOptions(let gene): "gene `\(gene)` has no options; it needs at least one"
    case .duplicateOption(let gene, let option):
      "gene `\(gene)` has two options named `\(option)`; names must differ"
    case .duplicateHyperparameter(let name):
      "two hyperparameters are named `\(name)`; names must differ"
    case .badPrefix(let prefix, let gene):
      "gene `\(gene)` owns `\(prefix)`; expected the name of a module or parameter such as "
        + "`generator.cell1.c0`, without `average.` or `optimizer.` and without a dot at either end"
    case .sharedLayer(let prefix, let first, let second):
      "genes `\(first)` and `\(second)` both own `\(prefix)`; a layer belongs to one gene"
    case .wrongLength(let expected, let found):
      "the genome has \(found) choices, the search space \(expected) genes"
    case .noSuchChoice(let gene, let choice, let options):
      "gene `\(gene)` has no option \(choice); its options are 0...\(options.count - 1) "
        + "(\(options.joined(separator: ", ")))"
    case .unknownGene(let name, let known):
      "there is no gene `\(name)`; the genes are \(known.joined(separator: ", "))"
    case .missingGenes(let names):
      "no option is given for \(names.map { "`\($0)`" }.joined(separator: ", ")); every gene needs one"
    case .noSuchOption(let gene, let option, let options):
      "gene `\(gene)` has no option `\(option)`; its options are \(options.joined(separator: ", "))"
    }
  }
}
