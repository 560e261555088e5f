/// One option index per gene, in the order of the search space's genes.
public struct Genome: Hashable, Sendable {
  /// The index of each gene's option.
  public var choices: [Int]

  /// Makes a genome from its option indices.
  public init(_ choices: [Int]) {
    self.choices = choices
  }
}

extension Genome: Codable {
  /// Reads the plain array of option indices.
  public init(from decoder: any Decoder) throws {
    self.init(try decoder.singleValueContainer().decode([Int].self))
  }

  /// Writes the plain array of option indices.
  public func encode(to encoder: any Encoder) throws {
    var container = encoder.singleValueContainer()
    try container.encode(choices)
  }
}
