import Foundation

/// A number that training depends on and that population-based training searches, such as a learning rate.
/// Source: Jaderberg et al. 2017, "Population Based Training of Neural Networks", arXiv 1711.09846.
public struct Hyperparameter: Hashable, Sendable, Codable {
  /// Which values it may take.
  public enum Domain: Hashable, Sendable, Codable {
    /// All between two bounds, both included.
    case range(low: Double, high: Double, scale: Scale)
    /// These alone, in rising order.
    case list([Double])
  }

  /// Along which scale values of a range are drawn.
  public enum Scale: String, Hashable, Sendable, Codable, CaseIterable {
    /// Every value is as likely as another.
    case linear
    /// Every order of magnitude is as likely as another.
    case log
  }

  /// Its name, as the trainer knows it, e.g. `learning_rate.generator`.
  public var name: String
  /// Which values it may take.
  public var domain: Domain
  /// Of a range: one of these multiplies an offspring's value. The defaults are the paper's.
  public var perturbFactors: [Double]
  /// How likely an offspring's value is to be drawn anew instead. The default is the paper's.
  public var resampleProbability: Double

  /// Declares a hyperparameter.
  public init(
    name: String, _ domain: Domain, perturbFactors: [Double] = [0.8, 1.2], resampleProbability: Double = 0.25
  ) {
    self.name = name
    self.domain = domain
    self.perturbFactors = perturbFactors
    self.resampleProbability = resampleProbability
  }

  /// What makes the declaration impossible; nil if nothing does.
  public var problem: String? {
    switch domain {
    case .range(let low, let high, let scale):
      if !(low.isFinite && high.isFinite && low < high) {
        return "expected a range of two numbers, the lower first, got [\(low), \(high)]"
      }
      if scale == .log && low <= 0 {
        return "expected a lower end above 0, since the scale is log, got \(low)"
      }
      if perturbFactors.isEmpty || !perturbFactors.allSatisfy({ $0.isFinite && $0 > 0 }) {
        return "expected at least one factor to perturb by, all above 0, got \(perturbFactors)"
      }
    case .list(let values):
      if values.count < 2 || !values.allSatisfy(\.isFinite)
        || !zip(values, values.dropFirst()).allSatisfy({ $0 < $1 })
      {
        return "expected a list of at least two numbers in rising order, got \(values)"
      }
    }
    return (0...1).contains(resampleProbability)
      ? nil : "expected a probability of resampling in 0...1, got \(resampleProbability)"
  }

  /// A value drawn from the domain. On a log scale its last bits are those of the system's `log` and `exp`.
  func sample(_ random: inout SeededGenerator) -> Double {
    switch domain {
    case .range(let low, let high, .linear):
      return limited(low + (high - low) * random.uniform())
    case .range(let low, let high, .log):
      return limited(exp(log(low) + (log(high) - log(low)) * random.uniform()))
    case .list(let values):
      return values[random.below(values.count)]
    }
  }

  /// Explores from a parent's value: draws anew with the resample probability, else multiplies by one of the
  /// factors, within the range. In a list it goes one step up or down instead, where there is one.
  func explore(_ value: Double, _ random: inout SeededGenerator) -> Double {
    if random.uniform() < resampleProbability { return sample(&random) }
    switch domain {
    case .range: return limited(value * perturbFactors[random.below(perturbFactors.count)])
    case .list(let values):
      let place = values.indices.min { abs(values[$0] - value) < abs(values[$1] - value) } ?? 0
      let step = random.below(2) == 0 ? -1 : 1
      return values[min(max(place + step, 0), values.count - 1)]
    }
  }

  /// The value of the range that is nearest to a number.
  private func limited(_ value: Double) -> Double {
    guard case .range(let low, let high, _) = domain else { return value }
    return min(max(value, low), high)
  }
}

extension MethodSettings {
  /// A member's first values of the hyperparameters, drawn from their domains, by name.
  public func initialHyperparameters(member: Int, seed: RunSeed) -> [String: Double] {
    var random = seed.generator(member: member, interval: 0, purpose: .initialHyperparameters)
    return values { hyperparameter in hyperparameter.sample(&random) }
  }

  /// An offspring's values of the hyperparameters: its base parent's, explored.
  ///
  /// - Parameters:
  ///   - base: the parent's values; one that is missing is drawn anew.
  ///   - member: the slot that the offspring fills.
  ///   - interval: the one after which it is made.
  func explore(
    _ base: [String: Double], filling member: Int, after interval: Int, _ seed: RunSeed
  ) -> [String: Double] {
    var random = seed.generator(member: member, interval: interval, purpose: .exploration)
    return values { hyperparameter in
      base[hyperparameter.name].map { hyperparameter.explore($0, &random) } ?? hyperparameter.sample(&random)
    }
  }

  /// A value for every hyperparameter, computed in the order of their names: so that of a settings file does
  /// not matter.
  private func values(_ value: (Hyperparameter) -> Double) -> [String: Double] {
    let sorted = hyperparameters.sorted { $0.name < $1.name }
    return Dictionary(sorted.map { ($0.name, value($0)) }, uniquingKeysWith: { first, _ in first })
  }
}
