import Testing

@testable import PBTNAS

@Suite struct InitialPopulationTests {
  @Test func everyOptionIsDealtOutEvenly() throws {
    for seed in 1...200 as ClosedRange<UInt64> {
      var random = SeededGenerator(seed: seed)
      let space = ToyTask(&random).space
      let size = 4 + random.below(30)
      let genomes = try initialPopulation(space, size: size, seed: RunSeed(seed))
      #expect(genomes.count == size, "seed \(seed)")
      for genome in genomes { try space.check(genome) }
      for (index, gene) in space.genes.enumerated() {
        let counts = gene.options.indices.map { option in genomes.count { $0.choices[index] == option } }
        let share = size / gene.options.count
        #expect(counts.allSatisfy { $0 >= share }, "seed \(seed), gene \(index): \(counts)")
      }
    }
  }

  @Test func genesAreShuffledIndependently() throws {
    // 4 options over 4 members: each gene is a permutation; two genes agree in one member on average.
    let genes = (0..<2).map { Gene(name: "g\($0)", options: ["a", "b", "c", "d"], owns: []) }
    var agreements = 0
    for seed in 1...2000 as ClosedRange<UInt64> {
      let genomes = try initialPopulation(SearchSpace(genes: genes), size: 4, seed: RunSeed(seed))
      agreements += genomes.count { $0.choices[0] == $0.choices[1] }
    }
    // Fixed points of a random permutation: mean 1, variance 1; five standard errors.
    #expect(abs(Double(agreements) / 2000 - 1) < 5 / 2000.0.squareRoot())
  }

  @Test func whatIsLeftOverIsDrawnUniformly() throws {
    let space = SearchSpace(genes: [Gene(name: "g", options: ["a", "b", "c"], owns: [])])
    var counts = [0, 0, 0]
    for seed in 1...3000 as ClosedRange<UInt64> {
      for genome in try initialPopulation(space, size: 5, seed: RunSeed(seed)) {
        counts[genome.choices[0]] += 1
      }
    }
    // One of each in all 3000 populations, and 6000 draws of equal probability.
    let drawn = counts.map { $0 - 3000 }
    #expect(drawn.reduce(0, +) == 6000)
    #expect(chiSquare(drawn) < 2 + 5 * 2)
  }

  /// Golden values: `python3 reference/method.py`.
  @Test func theSamePopulationComesFromTheSameSeedForEver() throws {
    let counts = [3, 7, 2, 5, 1]
    let genes = counts.enumerated().map { index, count in
      Gene(name: "g\(index)", options: (0..<count).map(String.init), owns: [])
    }
    let genomes = try initialPopulation(SearchSpace(genes: genes), size: 8, seed: RunSeed(2023))
    #expect(
      genomes.map(\.choices) == [
        [2, 2, 0, 3, 0], [0, 3, 0, 2, 0], [0, 6, 1, 0, 0], [1, 0, 0, 4, 0], [1, 0, 1, 0, 0],
        [1, 5, 1, 4, 0], [2, 1, 0, 2, 0], [0, 4, 1, 1, 0],
      ])
  }

  @Test func aSpaceThatIsNotSoundIsRefused() {
    #expect(throws: SearchSpaceError.noGenes) {
      try initialPopulation(SearchSpace(genes: []), size: 4, seed: RunSeed(1))
    }
  }
}
