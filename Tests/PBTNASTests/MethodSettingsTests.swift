import Testing

@testable import PBTNAS

@Suite struct MethodSettingsTests {
  @Test func defaultsAreThePapers() {
    let settings = MethodSettings(populationSize: 24, intervals: 30)
    #expect(settings.tau == 0.25)
    #expect(settings.mixProbability == 0.25)
    #expect(settings.lambda == 0.4)
    #expect(settings.gamma == 0.1)
    #expect(settings.optimizerState == .inherit)
    #expect(settings.strategy == .pbtNAS)
    #expect((1...30).allSatisfy { settings.gate.isOpen(after: $0) })
    #expect(settings.problems().isEmpty)
  }

  @Test(arguments: [
    (4, 0.25, 1, 2), (5, 0.25, 2, 2), (8, 0.25, 2, 2), (12, 0.25, 3, 3), (18, 0.25, 5, 4), (24, 0.25, 6, 6),
    (36, 0.25, 9, 9), (6, 0.5, 3, 3), (7, 0.5, 4, 3), (8, 0.01, 1, 2), (10, 0.3, 3, 3), (30, 0.1, 3, 3),
  ])
  func membersAreWhole(population: Int, tau: Double, dropped: Int, parents: Int) {
    let settings = MethodSettings(populationSize: population, intervals: 1, tau: tau)
    #expect(settings.droppedCount == dropped)
    #expect(settings.parentCount == parents)
  }

  @Test func roundingErrorsCostNoMember() {
    // 0.29 * 100 is 28.999999999999996 in floating point; expected numbers are computed in whole numbers.
    #expect(0.29 * 100 < 29)
    for population in 4...400 {
      for hundredths in 1...50 {
        let settings = MethodSettings(
          populationSize: population, intervals: 1, tau: Double(hundredths) / 100)
        #expect(settings.droppedCount == population - (100 - hundredths) * population / 100)
        #expect(settings.parentCount == max(2, hundredths * population / 100))
        #expect(settings.droppedCount + settings.parentCount <= population)
      }
    }
  }

  @Test func theGateOfTheShortRunsIsReachable() {
    // Mixing from epoch 150 on, before that only at multiples of 20; intervals of 10 epochs, 300 epochs in all.
    let gate = MixingGate(from: 15, every: 2)
    for interval in 1..<30 {
      let epoch = interval * 10
      #expect(gate.isOpen(after: interval) == (epoch >= 150 || epoch % 20 == 0), "interval \(interval)")
    }
  }

  @Test func impossibleSettingsAreNamed() {
    func problems(_ change: (inout MethodSettings) -> Void) -> [String] {
      var settings = MethodSettings.test()
      change(&settings)
      return settings.problems().map(\.setting)
    }
    #expect(problems { _ in }.isEmpty)
    #expect(problems { $0.populationSize = 3 } == ["populationSize"])
    #expect(problems { $0.populationSize = .min } == ["populationSize"])
    #expect(problems { $0.intervals = 0 } == ["intervals"])
    for tau in [0, -0.25, 0.51, .nan, .infinity] { #expect(problems { $0.tau = tau } == ["tau"]) }
    for value in [-0.1, 1.1, .nan, .infinity] {
      #expect(problems { $0.mixProbability = value } == ["mixProbability"])
      #expect(problems { $0.lambda = value } == ["lambda"])
      #expect(problems { $0.gamma = value } == ["gamma"])
    }
    #expect(problems { $0.gate.from = 0 } == ["gate.from"])
    #expect(problems { $0.gate.every = 0 } == ["gate.every"])
    #expect(
      problems {
        $0.populationSize = 2
        $0.tau = 0.7
      } == ["populationSize", "tau"])
    #expect(
      problems {
        $0.lambda = 1
        $0.gamma = 0
      }.isEmpty)
    #expect(
      problems {
        $0.lambda = 0
        $0.gamma = 1
      }.isEmpty)
  }

  @Test func aSpaceWithoutAChoiceIsNothingToSearch() {
    let fixed = SearchSpace(genes: [Gene(name: "c0", options: ["conv"], owns: [])])
    let searched = SearchSpace(genes: fixed.genes + [Gene(name: "c1", options: ["a", "b"], owns: [])])
    for strategy in Strategy.allCases {
      let settings = MethodSettings.test(strategy)
      #expect(settings.problems(searchSpace: searched).isEmpty)
      #expect(settings.problems(searchSpace: fixed).isEmpty == [.noMixing, .pbt].contains(strategy))
      // Numbers are something to search, too: for PBT's own baseline, random search.
      var numbers = settings
      numbers.hyperparameters = [Hyperparameter(name: "rate", .list([1, 2]))]
      #expect(numbers.problems(searchSpace: fixed).isEmpty)
    }
  }

  @Test func namesInFilesStay() {
    #expect(
      Strategy.allCases.map(\.rawValue) == [
        "pbt-nas", "random-search", "mutation", "no-mixing", "random-search-shrink-perturb",
        "pbt",
      ])
    #expect(OptimizerStateRule.allCases.map(\.rawValue) == ["inherit", "base", "reset", "by-position"])
    #expect(MutationParent.allCases.map(\.rawValue) == ["uniform", "tournament"])
  }
}
