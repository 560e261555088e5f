import Engine

/// The numbers of a task's training that can be searched while it trains, named like the settings that they take the place of.
protocol TrainingHyperparameter: RawRepresentable<String>, CaseIterable {
  /// What they are settings of.
  associatedtype Settings

  /// Between which numbers it must lie, as in the settings.
  var limits: ClosedRange<Double> { get }
  /// The setting that it takes the place of.
  var setting: WritableKeyPath<Settings, Double> { get }
}

extension TrainingHyperparameter {
  /// All names.
  static var names: [String] { allCases.map(\.rawValue) }

  /// All names with their limits.
  static var allLimits: HyperparameterLimits {
    Dictionary(uniqueKeysWithValues: allCases.map { ($0.rawValue, $0.limits) })
  }

  /// Settings with a job's values in place of some.
  ///
  /// - Throws: ``HyperparameterError`` if there is no such setting, or a value is impossible.
  static func apply(_ values: [String: Double]?, to settings: Settings) throws(HyperparameterError)
    -> Settings
  {
    var settings = settings
    for (name, value) in (values ?? [:]).sorted(by: { $0.key < $1.key }) {
      guard let hyperparameter = Self(rawValue: name) else { throw .unknown(name, known: names) }
      guard hyperparameter.limits.contains(value) else {
        throw .outOfRange(name, value, hyperparameter.limits)
      }
      settings[keyPath: hyperparameter.setting] = value
    }
    return settings
  }
}

/// Why a trainer cannot train with what it was told.
public enum HyperparameterError: Error, Hashable, Sendable {
  /// It has no such hyperparameter.
  case unknown(String, known: [String])
  /// The value is impossible.
  case outOfRange(String, Double, ClosedRange<Double>)
}

extension HyperparameterError: CustomStringConvertible {
  /// What was found and what was expected, as a sentence.
  public var description: String {
    switch self {
    case .unknown(let name, let known):
      "there is no hyperparameter `\(name)`; expected one of \(known.joined(separator: ", "))"
    case .outOfRange(let name, let value, let limits):
      "the hyperparameter `\(name)` is \(value); expected a number in \(limits.lowerBound)...\(limits.upperBound)"
    }
  }
}
