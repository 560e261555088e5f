/// What a tensor of a checkpoint is, read off its name. This is the only place that takes names apart.
///
/// | name | meaning |
/// |---|---|
/// | `generator.cell1.c0.weight` | a parameter or buffer, by its PyTorch module's name |
/// | `average.<parameter>` | the parameter's averaged copy |
/// | `optimizer.<parameter>.<key>` | a part of the optimiser's state for the parameter |
public enum TensorName: Hashable, Sendable {
  /// A parameter or a buffer.
  case value(String)
  /// The averaged copy of a parameter.
  case average(of: String)
  /// A part of the optimiser's state for a parameter.
  case optimizerState(of: String, key: String)

  private static let averagePrefix = "average."
  private static let optimizerPrefix = "optimizer."

  /// Reads a name.
  public init(_ name: String) {
    if name.hasPrefix(Self.averagePrefix) {
      self = .average(of: String(name.dropFirst(Self.averagePrefix.count)))
    } else if name.hasPrefix(Self.optimizerPrefix), let dot = name.lastIndex(of: "."),
      dot >= name.index(name.startIndex, offsetBy: Self.optimizerPrefix.count)
    {
      let parameter = name[..<dot].dropFirst(Self.optimizerPrefix.count)
      self = .optimizerState(of: String(parameter), key: String(name[name.index(after: dot)...]))
    } else {
      self = .value(name)
    }
  }

  /// The name as it stands in a checkpoint.
  public var string: String {
    switch self {
    case .value(let name): name
    case .average(let name): Self.averagePrefix + name
    case .optimizerState(let name, let key): "\(Self.optimizerPrefix)\(name).\(key)"
    }
  }

  /// The parameter or buffer that it is about.
  public var parameter: String {
    switch self {
    case .value(let name), .average(let name), .optimizerState(let name, _): name
    }
  }

  /// Whether a buffer is a singular vector of spectral normalisation, by PyTorch's names: `weight_u` and
  /// `weight_v`, or `parametrizations.weight.0._u` and `_v`.
  static func isSingularVector(_ buffer: String) -> Bool {
    buffer.hasSuffix("_u") || buffer.hasSuffix("_v")
  }

  /// The network that a parameter belongs to: the first component of its name, such as `generator`.
  static func network(of parameter: String) -> Substring {
    parameter.prefix { $0 != "." }
  }

  /// Whether a gene can own a prefix: whole components of a parameter's own name.
  static func isOwnable(_ prefix: String) -> Bool {
    let components = prefix.split(separator: ".", omittingEmptySubsequences: false)
    return !components.contains("") && components[0] != "average" && components[0] != "optimizer"
  }

  /// The names that cover a name, itself excepted: `a` and `a.b` for `a.b.c`.
  static func enclosing(_ name: String) -> [String] {
    name.indices.filter { name[$0] == "." }.map { String(name[..<$0]) }
  }

  /// The names of the parts of a module, or of the whole network, that parameters are in: `a.b` and `a.c` of
  /// `a.b.x`, `a.b.y` and `a.c` in `a`.
  static func parts(of parameters: [String], in module: String?) -> [String] {
    let inside = parameters.filter { parameter in module.map { prefix($0, covers: parameter) } ?? true }
    let length = 1 + (module.map { $0.split(separator: ".").count } ?? 0)
    return Set(inside.map { $0.split(separator: ".").prefix(length).joined(separator: ".") }).sorted()
  }

  /// Whether a gene's prefix owns a parameter: it covers whole components of the name.
  static func prefix(_ prefix: String, covers parameter: String) -> Bool {
    parameter == prefix || parameter.hasPrefix(prefix + ".")
  }
}
