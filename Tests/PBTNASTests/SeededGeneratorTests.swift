import Testing

@testable import PBTNAS

/// Golden values: `python3 reference/method.py`.
@Suite struct SeededGeneratorTests {
  private func drawn<Value>(
    _ count: Int, seed: UInt64, _ draw: (inout SeededGenerator) -> Value
  ) -> [Value] {
    var random = SeededGenerator(seed: seed)
    return (0..<count).map { _ in draw(&random) }
  }

  @Test func theStreamNeverChanges() {
    #expect(
      drawn(5, seed: 1_234_567) { $0.next() } == [
        6_457_827_717_110_365_317, 3_203_168_211_198_807_973, 9_817_491_932_198_370_423,
        4_593_380_528_125_082_431, 16_408_922_859_458_223_821,
      ])
    #expect(
      drawn(4, seed: 42) { $0.uniform() } == [
        0.7415648787718233, 0.1599103928769201, 0.27860113025513866, 0.34419071652363753,
      ])
    #expect(
      drawn(16, seed: 42) { $0.below(7) } == [5, 5, 0, 2, 6, 4, 2, 6, 6, 5, 5, 6, 1, 4, 0, 5])
    #expect(
      drawn(3, seed: 42) { $0.below(.max) } == [
        4_456_085_495_900_499_606, 2_949_826_092_126_892_291, 5_139_283_748_462_763_858,
      ])
    var shuffled = Array(0..<10)
    var random = SeededGenerator(seed: 42)
    random.shuffle(&shuffled)
    #expect(shuffled == [0, 9, 5, 8, 6, 4, 7, 2, 1, 3])
  }

  @Test func normalDrawsNeverChangeButForTheLastBits() {
    let golden = [0.8822489062222688, -0.4508498757188601, 0.1883526341159315, 0.219586379190761]
    for (value, expected) in zip(drawn(4, seed: 42, { $0.normal() }), golden) {
      #expect(abs(value - expected) < 1e-14)
    }
  }

  @Test(arguments: [1, 2, 3, 7, 10, 64])
  func drawsBelowABoundAreUniform(bound: Int) {
    let draws = drawn(60_000, seed: 5) { $0.below(bound) }
    #expect(draws.allSatisfy { (0..<bound).contains($0) })
    let counts = (0..<bound).map { value in draws.count { $0 == value } }
    // Mean and standard deviation of chi-square with k degrees of freedom: k and sqrt(2 k).
    let freedom = Double(bound - 1)
    #expect(chiSquare(counts) <= freedom + 5 * (2 * freedom).squareRoot())
  }

  @Test func uniformDrawsFillTheUnitIntervalWithoutItsEnd() {
    let draws = drawn(100_000, seed: 6) { $0.uniform() }
    #expect(draws.allSatisfy { $0 >= 0 && $0 < 1 })
    let bins = (0..<20).map { bin in draws.count { Int($0 * 20) == bin } }
    #expect(chiSquare(bins) < 19 + 5 * 38.0.squareRoot())
  }

  @Test func normalDrawsHaveTheMomentsOfTheStandardNormal() {
    let count = 200_000
    let draws = drawn(count, seed: 7) { $0.normal() }
    #expect(draws.allSatisfy { $0.isFinite })
    func moment(_ power: Int) -> Double {
      draws.reduce(0) { sum, x in sum + (0..<power).reduce(1) { product, _ in product * x } } / Double(count)
    }
    // Five standard errors: variances of x, x^2, x^3, x^4 are 1, 2, 15, 96.
    for (power, expected, variance) in [(1, 0.0, 1.0), (2, 1, 2), (3, 0, 15), (4, 3, 96)] {
      #expect(abs(moment(power) - expected) < 5 * (variance / Double(count)).squareRoot(), "power \(power)")
    }
  }

  @Test func everyOrderIsEquallyLikely() {
    var counts: [[Int]: Int] = [:]
    var random = SeededGenerator(seed: 8)
    for _ in 0..<24_000 {
      var order = [0, 1, 2, 3]
      random.shuffle(&order)
      counts[order, default: 0] += 1
    }
    #expect(counts.count == 24)
    #expect(chiSquare(counts.values) < 23 + 5 * 46.0.squareRoot())
  }
}
