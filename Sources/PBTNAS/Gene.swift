/// One architectural decision: a position in the network and the options it may take.
public struct Gene: Hashable, Sendable, Codable {
  /// The gene's name, unique in its search space, e.g. `cell1.c0`.
  public let name: String
  /// The options' names, e.g. `["none", "skip_connect", "conv_3x3"]`. A genome stores an index into them.
  public let options: [String]
  /// Prefixes of the parameter names that the gene's layer owns, e.g. `["generator.cell1.c0"]`. A prefix
  /// matches whole components of a name: `a.c1` owns `a.c1.weight` and not `a.c10.weight`.
  /// Empty for a gene without weights: then only the option moves.
  public let owns: [String]

  /// Makes a gene.
  public init(name: String, options: [String], owns: [String]) {
    self.name = name
    self.options = options
    self.owns = owns
  }
}
