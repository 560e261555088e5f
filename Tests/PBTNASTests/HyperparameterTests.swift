import Testing

@testable import PBTNAS

@Suite struct HyperparameterTests {
  private static let domains: [Hyperparameter] = [
    Hyperparameter(name: "rate", .range(low: 1e-4, high: 1e-2, scale: .log)),
    Hyperparameter(name: "decay", .list([0.9, 0.98, 0.99, 0.999])),
    Hyperparameter(name: "beta", .range(low: 0, high: 0.5, scale: .linear)),
  ]

  private func method(
    _ hyperparameters: [Hyperparameter] = domains, _ strategy: Strategy = .pbt
  ) -> MethodSettings {
    var settings = MethodSettings.test(strategy)
    settings.hyperparameters = hyperparameters
    return settings
  }

  private func contains(_ domain: Hyperparameter.Domain, _ value: Double) -> Bool {
    switch domain {
    case .range(let low, let high, _): (low...high).contains(value)
    case .list(let values): values.contains(value)
    }
  }

  /// Golden values: `python3 reference/method.py`.
  @Test("the same values come from the same seed for ever, in whatever order they are declared")
  func golden() {
    let golden: [[String: Double]] = [
      ["beta": 0.058981261859460066, "decay": 0.98, "rate": 0.0012100172756675995],
      ["beta": 0.047185009487568055, "decay": 0.9, "rate": 0.0014520207308011193],
      ["beta": 0.05662201138508166, "decay": 0.98, "rate": 0.0017424248769613432],
      ["beta": 0.1996153559464564, "decay": 0.9, "rate": 0.002090909852353612],
      ["beta": 0.2395384271357477, "decay": 0.999, "rate": 0.003817349709167354],
      ["beta": 0.2874461125628972, "decay": 0.999, "rate": 0.0030538797673338833],
      ["beta": 0.34493533507547663, "decay": 0.99, "rate": 0.002443103813867107],
      ["beta": 0.2759482680603813, "decay": 0.98, "rate": 0.002931724576640528],
      ["beta": 0.22075861444830505, "decay": 0.9, "rate": 0.0035180694919686333],
    ]
    for settings in [method(), method(Self.domains.reversed())] {
      var values = settings.initialHyperparameters(member: 3, seed: RunSeed(2023))
      for (interval, expected) in golden.enumerated() {
        if interval > 0 {
          values = settings.explore(values, filling: 3, after: interval, RunSeed(2023))
        }
        #expect(Set(values.keys) == Set(expected.keys))
        for (name, value) in expected {
          let found = values[name] ?? .nan
          // The system's `log` and `exp` may differ in the last bits.
          #expect(abs(found - value) <= 1e-14 * value, "interval \(interval), \(name)")
        }
      }
    }
  }

  @Test("values stay in their domains however long they are explored")
  func domainsHold() {
    for seed in 1...200 as ClosedRange<UInt64> {
      var random = SeededGenerator(seed: seed)
      let low = random.uniform()
      var hyperparameters = Self.domains
      hyperparameters[0] = Hyperparameter(
        name: "rate",
        .range(low: low + 1e-6, high: low + 0.5, scale: seed.isMultiple(of: 2) ? .log : .linear),
        perturbFactors: [0.1, 3, 10], resampleProbability: 0.1)
      let settings = method(hyperparameters)
      let member = Int(seed % 12)
      var values = settings.initialHyperparameters(member: member, seed: RunSeed(seed))
      for interval in 1...30 {
        for hyperparameter in hyperparameters {
          let value = values[hyperparameter.name] ?? .nan
          #expect(contains(hyperparameter.domain, value), "seed \(seed): \(hyperparameter.name) \(value)")
        }
        values = settings.explore(values, filling: member, after: interval, RunSeed(seed))
      }
    }
  }

  /// Binomial; five standard deviations.
  private func isBinomial(_ count: Int, of trials: Int, _ p: Double) -> Bool {
    abs(Double(count) - Double(trials) * p) < 5 * (Double(trials) * p * (1 - p)).squareRoot()
  }

  @Test(
    "a value is drawn anew as often as declared, else multiplied by one factor or the other",
    arguments: [0.25, 0.6])
  func frequencies(resample: Double) {
    let (old, trials) = (0.5, 8000)
    let settings = method([
      Hyperparameter(name: "a", .range(low: 0, high: 1, scale: .linear), resampleProbability: resample),
      Hyperparameter(name: "b", .range(low: 0, high: 1, scale: .linear), resampleProbability: resample),
    ])
    var (lower, higher, resampled, both) = (0, 0, 0, 0)
    for seed in 0..<UInt64(trials) {
      let values = settings.explore(["a": old, "b": old], filling: 2, after: 3, RunSeed(seed))
      switch values["a"] {
      case 0.8 * old: lower += 1
      case 1.2 * old: higher += 1
      default: resampled += 1
      }
      let anew = ["a", "b"].filter { ![0.8 * old, 1.2 * old].contains(values[$0]) }
      both += anew.count == 2 ? 1 : 0
    }
    #expect(isBinomial(resampled, of: trials, resample))
    #expect(
      isBinomial(lower, of: trials, (1 - resample) / 2) && isBinomial(higher, of: trials, (1 - resample) / 2))
    // Each hyperparameter is decided about for itself.
    #expect(isBinomial(both, of: trials, resample * resample))
  }

  @Test("first values are spread evenly along the scale, and over a list's values")
  func initialDistribution() {
    var counts = (
      linear: [Int](repeating: 0, count: 10), log: [Int](repeating: 0, count: 10), list: [Double: Int]()
    )
    let trials = 400
    for seed in 0..<UInt64(trials) {
      for member in 0..<12 {
        let values = method().initialHyperparameters(member: member, seed: RunSeed(seed))
        counts.linear[min(9, Int((values["beta"] ?? -1) * 20))] += 1
        // Two orders of magnitude: every tenth of them is 10^0.2 wide.
        var (place, bound) = (0, 1e-4 * 1.584_893_192_461_113)
        while place < 9 && (values["rate"] ?? 1) > bound {
          (place, bound) = (place + 1, bound * 1.584_893_192_461_113)
        }
        counts.log[place] += 1
        counts.list[values["decay"] ?? 0, default: 0] += 1
      }
    }
    let limit = 9 + 5 * 18.0.squareRoot()
    #expect(chiSquare(counts.linear) < limit && chiSquare(counts.log) < limit)
    #expect(counts.list.count == 4 && chiSquare(counts.list.values) < 3 + 5 * 6.0.squareRoot())
  }

  @Test("in a list, a value that is not drawn anew goes one step up or down, and stays at the ends")
  func list() {
    let domain = [1.0, 2, 3, 4]
    let hyperparameter = Hyperparameter(name: "h", .list(domain), resampleProbability: 0)
    var random = SeededGenerator(seed: 5)
    var steps: [Double: Int] = [:]
    for _ in 0..<2000 { steps[hyperparameter.explore(2, &random), default: 0] += 1 }
    #expect(Set(steps.keys) == [1, 3] && isBinomial(steps[1] ?? 0, of: 2000, 0.5))
    let ends = Set((0..<50).map { _ in hyperparameter.explore(4, &random) })
    #expect(ends == [3, 4])
  }

  @Test(
    "impossible declarations are named",
    arguments: [
      (Hyperparameter(name: "h", .range(low: 1, high: 1, scale: .linear)), "the lower first"),
      (Hyperparameter(name: "h", .range(low: 0, high: .infinity, scale: .linear)), "the lower first"),
      (Hyperparameter(name: "h", .range(low: .nan, high: 1, scale: .linear)), "the lower first"),
      (Hyperparameter(name: "h", .range(low: 0, high: 1, scale: .log)), "above 0, since the scale is log"),
      (Hyperparameter(name: "h", .range(low: 0, high: 1, scale: .linear), perturbFactors: []), "one factor"),
      (
        Hyperparameter(name: "h", .range(low: 0, high: 1, scale: .linear), perturbFactors: [0, 2]), "above 0"
      ),
      (Hyperparameter(name: "h", .list([1])), "at least two"),
      (Hyperparameter(name: "h", .list([2, 1])), "rising"),
      (Hyperparameter(name: "h", .list([1, 2]), resampleProbability: 1.5), "0...1"),
    ])
  func impossible(hyperparameter: Hyperparameter, says: String) {
    #expect(hyperparameter.problem?.contains(says) == true, "\(hyperparameter.problem ?? "nothing")")
    #expect(method([hyperparameter]).problems().map(\.setting) == ["hyperparameters.h"])
  }

  @Test("PBT needs hyperparameters, and it alone takes a genome, which must be of the space")
  func problems() {
    #expect(method().problems().isEmpty)
    #expect(method([]).problems().map(\.setting) == ["hyperparameters"])
    #expect(method(Self.domains + Self.domains).problems().map(\.setting) == ["hyperparameters"])
    let space = SearchSpace(genes: [Gene(name: "c0", options: ["a", "b"], owns: [])])
    var settings = method()
    settings.genome = ["c0": "b"]
    #expect(settings.problems(searchSpace: space).isEmpty)
    settings.genome = ["c0": "z"]
    #expect(settings.problems(searchSpace: space).map(\.setting) == ["genome"])
    settings.strategy = .pbtNAS
    #expect(settings.problems().map(\.setting) == ["genome"])
    #expect(method(Self.domains, .pbtNAS).problems().isEmpty)
  }

  // MARK: In a search

  @Test("with PBT, every offspring is an exact copy of one top parent but for its explored hyperparameters")
  func exploitation() throws {
    var bases: [Int: Int] = [:]
    for seed in 1...500 as ClosedRange<UInt64> {
      var random = SeededGenerator(seed: seed)
      let task = ToyTask(&random)
      let settings = method()
      let population = try initialPopulation(task.space, settings, seed: RunSeed(seed))
      #expect(Set(population).count == 1 && population.count == 12)
      let fitness = randomFitness(12, &random)
      let values = (0..<12).map { settings.initialHyperparameters(member: $0, seed: RunSeed(seed)) }
      let generation = try nextGeneration(
        after: 4, population, fitness: fitness, hyperparameters: values, in: task.space, settings,
        seed: RunSeed(seed))
      let selection = try #require(generation.selection)
      #expect(generation.offspring.map(\.member) == selection.dropped)
      for offspring in generation.offspring {
        bases[try #require(selection.parents.firstIndex(of: offspring.base)), default: 0] += 1
        #expect(offspring.donor == nil && offspring.change == .copy && offspring.genome == population[0])
        #expect(
          offspring.hyperparameters
            == settings.explore(values[offspring.base], filling: offspring.member, after: 4, RunSeed(seed)))
        let trained = task.checkpoint(population[0], trained: true)
        let plan = inherit(
          offspring, in: task.space, settings, base: trained, donor: nil,
          fresh: task.checkpoint(population[0], trained: false))
        #expect(plan.entries.allSatisfy { $0.source == .base } && plan.missing.isEmpty)
        #expect(Set(plan.entries.map(\.tensor)) == Set(trained.tensors), "seed \(seed)")
      }
    }
    #expect(bases.count == 3 && chiSquare(bases.values) < 2 + 5 * 2)
  }

  @Test("all of PBT's members have the given architecture, or one that the seed draws evenly")
  func oneArchitecture() throws {
    let space = SearchSpace(
      genes: [3, 2].enumerated().map { index, count in
        Gene(name: "g\(index)", options: (0..<count).map { "o\($0)" }, owns: [])
      })
    var settings = method()
    settings.genome = ["g0": "o2", "g1": "o1"]
    #expect(
      try initialPopulation(space, settings, seed: RunSeed(1)) == Array(repeating: Genome([2, 1]), count: 12))
    settings.genome = nil
    var drawn: [Genome: Int] = [:]
    for seed in 0..<1200 as Range<UInt64> {
      drawn[try initialPopulation(space, settings, seed: RunSeed(seed))[0], default: 0] += 1
    }
    #expect(drawn.count == 6 && chiSquare(drawn.values) < 5 + 5 * 10.0.squareRoot())
  }

  @Test("declared hyperparameters change nothing else of a search", arguments: Strategy.allCases)
  func independent(strategy: Strategy) throws {
    var random = SeededGenerator(seed: 8)
    let task = ToyTask(&random)
    let population = task.population(12, &random)
    let fitness = randomFitness(12, &random)
    let settings = method(Self.domains, strategy)
    let values = (0..<12).map { settings.initialHyperparameters(member: $0, seed: RunSeed(8)) }
    let with = try nextGeneration(
      after: 2, population, fitness: fitness, hyperparameters: values, in: task.space, settings,
      seed: RunSeed(8))
    let without = try nextGeneration(
      after: 2, population, fitness: fitness, in: task.space, method([], strategy), seed: RunSeed(8))
    #expect(with.selection == without.selection)
    #expect(
      with.offspring.map { offspring in
        var offspring = offspring
        offspring.hyperparameters = [:]
        return offspring
      } == without.offspring)
    // Without selection nobody explores.
    if strategy == .randomSearchShrinkPerturb {
      for offspring in with.offspring { #expect(offspring.hyperparameters == values[offspring.member]) }
    }
  }
}
