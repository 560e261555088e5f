import Testing

@testable import PBTNAS

@Suite struct NextGenerationTests {
  /// Random spaces, populations and fitness values; the seed is the number to look for when a test fails.
  private struct Case {
    let seed: UInt64
    let task: ToyTask
    let population: [Genome]
    let fitness: [Double]

    init(_ seed: UInt64, size: Int = 12, fitness: [Double]? = nil) {
      self.seed = seed
      var random = SeededGenerator(seed: seed)
      task = ToyTask(&random)
      population = task.population(size, &random)
      self.fitness = fitness ?? randomFitness(size, &random)
    }

    func next(_ settings: MethodSettings, after interval: Int = 1) throws -> Generation {
      try nextGeneration(
        after: interval, population, fitness: fitness, in: task.space, settings, seed: RunSeed(seed))
    }
  }

  // MARK: Mixing

  @Test func anOffspringHasTheDonorsOptionForDonatedGenesAndTheBasesForAllOthers() throws {
    for seed in 1...300 as ClosedRange<UInt64> {
      let (example, settings) = (Case(seed), MethodSettings.test())
      let generation = try example.next(settings)
      let selection = try #require(generation.selection)
      #expect(selection == (try select(example.fitness, settings)))
      #expect(generation.offspring.map(\.member) == selection.dropped, "seed \(seed)")
      for offspring in generation.offspring {
        let donor = try #require(offspring.donor)
        #expect(offspring.change == .mix)
        #expect(selection.parents.contains(offspring.base) && selection.parents.contains(donor))
        #expect(example.fitness[offspring.base] > example.fitness[donor], "seed \(seed)")
        #expect(offspring.donatedGenes == offspring.donatedGenes.sorted())
        for gene in example.task.space.genes.indices {
          let giver = offspring.donatedGenes.contains(gene) ? donor : offspring.base
          #expect(
            offspring.genome.choices[gene] == example.population[giver].choices[gene], "seed \(seed)")
        }
      }
    }
  }

  @Test func equallyFitParentsTakeTheirPartsByMemberNumber() throws {
    let example = Case(1, size: 8, fitness: [Double](repeating: 1, count: 8))
    let generation = try example.next(.test(population: 8))
    #expect(generation.offspring.map(\.member) == [6, 7])
    #expect(generation.offspring.allSatisfy { $0.base == 0 && $0.donor == 1 })
  }

  @Test(arguments: [0.0, 1.0])
  func theEndsOfTheMixingProbabilityHold(probability: Double) throws {
    let example = Case(9)
    let genes = Array(example.task.space.genes.indices)
    for offspring in try example.next(.test(mixProbability: probability)).offspring {
      #expect(offspring.donatedGenes == (probability == 0 ? [] : genes))
    }
  }

  @Test func genesAreDonatedIndependentlyWithTheMixingProbability() throws {
    let geneCount = 40
    let space = SearchSpace(
      genes: (0..<geneCount).map { Gene(name: "g\($0)", options: ["a", "b"], owns: []) })
    let population = [Genome](repeating: Genome([Int](repeating: 0, count: geneCount)), count: 24)
    let settings = MethodSettings.test(population: 24)
    var (draws, donated, bothOfAPair, offspringCount) = (0, 0, 0, 0)
    var pairs: [[Int]: Int] = [:]
    for seed in 1...500 as ClosedRange<UInt64> {
      let generation = try nextGeneration(
        after: 1, population, fitness: (0..<24).map { -Double($0) }, in: space, settings, seed: RunSeed(seed))
      for offspring in generation.offspring {
        let genes = Set(offspring.donatedGenes)
        draws += geneCount
        donated += genes.count
        bothOfAPair += stride(from: 0, to: geneCount, by: 2).count {
          genes.contains($0) && genes.contains($0 + 1)
        }
        offspringCount += 1
        pairs[[offspring.base, offspring.donor ?? -1], default: 0] += 1
      }
    }
    #expect(offspringCount == 3000)
    // Binomial; five standard deviations.
    func isBinomial(_ count: Int, of trials: Int, _ p: Double) -> Bool {
      abs(Double(count) - Double(trials) * p) < 5 * (Double(trials) * p * (1 - p)).squareRoot()
    }
    #expect(isBinomial(donated, of: draws, 0.25))
    #expect(isBinomial(bothOfAPair, of: draws / 2, 0.0625))
    // All pairs of the 6 parents are equally likely.
    #expect(pairs.count == 15)
    #expect(chiSquare(pairs.values) < 14 + 5 * 28.0.squareRoot())
  }

  /// Golden values: `python3 reference/method.py`.
  @Test func theSameOffspringComeFromTheSameSeedForEver() throws {
    let counts = [3, 7, 2, 5, 1]
    let space = SearchSpace(
      genes: counts.enumerated().map { index, count in
        Gene(name: "g\(index)", options: (0..<count).map(String.init), owns: [])
      })
    let seed = RunSeed(2023)
    let population = try initialPopulation(space, size: 8, seed: seed)
    let generation = try nextGeneration(
      after: 4, population, fitness: [-90, 8, 5, -80, 5, 4, 9, 3], in: space,
      .test(population: 8, mixProbability: 0.5), seed: seed)
    #expect(generation.offspring.map(\.member) == [0, 3])
    #expect(generation.offspring.map(\.base) == [6, 6])
    #expect(generation.offspring.map(\.donor) == [1, 1])
    #expect(generation.offspring.map(\.donatedGenes) == [[1, 2, 3, 4], [0, 1, 2, 3, 4]])
  }

  @Test func seedsOfAnOffspringAreItsSlotsAndIntervals() throws {
    let example = Case(4)
    for offspring in try example.next(.test(), after: 7).offspring {
      let seed = RunSeed(example.seed)
      let member = offspring.member
      #expect(offspring.freshSeed == seed.seed(member: member, interval: 7, purpose: .freshWeights))
      #expect(offspring.noiseSeed == seed.seed(member: member, interval: 7, purpose: .noise))
    }
  }

  // MARK: When there is none

  @Test(arguments: Strategy.allCases)
  func nothingChangesAfterTheLastInterval(strategy: Strategy) throws {
    let generation = try Case(2).next(.test(strategy), after: 100)
    #expect(generation == .unchanged)
  }

  @Test(arguments: Strategy.allCases)
  func theGateHoldsForStrategiesThatSelect(strategy: Strategy) throws {
    var settings = MethodSettings.test(strategy)
    settings.gate = MixingGate(from: 10, every: 4)
    for interval in 1...12 {
      let isOpen = interval >= 10 || interval % 4 == 0
      let count = try Case(3).next(settings, after: interval).offspring.count
      switch strategy {
      case .pbtNAS, .noMixing, .mutation, .pbt: #expect(count == (isOpen ? 3 : 0), "interval \(interval)")
      case .randomSearch: #expect(count == 0)
      case .randomSearchShrinkPerturb: #expect(count == 12)
      }
    }
  }

  @Test(arguments: Strategy.allCases)
  func aRunInWhichFewerThanTwoAreFiniteStops(strategy: Strategy) {
    let diverged = Case(5, size: 8, fitness: [.nan, .infinity, 1, .nan, .nan, .nan, .nan, .nan])
    var settings = MethodSettings.test(strategy, population: 8)
    settings.gate = MixingGate(from: 50, every: 50)
    #expect(throws: MethodError.tooFewFinite(finite: 1, of: 8)) { try diverged.next(settings) }
  }

  // MARK: Baselines

  @Test func randomSearchChangesNothing() throws {
    for interval in 1...5 { #expect(try Case(6).next(.test(.randomSearch), after: interval) == .unchanged) }
  }

  @Test func shrinkPerturbWithoutSelectionTouchesEveryFiniteMember() throws {
    var fitness = Case(7).fitness
    fitness[4] = .nan
    let example = Case(7, fitness: fitness)
    let generation = try example.next(.test(.randomSearchShrinkPerturb))
    #expect(generation.selection == nil)
    #expect(generation.offspring.map(\.member) == (0..<12).filter { $0 != 4 })
    for offspring in generation.offspring {
      #expect(offspring.base == offspring.member && offspring.donor == offspring.member)
      #expect(offspring.genome == example.population[offspring.member])
      #expect(offspring.change == .shrinkPerturbAll && offspring.donatedGenes.isEmpty)
    }
    #expect(Set(generation.offspring.map(\.freshSeed)).count == 11)
  }

  @Test func withoutMixingOneParentPlaysBothParts() throws {
    var (bases, donated, draws) = ([Int: Int](), 0, 0)
    for seed in 1...1000 as ClosedRange<UInt64> {
      let example = Case(seed)
      let generation = try example.next(.test(.noMixing))
      let parents = try #require(generation.selection).parents
      for offspring in generation.offspring {
        #expect(offspring.donor == offspring.base && offspring.change == .mix, "seed \(seed)")
        #expect(offspring.genome == example.population[offspring.base], "seed \(seed)")
        bases[try #require(parents.firstIndex(of: offspring.base)), default: 0] += 1
        donated += offspring.donatedGenes.count
        draws += example.task.space.genes.count
      }
    }
    #expect(bases.count == 3)
    #expect(chiSquare(bases.values) < 2 + 5 * 2)
    #expect(abs(Double(donated) / Double(draws) - 0.25) < 5 * (0.1875 / Double(draws)).squareRoot())
  }

  @Test func mutationCopiesOneParentAndChangesAtMostOneGene() throws {
    var kinds = [0, 0, 0]
    var bases: [Int: Int] = [:]
    for seed in 1...1000 as ClosedRange<UInt64> {
      let example = Case(seed)
      let generation = try example.next(.test(.mutation))
      let parents = try #require(generation.selection).parents
      for offspring in generation.offspring {
        #expect(offspring.donor == nil && offspring.donatedGenes.isEmpty, "seed \(seed)")
        bases[try #require(parents.firstIndex(of: offspring.base)), default: 0] += 1
        let base = example.population[offspring.base]
        let changed = base.choices.indices.filter { base.choices[$0] != offspring.genome.choices[$0] }
        try example.task.space.check(offspring.genome)
        switch offspring.change {
        case .copy: kinds[0] += 1
        case .weightNoise: kinds[1] += 1
        case .freshLayer(let gene):
          kinds[2] += 1
          #expect(changed == [gene], "seed \(seed)")
          continue
        case .mix, .shrinkPerturbAll: Issue.record("\(offspring.change), seed \(seed)")
        }
        #expect(changed.isEmpty, "seed \(seed)")
      }
    }
    #expect(kinds.reduce(0, +) == 3000)
    #expect(chiSquare(kinds) < 2 + 5 * 2)
    #expect(chiSquare(bases.values) < 2 + 5 * 2)
  }

  @Test func withATournamentTheBetterOfTwoDifferentParentsIsCopied() throws {
    var settings = MethodSettings.test(.mutation, population: 24)
    settings.mutationParent = .tournament
    var counts = [Int](repeating: 0, count: 6)
    for seed in 1...1000 as ClosedRange<UInt64> {
      let generation = try Case(seed, size: 24).next(settings)
      let parents = try #require(generation.selection).parents
      for offspring in generation.offspring {
        counts[try #require(parents.firstIndex(of: offspring.base))] += 1
      }
    }
    // Of the 15 pairs of 6 parents, the best is the better one in 5, the next in 4, and the last in none.
    #expect(counts.last == 0 && counts.reduce(0, +) == 6000)
    for (rank, count) in counts.dropLast().enumerated() {
      let p = Double(5 - rank) / 15
      #expect(abs(Double(count) - 6000 * p) < 5 * (6000 * p * (1 - p)).squareRoot(), "\(counts)")
    }
  }

  @Test func withoutATournamentMutationsParentIsTheOneThatItsSeedAlwaysGave() throws {
    for seed in 1...100 as ClosedRange<UInt64> {
      let generation = try Case(seed).next(.test(.mutation), after: 3)
      let parents = try #require(generation.selection).parents
      for offspring in generation.offspring {
        var random = RunSeed(seed).generator(member: offspring.member, interval: 3, purpose: .parents)
        #expect(offspring.base == parents[random.below(parents.count)], "seed \(seed)")
      }
    }
  }

  @Test func aMutatedGeneAndItsNewOptionAreDrawnUniformly() throws {
    let options = [["a", "b", "c", "d"], ["only"], ["a", "b", "c", "d"]]
    let space = SearchSpace(
      genes: options.enumerated().map { Gene(name: "g\($0.offset)", options: $0.element, owns: []) })
    let population = [Genome](repeating: Genome([2, 0, 1]), count: 12)
    var counts: [[Int]: Int] = [:]
    for seed in 1...2000 as ClosedRange<UInt64> {
      let generation = try nextGeneration(
        after: 1, population, fitness: (0..<12).map(Double.init), in: space, .test(.mutation),
        seed: RunSeed(seed))
      for offspring in generation.offspring {
        if case .freshLayer(let gene) = offspring.change {
          counts[[gene, offspring.genome.choices[gene]], default: 0] += 1
        }
      }
    }
    #expect(Set(counts.keys) == [[0, 0], [0, 1], [0, 3], [2, 0], [2, 2], [2, 3]])
    #expect(chiSquare(counts.values) < 5 + 5 * 10.0.squareRoot())
  }

  // MARK: Reproducibility

  @Test(arguments: Strategy.allCases)
  func aMembersOffspringDoesNotDependOnWhoElseIsDropped(strategy: Strategy) throws {
    // With a larger tau more are dropped; with the same parents, slots that both drop get the same offspring.
    let example = Case(11)
    var few = MethodSettings.test(strategy)
    few.tau = 0.1
    var more = few
    more.tau = 0.19
    #expect(few.parentCount == more.parentCount && few.droppedCount < more.droppedCount)
    let all = try example.next(more).offspring
    for offspring in try example.next(few).offspring { #expect(all.contains(offspring)) }
  }
}
