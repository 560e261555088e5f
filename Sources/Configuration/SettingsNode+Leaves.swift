import Yams

extension SettingsNode {
  /// Every value that is given, here and in all sections, as text by its whole key, e.g.
  /// `gan.batch.generator`.
  ///
  /// - Parameter excluded: keys at this level that are left out, with all below them.
  /// - Note: What comes after 50 MB of keys is left out: many values under many long keys would take
  ///   gigabytes, and no settings that a run was started with have so many.
  public func leaves(except excluded: Set<String> = []) -> [String: String] {
    var leaves: [String: String] = [:]
    var room = Self.longestLeaves
    // In their order, so that the same are left out every time.
    for (key, node) in entries.sorted(by: { $0.key < $1.key }) where !excluded.contains(key) {
      Self.collect(node, key, into: &leaves, &room)
    }
    return leaves
  }

  private static var longestLeaves: Int { 50_000_000 }

  private static func collect(
    _ node: Node, _ key: String, into leaves: inout [String: String], _ room: inout Int
  ) {
    room -= key.utf8.count
    if room < 0 { return }
    switch node {
    case .scalar(let scalar): leaves[key] = scalar.string
    case .mapping(let mapping):
      for (name, value) in mapping where room > 0 {
        collect(value, "\(key).\(name.string ?? "?")", into: &leaves, &room)
      }
    case .sequence(let sequence):
      for (index, value) in sequence.enumerated() where room > 0 {
        collect(value, "\(key)[\(index)]", into: &leaves, &room)
      }
    case .alias: break
    }
  }
}
