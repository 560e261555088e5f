import Configuration
import Foundation
import PBTNAS
import Spelling

/// The hyperparameters that a task's trainer takes, and between which numbers each must lie.
public typealias HyperparameterLimits = [String: ClosedRange<Double>]

extension Hyperparameter {
  /// Reads a declaration such as `{range: [1e-4, 1e-2], scale: log}` or `{values: [0.9, 0.99]}`.
  ///
  /// - Returns: nil if it does not say which values there are; that and other problems are noted in `node`.
  fileprivate init?(name: String, from node: SettingsNode) {
    let (hasValues, hasRange) = (node.has("values"), node.has("range"))
    self.init(name: name, .list([]))
    let scale = node.choice("scale", default: Scale.linear)
    perturbFactors = node.doubles("perturb") ?? perturbFactors
    resampleProbability = node.double("resample", default: resampleProbability)
    let values = node.doubles("values")
    let range = node.doubles("range")
    for key in ["scale", "perturb"] where hasValues && node.has(key) {
      node.report(key, "is for a range; with `values`, an offspring goes one step up or down the list")
    }
    if hasValues == hasRange || range.map({ $0.count != 2 }) ?? false {
      node.report("range", "expected either `range: [lowest, highest]` or `values: [...]`")
      return nil
    }
    if let values {
      domain = .list(values)
    } else if let range {
      domain = .range(low: range[0], high: range[1], scale: scale)
    } else {
      return nil
    }
  }

  /// The declaration as it might stand in a settings file.
  var text: String {
    switch domain {
    case .range(let low, let high, let scale):
      "range: [\(low), \(high)], scale: \(scale.rawValue), perturb: \(perturbFactors), resample: \(resampleProbability)"
    case .list(let values): "values: \(values), resample: \(resampleProbability)"
    }
  }

  /// What the trainer would not take; nil if it takes all.
  fileprivate func problem(_ limits: HyperparameterLimits) -> String? {
    guard let limit = limits[name] else { return Self.unknown(name, known: limits.keys.sorted()) }
    let (low, high) =
      switch domain {
      case .range(let low, let high, _): (low, high)
      case .list(let values): (values.first ?? limit.lowerBound, values.last ?? limit.lowerBound)
      }
    return limit.contains(low) && limit.contains(high)
      ? nil : "expected values in \(limit.lowerBound)...\(limit.upperBound), got \(low)...\(high)"
  }

  /// What is said about a name that a trainer does not know.
  static func unknown(_ name: String, known: [String]) -> String {
    if known.isEmpty { return "the trainer takes no hyperparameters" }
    // The same name is a section elsewhere in a settings file.
    let longer = known.first { $0.hasPrefix("\(name).") }
    return "the trainer has no hyperparameter `\(name)`"
      + (longer.map { "; a name with dots is one key, such as `\($0):`" }
        ?? suggestion(for: name, among: known))
      + "; it takes \(known.joined(separator: ", "))"
  }

  /// Reads all that are declared; problems are noted in `node`.
  ///
  /// - Parameter limits: what the trainer takes, where that is known.
  static func read(_ node: SettingsNode, _ limits: HyperparameterLimits?) -> [Hyperparameter] {
    node.names.compactMap { name in
      let section = node.section(name)
      if let limits, limits[name] == nil, !section.has("range"), !section.has("values") {
        node.report(name, unknown(name, known: limits.keys.sorted()))
        return nil
      }
      guard let hyperparameter = Hyperparameter(name: name, from: section) else { return nil }
      if let problem = hyperparameter.problem ?? limits.flatMap({ hyperparameter.problem($0) }) {
        node.report(name, problem)
      }
      return hyperparameter
    }
  }
}

extension MethodSettings {
  /// What is wrong with the names of hyperparameters for a trainer that has announced its own.
  func unknownHyperparameters(in space: SearchSpace) -> [String] {
    hyperparameters.map(\.name).filter { !space.hyperparameters.contains($0) }.map {
      "search.hyperparameters.\($0): \(Hyperparameter.unknown($0, known: space.hyperparameters))"
    }
  }
}

/// Values of hyperparameters as text, such as `averaging_decay 0.98, learning_rate.generator 0.001`.
public func shownHyperparameters(_ values: [String: Double]) -> String {
  values.sorted { $0.key < $1.key }.map { "\($0.key) \(String(format: "%.4g", $0.value))" }
    .joined(separator: ", ")
}
