// The method in a training loop of one's own: which networks go, and what comes instead.
import PBTNAS

let space = SearchSpace(genes: [
  Gene(name: "depth", options: ["2", "4", "8"], owns: ["body"]),
  Gene(name: "activation", options: ["relu", "gelu", "silu"], owns: []),
])
let method = MethodSettings(populationSize: 8, intervals: 5)
let seed = RunSeed(1)
var population = try initialPopulation(space, size: method.populationSize, seed: seed)

for interval in 1...method.intervals {
  // Here every network is trained for an interval and evaluated; this one prefers depth.
  let fitness = population.map { Double($0.choices[0]) }
  let next = try nextGeneration(
    after: interval, population, fitness: fitness, in: space, method, seed: seed)
  for offspring in next.offspring {
    // `inherit` plans an offspring's weights: which tensors come from which parent, and how.
    population[offspring.member] = offspring.genome
  }
  print("interval \(interval):", population.map(space.summary(of:)))
}
