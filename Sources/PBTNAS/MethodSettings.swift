/// How offspring come about: the method, and what it is compared with.
public enum Strategy: String, Sendable, Codable, CaseIterable {
  /// Architecture mixing with shrink-perturb: the method itself.
  case pbtNAS = "pbt-nas"
  /// No selection: every member trains to the end.
  case randomSearch = "random-search"
  /// Offspring copy one parent and are changed at random, like SEARL (Franke et al. 2021).
  case mutation = "mutation"
  /// Both parents are the same member: shrink-perturb without a new architecture.
  case noMixing = "no-mixing"
  /// No selection, but every network is shrink-perturbed as a whole after each interval.
  case randomSearchShrinkPerturb = "random-search-shrink-perturb"
  /// Offspring copy one parent and explore its hyperparameters; all members have one architecture (Jaderberg
  /// et al. 2017, arXiv 1711.09846).
  case pbt
}

/// What becomes of the optimiser's state of a donated layer whose shape is the same in both parents; with
/// ``byPosition``, of the whole state.
public enum OptimizerStateRule: String, Sendable, Codable, CaseIterable {
  /// The donor's state comes with the layer.
  case inherit
  /// The base's state stays.
  case base
  /// The state starts from zero.
  case reset
  /// As in the paper's code: the base's state goes to the offspring's parameters by their position in each
  /// network, whoever gives the layers. A network whose number of parameters is not the base's starts from
  /// zero, and so does a parameter whose shape is not that of the base's at its position. A network is what
  /// the first component of its parameters' names says, such as `generator`.
  case byPosition = "by-position"
}

/// Whom mutation copies.
public enum MutationParent: String, Sendable, Codable, CaseIterable {
  /// One of the parents, all equally likely.
  case uniform
  /// The better of two different parents, all pairs equally likely: as in the paper's code.
  case tournament
}

/// After which intervals there is mixing. Intervals are counted from 1; after the last there is none.
///
/// The paper's short RL runs, of 30 intervals, mixed after every one from the 15th on and before that after
/// every 2nd: `MixingGate(from: 15, every: 2)`.
public struct MixingGate: Hashable, Sendable, Codable {
  /// From this interval on there is mixing after every one.
  public var from: Int
  /// Before that, only after multiples of this.
  public var every: Int

  /// Makes a gate; the default is always open.
  public init(from: Int = 1, every: Int = 1) {
    self.from = from
    self.every = every
  }

  /// Whether there may be mixing after an interval.
  public func isOpen(after interval: Int) -> Bool {
    interval >= from || interval.isMultiple(of: every)
  }
}

/// The method's settings; the defaults are the paper's.
public struct MethodSettings: Hashable, Sendable, Codable {
  /// N: how many networks are trained at once.
  public var populationSize: Int
  /// How many intervals of training there are.
  public var intervals: Int
  /// tau: the fraction that is dropped, and the fraction that are parents.
  public var tau: Double
  /// p: how likely a gene is to be taken from the donor.
  public var mixProbability: Double
  /// lambda: what a donated weight is shrunk by.
  public var lambda: Double
  /// gamma: the weight of the fresh values added to it.
  public var gamma: Double
  /// What becomes of a donated layer's optimiser state.
  public var optimizerState: OptimizerStateRule
  /// Whom the strategy ``Strategy/mutation`` copies.
  public var mutationParent: MutationParent
  /// After which intervals there is mixing.
  public var gate: MixingGate
  /// The method, or a baseline.
  public var strategy: Strategy
  /// Numbers of the training that are searched too. With strategies that select, offspring explore from their
  /// base's; without selection, members keep their first.
  public var hyperparameters: [Hyperparameter]
  /// With the strategy ``Strategy/pbt``, every gene's option of all members, by name; nil if the seed draws
  /// them.
  public var genome: [String: String]?

  /// Makes settings.
  public init(
    populationSize: Int, intervals: Int, tau: Double = 0.25, mixProbability: Double = 0.25,
    lambda: Double = 0.4, gamma: Double = 0.1, optimizerState: OptimizerStateRule = .inherit,
    mutationParent: MutationParent = .uniform,
    gate: MixingGate = MixingGate(), strategy: Strategy = .pbtNAS, hyperparameters: [Hyperparameter] = [],
    genome: [String: String]? = nil
  ) {
    self.populationSize = populationSize
    self.intervals = intervals
    self.tau = tau
    self.mixProbability = mixProbability
    self.lambda = lambda
    self.gamma = gamma
    self.optimizerState = optimizerState
    self.mutationParent = mutationParent
    self.gate = gate
    self.strategy = strategy
    self.hyperparameters = hyperparameters
    self.genome = genome
  }

  /// How many members are dropped after an interval: N - floor((1 - tau) N).
  public var droppedCount: Int { populationSize - wholePart((1 - tau) * Double(populationSize)) }

  /// How many members are parents: max(2, floor(tau N)).
  public var parentCount: Int { max(2, wholePart(tau * Double(populationSize))) }

  /// The largest whole number not above a product such as 0.29 * 100, whose rounding error must not cost a
  /// member.
  private func wholePart(_ value: Double) -> Int {
    let nearest = value.rounded()
    return Int(abs(value - nearest) < 1e-9 ? nearest : value.rounded(.down))
  }

  /// Everything that makes these settings impossible, by property name.
  public func problems(searchSpace: SearchSpace? = nil) -> [SettingProblem] {
    var problems: [SettingProblem] = []
    func require(_ holds: Bool, _ setting: String, _ message: @autoclosure () -> String) {
      if !holds { problems.append(SettingProblem(setting: setting, message: message())) }
    }
    require(populationSize >= 4, "populationSize", "expected at least 4 members, got \(populationSize)")
    require(intervals >= 1, "intervals", "expected at least 1 interval, got \(intervals)")
    require(tau > 0 && tau <= 0.5, "tau", "expected a fraction above 0 and at most 0.5, got \(tau)")
    for (name, value) in [("mixProbability", mixProbability), ("lambda", lambda), ("gamma", gamma)] {
      require((0...1).contains(value), name, "expected a number in 0...1, got \(value)")
    }
    require(gate.from >= 1, "gate.from", "expected an interval, counted from 1, got \(gate.from)")
    require(gate.every >= 1, "gate.every", "expected a number of intervals, at least 1, got \(gate.every)")
    if problems.isEmpty {
      require(
        droppedCount + parentCount <= populationSize, "tau",
        "of \(populationSize) members, \(droppedCount) would be dropped and \(parentCount) be parents, "
          + "which overlap; lower tau or raise the population")
    }
    for hyperparameter in hyperparameters {
      if let problem = hyperparameter.problem {
        problems.append(SettingProblem(setting: "hyperparameters.\(hyperparameter.name)", message: problem))
      }
    }
    let names = hyperparameters.map(\.name)
    require(Set(names).count == names.count, "hyperparameters", "expected names that differ, got \(names)")
    require(
      strategy != .pbt || !hyperparameters.isEmpty, "hyperparameters",
      "expected at least one, such as `NAME: {range: [1e-5, 1e-3], scale: log}`, since the strategy pbt searches "
        + "nothing else")
    require(
      strategy == .pbt || genome == nil, "genome",
      "expected none with the strategy \(strategy.rawValue), whose members have different ones; it is for pbt"
    )
    if let searchSpace { problems += self.problems(in: searchSpace) }
    return problems
  }

  /// What does not fit a search space.
  private func problems(in space: SearchSpace) -> [SettingProblem] {
    guard strategy == .pbt else {
      let isSearched =
        strategy == .noMixing || !hyperparameters.isEmpty || space.genes.contains { $0.options.count > 1 }
      let reason =
        "no gene of the search space has two options or more and no hyperparameters are declared, so there is nothing "
        + "to search"
      return isSearched ? [] : [SettingProblem(setting: "strategy", message: reason)]
    }
    do {
      _ = try genome.map { genome throws(SearchSpaceError) in try space.genome(named: genome) }
      return []
    } catch {
      return [SettingProblem(setting: "genome", message: error.description)]
    }
  }
}

extension MethodSettings {
  /// Reads settings; those that older records do not know have their defaults.
  public init(from decoder: any Decoder) throws {
    let container = try decoder.container(keyedBy: CodingKeys.self)
    self.init(
      populationSize: try container.decode(Int.self, forKey: .populationSize),
      intervals: try container.decode(Int.self, forKey: .intervals),
      tau: try container.decode(Double.self, forKey: .tau),
      mixProbability: try container.decode(Double.self, forKey: .mixProbability),
      lambda: try container.decode(Double.self, forKey: .lambda),
      gamma: try container.decode(Double.self, forKey: .gamma),
      optimizerState: try container.decode(OptimizerStateRule.self, forKey: .optimizerState),
      mutationParent: try container.decodeIfPresent(MutationParent.self, forKey: .mutationParent) ?? .uniform,
      gate: try container.decode(MixingGate.self, forKey: .gate),
      strategy: try container.decode(Strategy.self, forKey: .strategy),
      hyperparameters: try container.decodeIfPresent([Hyperparameter].self, forKey: .hyperparameters) ?? [],
      genome: try container.decodeIfPresent([String: String].self, forKey: .genome))
  }
}

/// A setting that is impossible, and why.
public struct SettingProblem: Hashable, Sendable {
  /// The property's name, e.g. `tau` or `gate.every`.
  public let setting: String
  /// What was expected and what was found.
  public let message: String
}
