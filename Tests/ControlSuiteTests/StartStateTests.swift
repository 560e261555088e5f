import Testing

@testable import ControlSuite

@Suite("Start states")
struct StartStateTests {
  private static let tasks: [ControlTaskName] = [
    .ballInCupCatch, .cartpoleSwingup, .cheetahRun, .fingerSpin, .fingerTurnHard, .hopperHop, .humanoidRun,
    .quadrupedRun, .reacherEasy, .walkerRun,
  ]

  @Test("Start states have dm_control's distribution", arguments: tasks)
  func matchesReference(task: ControlTaskName) throws {
    let golden = try GoldenValues("starts")
    let probabilities = try golden["probabilities"]
    let count = Int(try golden.integer("count"))
    let (means, deviations) = (try golden["\(task).mean"], try golden["\(task).deviation"])
    let quantiles = try golden["\(task).quantiles"]

    let seed: UInt64 = 1
    let environment = try ControlEnvironment(task: task, models: models, seed: seed)
    var draws = [[Double]](repeating: [], count: means.count)
    for _ in 0..<count {
      try environment.reset()
      let state = environment.state
      let components = state.positions + state.velocities + state.goal
      try #require(components.count == means.count)
      for (index, component) in components.enumerated() { draws[index].append(component) }
    }

    // Two samples of equal size: twice the variance of one. Five standard errors leave a chance of 6e-7 for
    // each of the few hundred comparisons.
    let n = Double(count)
    for (index, draw) in draws.enumerated() {
      let mean = draw.reduce(0, +) / n
      guard deviations[index] > 1e-12 else {
        #expect(draw.allSatisfy { abs($0 - means[index]) < 1e-12 }, "component \(index)")
        continue
      }
      #expect(
        abs(mean - means[index]) < 5 * deviations[index] * (2 / n).squareRoot(),
        "mean of component \(index), seed \(seed)")
      for (row, probability) in probabilities.enumerated() {
        let below = Double(draw.count { $0 <= quantiles[row * means.count + index] }) / n
        #expect(
          abs(below - probability) < 5 * (2 * probability * (1 - probability) / n).squareRoot(),
          "quantile \(probability) of component \(index), seed \(seed)")
      }
    }
  }

  @Test("The same seed gives the same start states, another seed others")
  func seeds() throws {
    let environment = try ControlEnvironment(task: .walkerRun, models: models, seed: 7)
    let starts = try (0..<3).map { _ in try environment.reset() }
    #expect(try environment.reset(seed: 7) == starts[0])
    #expect(try environment.reset() == starts[1])
    #expect(Set(starts).count == 3)
    #expect(try environment.reset(seed: 8) != starts[0])
  }
}
