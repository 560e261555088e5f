import Yams

extension SettingsNode {
  /// Every value that is given, here and in all sections, as text by its whole key, e.g.
  /// `gan.batch.generator`.
  ///
  /// - Parameter excluded: keys at this level that are left out, with all below them.
  public func leaves(except excluded: Set<String> = []) -> [String: String] {
    var leaves: [String: String] = [:]
    for (key, node) in entries where !excluded.contains(key) { Self.collect(node, key, into: &leaves) }
    return leaves
  }

  private static func collect(_ node: Node, _ key: String, into leaves: inout [String: String]) {
    switch node {
    case .scalar(let scalar): leaves[key] = scalar.string
    case .mapping(let mapping):
      for (name, value) in mapping { collect(value, "\(key).\(name.string ?? "?")", into: &leaves) }
    case .sequence(let sequence):
      for (index, value) in sequence.enumerated() { collect(value, "\(key)[\(index)]", into: &leaves) }
    case .alias: break
    }
  }
}
