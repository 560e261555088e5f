import PBTNAS
import Testing

@testable import ControlSuite

@Suite("Episodes")
struct EpisodeTests {
  @Test(
    "An episode gives dm_control's observations and rewards, from the same start state and actions",
    arguments: ControlTaskName.allCases)
  func matchesReference(task: ControlTaskName) throws {
    let golden = try GoldenValues("episodes")
    let environment = try ControlEnvironment(task: task, models: models, seed: 1)
    let state = PhysicsState(
      positions: try golden["\(task).positions"], velocities: try golden["\(task).velocities"],
      activations: try golden["\(task).activations"], goal: try golden["\(task).goal"])
    let rewards = try golden["\(task).rewards"]
    let observations = try golden["\(task).observations"]
    let size = environment.observationSize
    var actions = SeededGenerator(seed: try golden.integer("\(task).seed"))
    #expect(environment.episodeLength == ControlTaskName.episodeLength)
    #expect(rewards.count == 1000 && observations.count == 101 * size)

    var largest = difference(try environment.reset(to: state), observations[..<size])
    for number in 1...1000 {
      let step = try environment.step((0..<environment.actionSize).map { _ in 2 * actions.uniform() - 1 })
      largest = max(largest, abs(step.reward - rewards[number - 1]))
      if number % 10 == 0 {
        largest = max(
          largest, difference(step.observation, observations[(number / 10 * size)...].prefix(size)))
      }
      #expect(step.isLast == (number == 1000))
      #expect(step.divergence == nil)
    }
    #expect(largest <= 1e-9)
  }

  private func difference(_ found: [Double], _ expected: ArraySlice<Double>) -> Double {
    // Forces are in the thousands; relative to 1 where values are small.
    zip(found, expected).reduce(0) { max($0, abs($1.0 - $1.1) / max(1, abs($1.1))) }
  }
}
