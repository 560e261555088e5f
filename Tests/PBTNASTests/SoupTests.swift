import Testing

@testable import PBTNAS

@Suite struct SoupTests {
  @Test("candidates are the finite members with the best one's genome, the best first")
  func candidates() {
    let (a, b) = (Genome([0, 1]), Genome([1, 1]))
    #expect(soupCandidates([a, b, a, a, b, a], fitness: [1, 5, 7, .nan, 9, 7]) == [4, 1])
    #expect(soupCandidates([a, b, a, a, b, a], fitness: [1, 5, 7, .infinity, 6, 7]) == [2, 5, 0])
    #expect(soupCandidates([a, a], fitness: [.nan, .nan]).isEmpty)
    for seed in 1...100 as ClosedRange<UInt64> {
      var random = SeededGenerator(seed: seed)
      let population = (0..<12).map { _ in random.below(2) == 0 ? a : b }
      let fitness = randomFitness(12, &random)
      let found = soupCandidates(population, fitness: fitness)
      let best = fitness.indices.max { fitness[$0] < fitness[$1] } ?? 0
      #expect(
        found.first == best
          && Set(found) == Set(population.indices.filter { population[$0] == population[best] }))
      #expect(zip(found, found.dropFirst()).allSatisfy { fitness[$0] > fitness[$1] }, "seed \(seed)")
    }
  }

  @Test(
    "weights, statistics and averaged copies are averaged; counters, optimiser state and singular vectors are not",
    arguments: [
      ("net.a.weight", true, false, true), ("net.a.bias", true, false, true),
      ("average.net.a.bias", true, false, true),
      ("net.a.running_var", true, true, true), ("net.a.num_batches_tracked", false, true, false),
      ("optimizer.net.a.weight.exp_avg", true, false, false), ("net.a.weight_u", true, true, false),
      ("net.a.weight_v", true, true, false), ("net.a.parametrizations.weight.0._u", true, true, false),
      // A weight of that name is none.
      ("net.rotation_v", true, false, true),
    ])
  func averaged(name: String, isFloatingPoint: Bool, isBuffer: Bool, expected: Bool) {
    let tensor = TensorDescription(name: name, shape: [2], isFloatingPoint: isFloatingPoint)
    let contents = CheckpointContents(tensors: [tensor], buffers: isBuffer ? [name] : [])
    #expect(contents.isAveragedInSoup(tensor) == expected)
    #expect(contents.isAveragedInSoup(tensor, parts: ["other", "net"]) == expected)
    #expect(!contents.isAveragedInSoup(tensor, parts: ["ne", "net.a.weights", "average"]))
  }

  @Test(
    "a part is a whole beginning of names of weights; of another, the names that could stand there are said",
    arguments: [
      ("net", nil), ("net.a", nil), ("net.a.weight", nil), ("head", nil),
      ("ne", ["head", "net"]), ("", ["head", "net"]), ("average.net", ["head", "net"]),
      ("net.c", ["net.a", "net.b"]), ("net.a.bias.x", ["net.a.weight"]), ("net.count", ["net.a", "net.b"]),
    ])
  func parts(part: String, known: [String]?) {
    let contents = CheckpointContents(
      tensors: ["net.a.weight", "average.net.a.weight", "net.b.weight", "head", "net.count"].map {
        TensorDescription(name: $0, shape: [1], isFloatingPoint: $0 != "net.count")
      }, buffers: ["net.count"])
    let unknown = contents.unknownSoupPart(among: ["net", part])
    #expect(unknown?.known == known && unknown?.part == known.map { _ in part })
  }
}
