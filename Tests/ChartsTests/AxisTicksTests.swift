import Foundation
import TestSupport
import Testing

@testable import Charts

@Suite struct AxisTicksTests {
  @Test(
    "ticks are round numbers, with the digits that they need",
    arguments: [
      (0.0, 10.0, ["0", "2", "4", "6", "8", "10"]), (-283.1, -65.3, ["-250", "-200", "-150", "-100"]),
      (0.12, 0.31, ["0.15", "0.20", "0.25", "0.30"]), (-0.2, 0.2, ["-0.2", "-0.1", "0.0", "0.1", "0.2"]),
      (1e-9, 5e-9, ["1e-09", "2e-09", "3e-09", "4e-09", "5e-09"]),
      (0, 4e12, ["0", "1e+12", "2e+12", "3e+12", "4e+12"]),
    ])
  func known(low: Double, high: Double, labels: [String]) {
    let ticks = AxisTicks(low...high, count: 6)
    #expect(ticks.values.map(ticks.label) == labels)
  }

  @Test(
    "for any range, ticks lie in it or cover it, are 1, 2 or 5 times a power of ten apart, and are not many")
  func anyRange() {
    let seed = UInt64.random(in: 0..<1 << 53)
    print("AxisTicksTests.anyRange: seed \(seed)")
    var random = SeededRandom(state: seed)
    for _ in 0..<2000 {
      let low = Double.random(in: -1000...1000, using: &random)
      let range = low...(low + pow(10, Double.random(in: -4...6, using: &random)))
      let inside = AxisTicks(range, count: 6)
      let covering = AxisTicks(range, count: 6, covers: true)
      let tolerance = inside.step * 1e-6
      #expect(
        inside.values.allSatisfy { $0 > range.lowerBound - tolerance && $0 < range.upperBound + tolerance })
      #expect((3...12).contains(inside.values.count), "\(range): \(inside.values)")
      #expect((4...12).contains(covering.values.count), "\(range): \(covering.values)")
      #expect(covering.values[0] <= range.lowerBound + tolerance)
      #expect(covering.values[covering.values.count - 1] >= range.upperBound - tolerance)
      #expect(covering.values[1] > range.lowerBound - tolerance, "\(range): one tick too many")
      let mantissa = inside.step / pow(10, log10(inside.step * 1.000_001).rounded(.down))
      #expect([1.0, 2, 5].contains { abs($0 - mantissa) < 1e-9 })
      #expect(Set(inside.values.map(inside.label)).count == inside.values.count, "\(range)")
    }
  }

  @Test("an axis of intervals has ticks at whole numbers only", arguments: [2, 3, 8, 30, 300])
  func whole(count: Int) {
    let ticks = AxisTicks(1...Double(count), count: 9, whole: true)
    #expect(ticks.values.allSatisfy { $0 == $0.rounded() && $0 >= 1 && $0 <= Double(count) })
    #expect(ticks.values.count >= 2 && ticks.values.count <= 16)
  }
}
