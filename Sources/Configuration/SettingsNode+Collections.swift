import Yams

// Sections whose keys are the user's own, and lists.
extension SettingsNode {
  /// The keys that are given here, sorted.
  public var names: [String] { entries.keys.sorted() }

  /// A list of numbers; nil where the key is not given, or not given a list.
  public func doubles(_ key: String) -> [Double]? {
    guard let node = note(key) else { return nil }
    let expected = "expected a list of numbers, such as `[0.8, 1.2]`, found"
    guard let elements = node.sequence else {
      report(key, "\(expected) \(Self.describe(node))")
      return nil
    }
    var numbers: [Double] = []
    for element in elements {
      guard let number = element.scalar.flatMap({ Double($0.string) }), number.isFinite else {
        report(key, "\(expected) \(Self.describe(element)) in it")
        return nil
      }
      numbers.append(number)
    }
    return numbers
  }

  /// A section of texts under keys of the user's own; nil where it is not given.
  public func texts(_ key: String) -> [String: String]? {
    let section = section(key)
    guard has(key) else { return nil }
    return Dictionary(
      section.names.map { ($0, section.string($0, default: "")) }, uniquingKeysWith: { first, _ in first })
  }
}
