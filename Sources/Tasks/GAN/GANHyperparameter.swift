import Engine

/// The numbers of a GAN's training that can be searched while it trains; named like the settings under `gan`.
enum GANHyperparameter: String, CaseIterable {
  case generatorLearningRate = "learning_rate.generator"
  case discriminatorLearningRate = "learning_rate.discriminator"
  case averagingDecay = "averaging_decay"
  case beta1 = "adam.beta1"
  case beta2 = "adam.beta2"

  /// Between which numbers it must lie, as in the settings.
  var limits: ClosedRange<Double> {
    switch self {
    case .generatorLearningRate, .discriminatorLearningRate, .averagingDecay: 0...1
    case .beta1, .beta2: 0...0.999999
    }
  }

  /// All names with their limits.
  static var allLimits: HyperparameterLimits {
    Dictionary(uniqueKeysWithValues: allCases.map { ($0.rawValue, $0.limits) })
  }

  fileprivate var setting: WritableKeyPath<AdversarialTrainingSettings, Double> {
    switch self {
    case .generatorLearningRate: \.generatorLearningRate
    case .discriminatorLearningRate: \.discriminatorLearningRate
    case .averagingDecay: \.averagingDecay
    case .beta1: \.beta1
    case .beta2: \.beta2
    }
  }
}

extension AdversarialTrainingSettings {
  /// The settings with a job's values in place of some.
  ///
  /// - Throws: ``HyperparameterError`` if there is no such setting, or a value is impossible.
  func with(_ hyperparameters: [String: Double]) throws(HyperparameterError) -> AdversarialTrainingSettings {
    var settings = self
    for (name, value) in hyperparameters.sorted(by: { $0.key < $1.key }) {
      guard let hyperparameter = GANHyperparameter(rawValue: name) else {
        throw .unknown(name, known: GANHyperparameter.allCases.map(\.rawValue))
      }
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
