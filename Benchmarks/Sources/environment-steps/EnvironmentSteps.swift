import ControlSuite
import Measurement
import PBTNAS

/// Control steps of a task with random actions: `environment-steps TASK [MODE] [STEPS]`, STEPS in a round.
///
/// Modes: `state` observes the state; `pixels` draws a picture of 84x84 after every step, as dm_control does;
/// `no-shadows`, `no-samples` and `plain` draw without shadows, without multisampling, and without both. Run it from
/// the repository's root, where `scripts/setup` has put the models. The counterpart of
/// `Benchmarks/dm_control/environment_steps.py`.
@main
enum EnvironmentSteps {
  static func main() throws {
    let arguments = CommandLine.arguments.dropFirst()
    let mode = arguments.dropFirst().first ?? "state"
    let settings: PixelSettings? =
      switch mode {
      case "state": nil
      case "pixels": PixelSettings()
      case "no-shadows": PixelSettings(shadowSize: 0)
      case "no-samples": PixelSettings(samples: 0)
      case "plain": PixelSettings(shadowSize: 0, samples: 0)
      default: throw Usage()
      }
    guard let name = arguments.first,
      let steps = Int(arguments.dropFirst(2).first ?? (settings == nil ? "1000" : "50")), steps > 0
    else { throw Usage() }

    let environment = try ControlEnvironment(
      task: ControlTaskName(parsing: name), models: ".deps/data/dm_control", seed: 1)
    let renderer = try settings.map { try PixelRenderer(environment, $0) }
    var generator = SeededGenerator(seed: 1)
    let actions = (0..<1000).map { _ in (0..<environment.actionSize).map { _ in 2 * generator.uniform() - 1 }
    }
    var sum = 0.0
    try environment.reset()
    try answerRounds(facts: ["program": "pbtnas", "task": name, "mode": mode, "steps": String(steps)]) {
      for number in 0..<steps {
        let step = try environment.step(actions[number % actions.count])
        sum += step.reward
        if let renderer { sum += Double(try renderer.picture()[0]) }
        if step.isLast { try environment.reset() }
      }
    }
  }
}

struct Usage: Error, CustomStringConvertible {
  let description = "usage: environment-steps TASK [state|pixels|no-shadows|no-samples|plain] [STEPS]"
}
