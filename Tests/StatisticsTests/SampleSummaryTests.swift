import Testing

@testable import Statistics

@Suite struct SampleSummaryTests {
  @Test("mean and standard deviation are those of Python's statistics module, also far from zero")
  func known() throws {
    // python3 -c 'import statistics as s; x=[2,4,4,4,5,5,7,9]; print(s.mean(x), s.stdev(x))'
    let small = try #require(SampleSummary([2, 4, 4, 4, 5, 5, 7, 9]))
    #expect(small.count == 8 && small.mean == 5 && small.least == 2 && small.greatest == 9)
    #expect(abs(small.standardDeviation - 2.138_089_935_299_395) < 1e-15)
    let far = try #require(SampleSummary([1e9 + 4, 1e9 + 7, 1e9 + 13, 1e9 + 16]))
    #expect(far.mean == 1_000_000_010)
    #expect(abs(far.standardDeviation - 5.477_225_575_051_661) < 1e-12)
  }

  @Test("a single value has no standard deviation, and none has no summary")
  func few() throws {
    let one = try #require(SampleSummary([3]))
    #expect(one.mean == 3 && one.standardDeviation.isNaN && one.least == 3 && one.greatest == 3)
    #expect(SampleSummary([]) == nil)
  }
}
