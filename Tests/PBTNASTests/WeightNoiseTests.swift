import Testing

@testable import PBTNAS

@Suite struct WeightNoiseTests {
  private func noisy(_ weights: [Float], seed: UInt64) -> [Float] {
    var weights = weights
    weights.withUnsafeMutableBufferPointer { addWeightNoise(to: $0, seed: seed) }
    return weights
  }

  @Test(arguments: [0, 1, 9, 10, 11, 100, 1234])
  func atMostATenthOfATensorChanges(count: Int) {
    let weights = (0..<count).map { Float($0) - 50.5 }
    var most = 0
    for seed in 1...200 as ClosedRange<UInt64> {
      let changed = zip(weights, noisy(weights, seed: seed)).count { $0 != $1 }
      #expect(changed <= count / 10, "seed \(seed)")
      most = max(most, changed)
    }
    #expect(most > 0 || count < 10)
  }

  @Test("noise stays within what the elements' type can be")
  func limits() {
    for (largest, limit) in [(65_504.0, 65_504 as Float), (.infinity, 1e6)] {
      var weights = [Float](repeating: 60_000, count: 10_000)
      for seed in 1...20 as ClosedRange<UInt64> {
        weights.withUnsafeMutableBufferPointer { addWeightNoise(to: $0, seed: seed, largest: largest) }
      }
      #expect(weights.map(abs).max() == limit)
    }
  }

  @Test func theSameSeedGivesTheSameNoise() {
    let weights = [Float](repeating: 0.5, count: 1000)
    #expect(noisy(weights, seed: 3) == noisy(weights, seed: 3))
    #expect(noisy(weights, seed: 3) != noisy(weights, seed: 4))
  }

  @Test func theThreeKindsOfNoiseHaveTheirShareAndSize() {
    // At w = 1000 the kinds part: N(0, 1) lies near 0, w + N(0, 100) within 600 of w, w + N(0, 10,000) mostly
    // beyond.
    var (resets, small, large) = ([Double](), [Double](), [Double]())
    for seed in 1...400 as ClosedRange<UInt64> {
      for weight in noisy([Float](repeating: 1000, count: 1000), seed: seed) where weight != 1000 {
        let change = Double(weight) - 1000
        if abs(weight) < 6 {
          resets.append(Double(weight))
        } else if abs(change) < 600 {
          small.append(change)
        } else {
          large.append(change)
        }
      }
    }
    let total = Double(resets.count + small.count + large.count)
    // A number of elements that is uniform in 0...100 is 50 on average, with a standard deviation of 29.
    #expect(abs(total / 400 - 50) < 5 * 29 / 20 + 2)
    // Five standard deviations at about 20,000 changes, and a margin for elements that are drawn twice.
    #expect(abs(Double(resets.count) / total - 0.05) < 0.012)
    #expect(abs(Double(large.count) / total - 0.05) < 0.012)
    // The median of |N(0, 1)| is 0.674, and 0.713 without what lies below 0.06. Medians do not mind the few
    // elements that were drawn twice.
    func median(_ values: [Double]) -> Double { values.map(abs).sorted()[values.count / 2] }
    #expect(abs(median(resets) / 0.674 - 1) < 0.15)
    #expect(abs(median(small) / 67.4 - 1) < 0.05)
    #expect(abs(median(large) / 7130 - 1) < 0.15)
  }

  @Test func resultsAreLimited() {
    let results = (1...50 as ClosedRange<UInt64>).flatMap { seed in
      noisy([Float](repeating: -9e5, count: 1000), seed: seed)
    }
    #expect(results.allSatisfy { abs($0) <= 1e6 })
    #expect(results.contains(-1e6))
    #expect(results.contains(1e6))
  }

  @Test func aZeroWeightChangesOnlyByReplacement() {
    let results = noisy([Float](repeating: 0, count: 10_000), seed: 8)
    let changed = results.filter { $0 != 0 }
    #expect(!changed.isEmpty)
    #expect(changed.count < 100)
  }
}
