/// Mutation PBT's choice of the weight tensors that get noise, with a seed for each: a random number of those
/// with two dimensions or more.
///
/// Norm layers' scales have one dimension, so they are never among them. Averaged copies get no noise.
func noisyWeights(
  _ offspring: Offspring, _ entries: [InheritancePlan.Entry], _ fresh: CheckpointContents
) -> [String: UInt64] {
  guard offspring.change == .weightNoise else { return [:] }
  var random = SeededGenerator(seed: offspring.noiseSeed)
  var candidates = entries.filter {
    $0.source == .base && $0.tensor.shape.count >= 2 && fresh.isWeight($0.tensor)
  }.map(\.tensor.name)
  guard !candidates.isEmpty else { return [:] }
  random.shuffle(&candidates)
  let chosen = candidates.prefix(1 + random.below(candidates.count))
  return Dictionary(uniqueKeysWithValues: chosen.map { ($0, random.next() >> 11) })
}

/// Adds mutation PBT's noise to a weight tensor: a random number of its elements, at most a tenth, each
/// changed with probability 0.05 by N(0, |10 w|), with 0.05 to N(0, 1), else by N(0, |0.1 w|) (second
/// parameters are standard deviations); the results are limited to ±10^6, or to what the elements can be.
///
/// Elements are drawn with replacement, as in SEARL (Franke et al. 2021, arXiv 2009.01555).
public func addWeightNoise<Weight: BinaryFloatingPoint>(
  to weights: UnsafeMutableBufferPointer<Weight>, seed: UInt64, largest: Double = .infinity
) {
  let limit = min(1e6, largest)
  var random = SeededGenerator(seed: seed)
  for _ in 0..<random.below(weights.count / 10 + 1) {
    let index = random.below(weights.count)
    let weight = Double(weights[index])
    let kind = random.uniform()
    let changed =
      if kind < 0.05 {
        weight + abs(10 * weight) * random.normal()
      } else if kind < 0.1 {
        random.normal()
      } else {
        weight + abs(0.1 * weight) * random.normal()
      }
    weights[index] = Weight(min(max(changed, -limit), limit))
  }
}
