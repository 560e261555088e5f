/// The ordered genes of a task's networks.
public struct SearchSpace: Hashable, Sendable, Codable {
  /// The genes, in the order of a genome's choices.
  public let genes: [Gene]

  /// Makes a search space.
  public init(genes: [Gene]) {
    self.genes = genes
  }
}
