import Testing

@testable import PBTNAS

@Suite struct SearchSpaceTests {
  private let space = SearchSpace(genes: [
    Gene(name: "c0", options: ["none", "conv"], owns: ["net.c0"]),
    Gene(name: "c1", options: ["none", "conv", "skip"], owns: ["net.c1", "critic.c1"]),
    Gene(name: "pool", options: ["avg", "max"], owns: []),
  ])

  @Test func aSoundSpaceIsAccepted() throws {
    try space.validate()
  }

  @Test func aSpaceThatCannotBeSearchedIsRefused() {
    func refuses(_ genes: [Gene], _ error: SearchSpaceError) {
      #expect(throws: error) { try SearchSpace(genes: genes).validate() }
    }
    func gene(_ name: String, _ options: [String] = ["a", "b"], owns: [String] = []) -> Gene {
      Gene(name: name, options: options, owns: owns)
    }
    refuses([], .noGenes)
    refuses([gene("x"), gene("x")], .duplicateGene("x"))
    refuses([gene("x", [])], .noOptions(gene: "x"))
    refuses([gene("x", ["a", "b", "a"])], .duplicateOption(gene: "x", option: "a"))
    refuses(
      [gene("x", owns: ["net.a"]), gene("y", owns: ["net.a"])],
      .sharedLayer(prefix: "net.a", first: "x", second: "y"))
  }

  @Test func aGeneThatOwnsAPartOfAnothersLayerIsRefused() {
    let outer = Gene(name: "outer", options: ["a", "b"], owns: ["net.cell"])
    let inner = Gene(name: "inner", options: ["a", "b"], owns: ["net.cell.c0"])
    let error = SearchSpaceError.sharedLayer(prefix: "net.cell.c0", first: "outer", second: "inner")
    #expect(throws: error) { try SearchSpace(genes: [outer, inner]).validate() }
    #expect(throws: error) { try SearchSpace(genes: [inner, outer]).validate() }
  }

  @Test func neighboursWithACommonStartAreTwoLayers() throws {
    let genes = ["net.c1", "net.c10"].map { Gene(name: $0, options: ["a", "b"], owns: [$0]) }
    let space = SearchSpace(genes: genes)
    try space.validate()
    #expect(space.genes(owning: "net.c1.weight") == [0])
    #expect(space.genes(owning: "net.c10.weight") == [1])
  }

  @Test(arguments: ["", ".net", "net.", "net..c0", "average.net.c0", "optimizer.net.c0"])
  func whatCannotBeTheStartOfAParametersNameIsRefused(prefix: String) {
    let space = SearchSpace(genes: [Gene(name: "x", options: ["a", "b"], owns: [prefix])])
    #expect(throws: SearchSpaceError.badPrefix(prefix, gene: "x")) { try space.validate() }
  }

  @Test func aGenomeOfAnotherSpaceIsRefused() throws {
    try space.check(Genome([1, 2, 0]))
    #expect(throws: SearchSpaceError.wrongLength(expected: 3, found: 2)) { try space.check(Genome([1, 2])) }
    for choice in [-1, 3] {
      #expect(
        throws: SearchSpaceError.noSuchChoice(
          gene: "c1", choice: choice, options: ["none", "conv", "skip"])
      ) { try space.check(Genome([1, choice, 0])) }
    }
  }

  @Test func aGenomeSurvivesTheWayOverItsOptionNames() throws {
    for seed in 1...50 as ClosedRange<UInt64> {
      var random = SeededGenerator(seed: seed)
      let task = ToyTask(&random)
      let genome = task.genome(&random)
      let names = task.space.optionNames(of: genome)
      #expect(names.map(\.gene) == task.space.genes.map(\.name), "seed \(seed)")
      let named = Dictionary(uniqueKeysWithValues: names.map { ($0.gene, $0.option) })
      #expect(try task.space.genome(named: named) == genome, "seed \(seed)")
    }
  }

  @Test func optionNamesThatMakeNoGenomeAreRefused() {
    let whole = ["c0": "none", "c1": "skip", "pool": "max"]
    var options = whole
    options["pool"] = nil
    #expect(throws: SearchSpaceError.missingGenes(["pool"])) { try space.genome(named: options) }
    options = whole.merging(["c2": "conv"]) { old, _ in old }
    #expect(throws: SearchSpaceError.unknownGene("c2", known: ["c0", "c1", "pool"])) {
      try space.genome(named: options)
    }
    options = whole.merging(["c0": "skip"]) { _, new in new }
    #expect(throws: SearchSpaceError.noSuchOption(gene: "c0", option: "skip", options: ["none", "conv"])) {
      try space.genome(named: options)
    }
  }

  @Test func theSummaryHasOneCharacterAGene() {
    #expect(space.summary(of: Genome([0, 2, 1])) == "021")
    #expect(space.summary(of: Genome([9, 10, 35, 36, 1000, -1])) == "9az+++")
  }

  @Test func errorsNameTheGeneAndWhatWasExpected() {
    let error = SearchSpaceError.noSuchOption(gene: "c0", option: "skip", options: ["none", "conv"])
    #expect("\(error)" == "gene `c0` has no option `skip`; its options are none, conv")
    #expect("\(SearchSpaceError.badPrefix("net.", gene: "c0"))".contains("gene `c0` owns `net.`"))
  }
}
