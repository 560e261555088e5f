import Testing

@testable import ControlSuite

@Suite("Tolerance")
struct ToleranceTests {
  @Test(
    "Every sigmoid has dm_control's values",
    arguments: [
      ("gaussian", Sigmoid.gaussian), ("linear", .linear), ("quadratic", .quadratic),
      ("hyperbolic", .hyperbolic),
      ("long_tail", .longTail), ("reciprocal", .reciprocal), ("cosine", .cosine),
      ("tanh_squared", .tanhSquared),
    ])
  func matchesReference(name: String, sigmoid: Sigmoid) throws {
    let golden = try GoldenValues("tolerance")
    for value in [0.1, 0.5] {
      let tolerance = Tolerance(-0.5...1.25, margin: 0.75, sigmoid, valueAtMargin: value)
      for (point, expected) in zip(try golden["points"], try golden["\(name).\(value)"]) {
        #expect(abs(tolerance(point) - expected) <= 1e-14, "at \(point), \(value) at the margin")
      }
    }
  }

  @Test("Without a margin it is 1 inside, the bounds included, and 0 outside")
  func withoutMargin() throws {
    let golden = try GoldenValues("tolerance")
    let tolerance = Tolerance(-0.5...1.25)
    #expect(try golden["points"].map { tolerance($0) } == golden["none"])
    #expect(tolerance(-0.5) == 1 && tolerance(1.25) == 1 && tolerance(1.25.nextUp) == 0)
  }
}
