@testable import PBTNAS

/// A random search space with a made-up network for each genome, for property tests.
///
/// Gene 0 owns one layer, gene 1 none, the others up to two. A layer has no weights with option 0, and a shape
/// that some options share. Genes 0 and 1 together decide the width of `net.stem` and whether `net.extra`
/// exists, layers that no gene owns: so an offspring can need what neither parent has.
struct ToyTask {
  let space: SearchSpace

  init(_ random: inout SeededGenerator) {
    let genes = (0..<3 + random.below(8)).map { index in
      let options = (0..<2 + random.below(5)).map { "option\($0)" }
      let layers = ["net.g\(index)", "net.second.g\(index)"].prefix(index == 0 ? 1 : random.below(3))
      return Gene(name: "g\(index)", options: options, owns: index == 1 ? [] : Array(layers))
    }
    space = SearchSpace(genes: genes)
  }

  func genome(_ random: inout SeededGenerator) -> Genome {
    Genome(space.genes.map { random.below($0.options.count) })
  }

  func population(_ size: Int, _ random: inout SeededGenerator) -> [Genome] {
    (0..<size).map { _ in genome(&random) }
  }

  /// The checkpoint of a network: only a trained one has optimiser state.
  func checkpoint(_ genome: Genome, trained: Bool) -> CheckpointContents {
    var layers: [(name: String, width: Int)] = [("net.stem", 4 + genome.choices[0] + genome.choices[1])]
    for (gene, choice) in zip(space.genes, genome.choices) where choice > 0 {
      layers += gene.owns.map { ($0, 2 + choice / 2) }
    }
    if genome.choices[0] > 0 && genome.choices[1] == 1 { layers.append(("net.extra", 3)) }
    return CheckpointContents(
      tensors: layers.flatMap { Self.tensors(of: $0.name, width: $0.width, trained: trained) },
      buffers: Set(layers.flatMap { ["\($0.name).running_mean", "\($0.name).batches"] }))
  }

  private static func tensors(of layer: String, width: Int, trained: Bool) -> [TensorDescription] {
    let parameters = [("\(layer).weight", [width, 3]), ("\(layer).bias", [3])]
    let averages = parameters.map { ("average.\($0.0)", $0.1) }
    let state = parameters.flatMap {
      [("optimizer.\($0.0).exp_avg", $0.1), ("optimizer.\($0.0).step", [])]
    }
    let floats = parameters + averages + [("\(layer).running_mean", [width])] + (trained ? state : [])
    return floats.map { TensorDescription(name: $0.0, shape: $0.1, isFloatingPoint: true) }
      + [TensorDescription(name: "\(layer).batches", shape: [], isFloatingPoint: false)]
  }
}

extension MethodSettings {
  /// Settings in which every member could be drawn, for tests that change a few of them.
  static func test(
    _ strategy: Strategy = .pbtNAS, population: Int = 12, mixProbability: Double = 0.25
  ) -> MethodSettings {
    MethodSettings(
      populationSize: population, intervals: 100, mixProbability: mixProbability, strategy: strategy,
      hyperparameters: strategy == .pbt
        ? [Hyperparameter(name: "rate", .range(low: 0, high: 1, scale: .linear))] : [])
  }
}

/// Distinct fitness values in a random order.
func randomFitness(_ size: Int, _ random: inout SeededGenerator) -> [Double] {
  var fitness = (0..<size).map { Double($0) - 3.5 }
  random.shuffle(&fitness)
  return fitness
}

/// Pearson's chi-square of counts that should all be equal.
func chiSquare(_ counts: some Collection<Int>) -> Double {
  let expected = Double(counts.reduce(0, +)) / Double(counts.count)
  return counts.reduce(0) { $0 + (Double($1) - expected) * (Double($1) - expected) / expected }
}
