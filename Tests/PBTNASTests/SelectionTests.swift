import Testing

@testable import PBTNAS

@Suite struct SelectionTests {
  @Test func theWorstAreDroppedAndTheBestAreParents() throws {
    for seed in 1...200 as ClosedRange<UInt64> {
      var random = SeededGenerator(seed: seed)
      let size = 4 + random.below(40)
      var settings = MethodSettings.test(population: size)
      settings.tau = 0.01 + 0.49 * random.uniform()
      let fitness = randomFitness(size, &random)
      let selection = try select(fitness, settings)
      let sorted = fitness.sorted(by: >)
      #expect(selection.ranking.map { fitness[$0] } == sorted, "seed \(seed)")
      #expect(
        Set(selection.dropped.map { fitness[$0] }) == Set(sorted.suffix(settings.droppedCount)),
        "seed \(seed)")
      #expect(
        selection.parents.map { fitness[$0] } == Array(sorted.prefix(settings.parentCount)), "seed \(seed)")
      #expect(selection.dropped == selection.dropped.sorted(), "seed \(seed)")
      #expect(Set(selection.dropped).isDisjoint(with: selection.parents), "seed \(seed)")
    }
  }

  @Test func tiesGoToTheLowerMember() throws {
    let selection = try select([1, 2, 1, 2, 1, 2, 1, 2], .test(population: 8))
    #expect(selection.ranking == [1, 3, 5, 7, 0, 2, 4, 6])
    #expect(selection.parents == [1, 3])
    #expect(selection.dropped == [4, 6])
  }

  @Test func negativeAndPositiveZeroTie() {
    #expect(rank([0.0, -0.0, 0.0]) == [0, 1, 2])
  }

  @Test func membersThatDivergedRankLastAndAreNeverParents() throws {
    let fitness = [Double.infinity, -5, .nan, -7, -.infinity, -6, .nan, -8]
    let selection = try select(fitness, .test(population: 8))
    #expect(selection.ranking == [1, 5, 3, 7, 0, 2, 4, 6])
    #expect(selection.parents == [1, 5])
    #expect(selection.dropped == [4, 6])
  }

  @Test func twoFiniteMembersAreEnoughWhateverTheFractionAsksFor() throws {
    var fitness = [Double](repeating: .nan, count: 24)
    fitness[20] = -1
    fitness[3] = -2
    let selection = try select(fitness, .test(population: 24))
    #expect(selection.parents == [20, 3])
    #expect(selection.dropped.count == 6)
    #expect(Set(selection.dropped).isDisjoint(with: selection.parents))
  }

  @Test(arguments: [0, 1])
  func fewerThanTwoFiniteMembersEndTheRun(finite: Int) {
    let fitness = (0..<8).map { $0 < finite ? 1.0 : .nan }
    #expect(throws: MethodError.tooFewFinite(finite: finite, of: 8)) {
      try select(fitness, .test(population: 8))
    }
    #expect("\(MethodError.tooFewFinite(finite: finite, of: 8))".hasPrefix("\(finite) of 8 members"))
  }
}
