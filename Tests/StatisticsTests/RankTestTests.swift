import Foundation
import Testing

@testable import Statistics

@Suite struct RankTestTests {
  private struct Case: Decodable {
    var first: [Double]
    var second: [Double]
    /// Mann-Whitney: statistic, p-value.
    var u: [Double]
    /// Wilcoxon: statistic, p-value; nil where fewer than two pairs differ.
    var w: [Double]?
  }

  private func cases() throws -> [Case] {
    let path = try #require(
      Bundle.module.path(forResource: "rank_tests", ofType: "json", inDirectory: "Golden"))
    return try JSONDecoder().decode([Case].self, from: Data(contentsOf: URL(fileURLWithPath: path)))
  }

  @Test("both tests give scipy's exact statistics and p-values, with ties and without")
  func scipy() throws {
    let cases = try cases()
    #expect(cases.count == 60)
    for sample in cases {
      let test = try #require(RankTest.mannWhitney(sample.first, sample.second))
      #expect(test.statistic == sample.u[0])
      #expect(abs(test.pValue - sample.u[1]) < 1e-12, "\(sample)")
      let paired = RankTest.wilcoxonSignedRank(zip(sample.first, sample.second).map { ($0, $1) })
      if sample.w != nil { #expect(paired != nil) }
      guard let paired, let expected = sample.w else { continue }
      #expect(paired.statistic == expected[0])
      #expect(abs(paired.pValue - expected[1]) < 1e-12, "\(sample)")
    }
  }

  @Test("three pairs can never be significant at 0.05, and the test says so")
  func smallest() throws {
    let test = try #require(RankTest.wilcoxonSignedRank([(3, 1), (5, 2), (9, 5)]))
    #expect(test.pValue == 0.125 && test.smallestPValue == 0.125)
    let other = try #require(RankTest.mannWhitney([4, 5, 6], [1, 2, 3]))
    #expect(abs(other.pValue - 0.05) < 1e-15 && other.smallestPValue == other.pValue)
  }

  @Test("swapping the samples turns the question round")
  func swapped() throws {
    for sample in try cases() {
      let one = try #require(RankTest.mannWhitney(sample.first, sample.second))
      let other = try #require(RankTest.mannWhitney(sample.second, sample.first))
      #expect(one.statistic + other.statistic == Double(sample.first.count * sample.second.count))
      #expect(one.pValue + other.pValue >= 1 - 1e-12)
    }
  }

  @Test("samples without values, or without a difference, have no test")
  func nothing() {
    #expect(RankTest.mannWhitney([], [1]) == nil && RankTest.mannWhitney([1], []) == nil)
    #expect(RankTest.wilcoxonSignedRank([]) == nil && RankTest.wilcoxonSignedRank([(1, 1), (2, 2)]) == nil)
  }
}
