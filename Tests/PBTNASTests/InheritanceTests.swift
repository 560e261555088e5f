import Testing

@testable import PBTNAS

@Suite struct InheritanceTests {
  private static let shrunk = TensorSource.shrinkPerturb(lambda: 0.4, gamma: 0.1)

  /// An offspring of two random parents, with the checkpoints it is made of.
  private struct Mixed {
    let task: ToyTask
    let offspring: Offspring
    let base: CheckpointContents
    let donor: CheckpointContents?
    let fresh: CheckpointContents

    /// - Parameter sameParent: the base is its own donor.
    init(_ seed: UInt64, sameParent: Bool = false) {
      var random = SeededGenerator(seed: seed)
      task = ToyTask(&random)
      let genomes = task.population(2, &random)
      let donorGenome = sameParent ? genomes[0] : genomes[1]
      let donated = task.space.genes.indices.filter { _ in random.uniform() < 0.4 }
      var genome = genomes[0]
      for gene in donated { genome.choices[gene] = donorGenome.choices[gene] }
      offspring = Offspring(
        member: 7, base: 0, donor: sameParent ? 0 : 1, genome: genome, donatedGenes: donated, change: .mix,
        freshSeed: 1, noiseSeed: 2)
      base = task.checkpoint(genomes[0], trained: true)
      donor = task.checkpoint(donorGenome, trained: true)
      fresh = task.checkpoint(genome, trained: false)
    }

    /// An offspring with one parent.
    init(_ seed: UInt64, _ change: (ToyTask, inout Genome) -> Offspring.Change, donor: Int? = nil) {
      var random = SeededGenerator(seed: seed)
      task = ToyTask(&random)
      var genome = task.genome(&random)
      base = task.checkpoint(genome, trained: true)
      let change = change(task, &genome)
      offspring = Offspring(
        member: 7, base: 0, donor: donor, genome: genome, donatedGenes: [], change: change, freshSeed: 1,
        noiseSeed: seed)
      self.donor = donor == nil ? nil : base
      fresh = task.checkpoint(genome, trained: false)
    }

    func plan(_ change: (inout MethodSettings) -> Void = { _ in }) -> InheritancePlan {
      var settings = MethodSettings.test()
      change(&settings)
      return inherit(offspring, in: task.space, settings, base: base, donor: donor, fresh: fresh)
    }

    func isDonated(_ tensor: TensorDescription) -> Bool {
      task.space.genes(owning: TensorName(tensor.name).parameter).contains {
        offspring.donatedGenes.contains($0)
      }
    }

    func isWeight(_ tensor: TensorDescription) -> Bool {
      [".weight", ".bias"].contains { tensor.name.hasSuffix($0) } && !tensor.name.hasPrefix("average.")
    }
  }

  // MARK: Mixing

  @Test func aDonatedWeightIsShrunkAndPerturbedAndEverythingElseIsTheBases() {
    var seen: Set<TensorSource> = []
    for seed in 1...500 as ClosedRange<UInt64> {
      let mixed = Mixed(seed)
      let plan = mixed.plan()
      for entry in plan.network {
        let tensor = entry.tensor
        let (first, second) =
          mixed.isDonated(tensor) ? (mixed.donor, mixed.base) : (mixed.base, mixed.donor)
        let fromDonor = mixed.isWeight(tensor) ? Self.shrunk : .donor
        let (ifFirst, ifSecond) =
          mixed.isDonated(tensor) ? (fromDonor, TensorSource.base) : (.base, fromDonor)
        let expected =
          first?[tensor.name]?.shape == tensor.shape
          ? ifFirst : second?[tensor.name]?.shape == tensor.shape ? ifSecond : .fresh
        #expect(entry.source == expected, "seed \(seed), \(tensor.name)")
        #expect(plan.missing.contains(tensor.name) == (expected == .fresh), "seed \(seed), \(tensor.name)")
        seen.insert(entry.source)
      }
    }
    #expect(seen == [.base, .donor, .fresh, Self.shrunk], "the examples cover all sources")
  }

  @Test func anOffspringHasTheTensorsOfAFreshNetworkAndThenOptimizerState() {
    for seed in 1...300 as ClosedRange<UInt64> {
      let mixed = Mixed(seed)
      let plan = mixed.plan()
      let count = mixed.fresh.tensors.count
      #expect(plan.entries.prefix(count).map(\.tensor) == mixed.fresh.tensors, "seed \(seed)")
      for entry in plan.entries.dropFirst(count) {
        guard case .optimizerState = TensorName(entry.tensor.name) else {
          Issue.record("\(entry.tensor.name) is no optimiser state, seed \(seed)")
          continue
        }
      }
      #expect(Set(plan.entries.map(\.tensor.name)).count == plan.entries.count, "seed \(seed)")
    }
  }

  @Test func buffersAndAveragesAreNeverScaled() {
    for seed in 1...300 as ClosedRange<UInt64> {
      let mixed = Mixed(seed)
      for entry in mixed.plan().entries where !mixed.isWeight(entry.tensor) {
        #expect([.base, .donor, .fresh].contains(entry.source), "seed \(seed), \(entry.tensor.name)")
      }
    }
  }

  @Test func aGeneWithoutWeightsMovesOnlyItsOption() {
    let space = SearchSpace(genes: [
      Gene(name: "pool", options: ["avg", "max"], owns: []),
      Gene(name: "c", options: ["conv"], owns: ["net.c"]),
    ])
    let tensors = [TensorDescription(name: "net.c.weight", shape: [2, 2], isFloatingPoint: true)]
    let contents = CheckpointContents(tensors: tensors, buffers: [])
    let offspring = Offspring(
      member: 0, base: 1, donor: 2, genome: Genome([1, 0]), donatedGenes: [0], change: .mix, freshSeed: 0,
      noiseSeed: 0)
    let plan = inherit(offspring, in: space, .test(), base: contents, donor: contents, fresh: contents)
    #expect(plan.entries.map(\.source) == [.base])
    #expect(plan.missing.isEmpty)
  }

  @Test func withTheSameMemberAsBothParentsNothingIsMissing() {
    for seed in 1...100 as ClosedRange<UInt64> {
      let mixed = Mixed(seed, sameParent: true)
      let plan = mixed.plan()
      #expect(plan.missing.isEmpty, "seed \(seed)")
      for entry in plan.network {
        let expected: TensorSource =
          !mixed.isDonated(entry.tensor) ? .base : mixed.isWeight(entry.tensor) ? Self.shrunk : .donor
        #expect(entry.source == expected, "seed \(seed), \(entry.tensor.name)")
      }
    }
  }

  @Test func theEndsOfShrinkPerturbAreExact() {
    for seed in 1...100 as ClosedRange<UInt64> {
      let mixed = Mixed(seed)
      let copied = mixed.plan { ($0.lambda, $0.gamma) = (1, 0) }
      let anew = mixed.plan { ($0.lambda, $0.gamma) = (0, 1) }
      for (index, entry) in mixed.plan().entries.enumerated() {
        let isShrunk = entry.source == Self.shrunk
        #expect(copied.entries[index].source == (isShrunk ? .donor : entry.source), "seed \(seed)")
        #expect(anew.entries[index].source == (isShrunk ? .fresh : entry.source), "seed \(seed)")
      }
      #expect(copied.missing == anew.missing, "seed \(seed)")
    }
  }

  // MARK: Optimiser state

  @Test(arguments: [OptimizerStateRule.inherit, .base, .reset])
  func optimizerStateFitsItsParameterAndFollowsTheRule(rule: OptimizerStateRule) throws {
    var seen: Set<TensorSource> = []
    for seed in 1...500 as ClosedRange<UInt64> {
      let mixed = Mixed(seed)
      let plan = mixed.plan { $0.optimizerState = rule }
      let sources = Dictionary(uniqueKeysWithValues: plan.entries.map { ($0.tensor.name, $0) })
      for parameter in plan.network.filter({ mixed.isWeight($0.tensor) }) {
        let name = parameter.tensor.name
        let sameInBoth = mixed.base[name]?.shape == parameter.tensor.shape
        let expected: TensorSource? =
          switch parameter.source {
          case .base: .base
          case .fresh: nil
          default: !sameInBoth || rule == .reset ? nil : rule == .inherit ? .donor : .base
          }
        for (key, shape) in [("exp_avg", parameter.tensor.shape), ("step", [])] {
          let state = sources["optimizer.\(name).\(key)"]
          #expect(state?.source == expected, "seed \(seed), \(name).\(key)")
          if let state { #expect(state.tensor.shape == shape, "seed \(seed), \(name).\(key)") }
        }
        if let expected { seen.insert(expected) }
      }
    }
    #expect(seen == (rule == .inherit ? [.base, .donor] : [.base]))
  }

  @Test func aParameterThatTheOtherParentHadToGiveDoesNotGetTheFirstOnesState() {
    // The donated layer has a shape in the donor that the offspring cannot use, where the base's fits; and the
    // other way round for a layer that is not donated.
    let space = SearchSpace(genes: [
      Gene(name: "a", options: ["x", "y"], owns: ["a"]), Gene(name: "b", options: ["x", "y"], owns: ["b"]),
    ])
    func contents(_ shapes: [(String, [Int])], trained: Bool) -> CheckpointContents {
      CheckpointContents(
        tensors: shapes.flatMap { name, shape in
          (trained ? [name, "optimizer.\(name).exp_avg"] : [name]).map {
            TensorDescription(name: $0, shape: shape, isFloatingPoint: true)
          }
        }, buffers: [])
    }
    let offspring = Offspring(
      member: 0, base: 1, donor: 2, genome: Genome([0, 0]), donatedGenes: [0], change: .mix, freshSeed: 0,
      noiseSeed: 0)
    let plan = inherit(
      offspring, in: space, .test(), base: contents([("a.w", [2]), ("b.w", [9])], trained: true),
      donor: contents([("a.w", [9]), ("b.w", [2])], trained: true),
      fresh: contents([("a.w", [2]), ("b.w", [2])], trained: false))
    #expect(plan.entries.map(\.tensor.name) == ["a.w", "b.w", "optimizer.a.w.exp_avg"])
    #expect(plan.entries.map(\.source) == [.base, Self.shrunk, .base])
    #expect(plan.entries.last?.tensor.shape == [2])
  }

  /// Checkpoints of networks with these parameters, in this order; only trained ones have state.
  private func contents(_ parameters: [(String, [Int])], trained: Bool) -> CheckpointContents {
    let network = parameters.map { TensorDescription(name: $0, shape: $1, isFloatingPoint: true) }
    let buffer = TensorDescription(name: "generator.a.mean", shape: [7], isFloatingPoint: true)
    let state = parameters.flatMap { name, shape in
      [("exp_avg", shape), ("step", [])].map {
        TensorDescription(name: "optimizer.\(name).\($0.0)", shape: $0.1, isFloatingPoint: true)
      }
    }
    return CheckpointContents(
      tensors: [buffer] + network + (trained ? state : []), buffers: ["generator.a.mean"])
  }

  @Test func byPositionTheBasesStateGoesToWhatStandsInTheSamePlace() {
    // The generator: one layer goes, another comes, the one between moves up. The discriminator has a
    // parameter more than before. The critic is as it was, but for a shape.
    let base = contents(
      [
        ("generator.a.w", [2]), ("generator.b.w", [2]), ("generator.c.w", [3]), ("discriminator.w", [2]),
        ("critic.w", [5]), ("critic.v", [6]),
      ], trained: true)
    let fresh = contents(
      [
        ("generator.b.w", [2]), ("generator.c.w", [3]), ("generator.d.w", [3]), ("discriminator.w", [2]),
        ("discriminator.v", [2]), ("critic.w", [5]), ("critic.v", [7]),
      ], trained: false)
    let space = SearchSpace(genes: [Gene(name: "d", options: ["x", "y"], owns: ["generator.d"])])
    var settings = MethodSettings.test()
    settings.optimizerState = .byPosition
    let offspring = Offspring(
      member: 0, base: 1, donor: 2, genome: Genome([0]), donatedGenes: [0], change: .mix, freshSeed: 0,
      noiseSeed: 0)
    let plan = inherit(offspring, in: space, settings, base: base, donor: base, fresh: fresh)
    let state = plan.entries.dropFirst(plan.network.count)
    #expect(
      state.map(\.tensor.name) == [
        "optimizer.generator.b.w.exp_avg", "optimizer.generator.b.w.step",
        "optimizer.generator.d.w.exp_avg", "optimizer.generator.d.w.step",
        "optimizer.critic.w.exp_avg", "optimizer.critic.w.step",
      ])
    #expect(
      state.map(\.source) == [
        .baseTensor(named: "optimizer.generator.a.w.exp_avg"),
        .baseTensor(named: "optimizer.generator.a.w.step"),
        .baseTensor(named: "optimizer.generator.c.w.exp_avg"),
        .baseTensor(named: "optimizer.generator.c.w.step"),
        .base, .base,
      ])
    #expect(state.map(\.tensor.shape) == [[2], [], [3], [], [5], []])
  }

  @Test func byPositionANetworksStateIsDroppedWhereItsNumberOfParametersChanges() throws {
    var (kept, dropped, renamed) = (0, 0, 0)
    for seed in 1...500 as ClosedRange<UInt64> {
      let mixed = Mixed(seed)
      let plan = mixed.plan { $0.optimizerState = .byPosition }
      #expect(plan.network == mixed.plan().network, "only state follows the rule, seed \(seed)")
      let theirs = mixed.base.tensors.filter(mixed.isWeight)
      let ours = mixed.fresh.tensors.filter(mixed.isWeight)
      let state = plan.entries.dropFirst(plan.network.count)
      guard theirs.count == ours.count else {
        #expect(state.isEmpty, "seed \(seed)")
        dropped += 1
        continue
      }
      kept += 1
      for (parameter, heir) in zip(theirs, ours) {
        let name = "optimizer.\(heir.name).exp_avg"
        let entry = state.first { $0.tensor.name == name }
        #expect((entry != nil) == (parameter.shape == heir.shape), "seed \(seed), \(name)")
        guard let entry else { continue }
        let expected: TensorSource =
          parameter.name == heir.name
          ? .base : .baseTensor(named: "optimizer.\(parameter.name).exp_avg")
        #expect(entry.source == expected && entry.tensor.shape == heir.shape, "seed \(seed), \(name)")
        if entry.source != .base { renamed += 1 }
      }
    }
    #expect(kept > 50 && dropped > 50 && renamed > 10, "\(kept) \(dropped) \(renamed)")
  }

  @Test func byPositionACopyAndAFreshLayerOfTheSameShapeKeepTheBasesState() {
    let copy = Mixed(12, { _, _ in .copy })
    let plan = copy.plan { $0.optimizerState = .byPosition }
    #expect(plan == copy.plan())
    let base = contents([("net.a", [2]), ("net.b", [3])], trained: true)
    let space = SearchSpace(genes: [Gene(name: "a", options: ["x", "y"], owns: ["net.a"])])
    let mutant = Offspring(
      member: 0, base: 1, donor: nil, genome: Genome([1]), donatedGenes: [], change: .freshLayer(gene: 0),
      freshSeed: 0, noiseSeed: 0)
    var settings = MethodSettings.test()
    settings.optimizerState = .byPosition
    let entries = inherit(
      mutant, in: space, settings, base: base, donor: nil,
      fresh: contents([("net.a", [2]), ("net.b", [3])], trained: false)
    ).entries
    #expect(entries.first { $0.tensor.name == "net.a" }?.source == .fresh)
    #expect(entries.first { $0.tensor.name == "optimizer.net.a.exp_avg" }?.source == .base)
  }

  @Test func stateThatAParentLacksStartsFromZero() {
    let mixed = Mixed(1)
    let untrained = mixed.task.checkpoint(Genome(mixed.offspring.genome.choices), trained: false)
    let plan = inherit(
      mixed.offspring, in: mixed.task.space, .test(), base: untrained, donor: untrained, fresh: untrained)
    #expect(plan.entries.map(\.tensor) == untrained.tensors)
  }

  // MARK: Baselines

  @Test func aCopyIsTheBaseBitForBitWithItsState() {
    let copy = Mixed(12, { _, _ in .copy })
    let plan = copy.plan()
    #expect(plan.entries.allSatisfy { $0.source == .base })
    #expect(Set(plan.entries.map(\.tensor)) == Set(copy.base.tensors))
  }

  @Test func aMutatedGenesLayerIsFreshWithItsAveragesAndWithoutState() {
    for seed in 1...200 as ClosedRange<UInt64> {
      let mutated = Mixed(
        seed,
        { task, genome in
          genome.choices[0] = (genome.choices[0] + 1) % task.space.genes[0].options.count
          return .freshLayer(gene: 0)
        })
      let plan = mutated.plan()
      for entry in plan.entries {
        let name = entry.tensor.name
        let isOwned = TensorName.prefix("net.g0", covers: TensorName(name).parameter)
        let isNew = !isOwned && mutated.base[name]?.shape != entry.tensor.shape
        #expect(entry.source == (isOwned || isNew ? .fresh : .base), "seed \(seed), \(name)")
        #expect(plan.missing.contains(name) == isNew, "seed \(seed), \(name)")
        if isOwned { #expect(!name.hasPrefix("optimizer."), "seed \(seed), \(name)") }
      }
    }
  }

  @Test func noiseFallsOnSomeMatricesAndOnNothingElse() {
    var counts: [Int: Int] = [:]
    for seed in 1...300 as ClosedRange<UInt64> {
      let noisy = Mixed(seed, { _, _ in .weightNoise })
      let plan = noisy.plan()
      var seeds: [UInt64] = []
      for entry in plan.entries {
        if case .noise(let noiseSeed) = entry.source {
          seeds.append(noiseSeed)
          #expect(noisy.isWeight(entry.tensor) && entry.tensor.shape.count >= 2, "seed \(seed)")
        } else {
          #expect(entry.source == .base, "seed \(seed)")
        }
      }
      #expect(!seeds.isEmpty && Set(seeds).count == seeds.count, "seed \(seed)")
      counts[seeds.count, default: 0] += 1
      #expect(plan == noisy.plan(), "the same seed gives the same plan, seed \(seed)")
      #expect(Set(plan.entries.map(\.tensor)) == Set(noisy.base.tensors), "seed \(seed)")
    }
    #expect(counts.count > 3, "the number of noisy tensors varies")
  }

  @Test(arguments: OptimizerStateRule.allCases)
  func shrinkPerturbOfAWholeNetworkLeavesAveragesAndBuffersAlone(rule: OptimizerStateRule) {
    for seed in 1...50 as ClosedRange<UInt64> {
      let whole = Mixed(seed, { _, _ in .shrinkPerturbAll }, donor: 0)
      let plan = whole.plan { $0.optimizerState = rule }
      for entry in plan.network {
        #expect(entry.source == (whole.isWeight(entry.tensor) ? Self.shrunk : .base), "seed \(seed)")
      }
      let state = plan.entries.dropFirst(plan.network.count)
      #expect(state.isEmpty == (rule == .reset), "seed \(seed)")
      #expect(state.allSatisfy { $0.source == .base }, "seed \(seed)")
      #expect(plan.missing.isEmpty)
    }
  }
}

extension InheritancePlan {
  /// The entries without optimiser state.
  fileprivate var network: [Entry] {
    entries.filter {
      if case .optimizerState = TensorName($0.tensor.name) { false } else { true }
    }
  }
}
