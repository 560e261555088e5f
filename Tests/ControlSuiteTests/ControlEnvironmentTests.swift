import Foundation
import Testing

@testable import ControlSuite

@Suite("Control environment")
struct ControlEnvironmentTests {
  @Test(
    "A repeated action is that many steps, with their rewards summed; the last repetition may be cut short")
  func repetition() throws {
    let once = try ControlEnvironment(task: .walkerWalk, models: models, seed: 3)
    let thrice = try ControlEnvironment(task: .walkerWalk, models: models, seed: 3)
    #expect(try once.reset() == thrice.reset())
    let action = [0.5, -0.5, 0.25, -0.25, 1, -1]
    var last = try thrice.step(action, repeat: 3)
    let steps = try (0..<3).map { _ in try once.step(action) }
    #expect(last.observation == steps[2].observation)
    #expect(abs(last.reward - steps.reduce(0) { $0 + $1.reward }) < 1e-12)
    var count = 1
    while !last.isLast {
      last = try thrice.step(action, repeat: 3)
      count += 1
    }
    #expect(count == 334)
    #expect(throws: ControlSuiteError.noEpisode) { try thrice.step(action) }
    try thrice.reset()
    #expect(try !thrice.step(action).isLast)
  }

  @Test("Actions in [-1, 1] reach the actuators' whole range, which is not the same for all of a quadruped")
  func actionScale() throws {
    let environment = try ControlEnvironment(task: .quadrupedWalk, models: models, seed: 1)
    try environment.reset()
    _ = try environment.step([Double](repeating: 1, count: 12))
    for (found, expected) in zip(environment.physics.control, [1, 1.1, 0.8]) {
      #expect(abs(found - expected) < 1e-15)
    }
    _ = try environment.step([Double](repeating: -1, count: 12))
    #expect(Array(environment.physics.control.prefix(3)) == [-1, -1, -0.8])
  }

  @Test("An action of the wrong size, or one that is not finite, is refused and changes nothing")
  func badActions() throws {
    let environment = try ControlEnvironment(task: .cartpoleSwingup, models: models, seed: 1)
    #expect(throws: ControlSuiteError.noEpisode) { try environment.step([0]) }
    try environment.reset()
    let state = environment.state
    #expect(throws: ControlSuiteError.actionSize(expected: 1, found: 2)) { try environment.step([0, 0]) }
    #expect(throws: ControlSuiteError.actionNotFinite(index: 0, value: .infinity)) {
      try environment.step([.infinity])
    }
    #expect(throws: ControlSuiteError.self) { try environment.step([.nan]) }
    #expect(throws: ControlSuiteError.repeatCount(0)) { try environment.step([0], repeat: 0) }
    #expect(environment.state == state)
  }

  @Test("A state of another task's model is refused")
  func foreignState() throws {
    let environment = try ControlEnvironment(task: .reacherEasy, models: models, seed: 1)
    var state = environment.state
    state.goal = []
    #expect(throws: ControlSuiteError.stateSize(part: "numbers of a goal", expected: 2, found: 0)) {
      try environment.reset(to: state)
    }
    state = try ControlEnvironment(task: .walkerRun, models: models, seed: 1).state
    #expect(throws: ControlSuiteError.stateSize(part: "positions", expected: 2, found: 9)) {
      try environment.reset(to: state)
    }
  }

  @Test("Physics that diverges ends the episode and says so; MuJoCo writes no file")
  func divergence() throws {
    let environment = try ControlEnvironment(task: .humanoidRun, models: models, seed: 1)
    let before = try environment.reset()
    environment.physics.velocities[10] = .nan
    let step = try environment.step([Double](repeating: 0, count: 21), repeat: 2)
    #expect(step.isLast)
    #expect(step.reward == 0)
    #expect(step.observation == before)
    let divergence = try #require(step.divergence)
    #expect(divergence.step == 1)
    #expect(divergence.description.contains("a velocity is not finite or too large"))
    #expect(throws: ControlSuiteError.noEpisode) { try environment.step([Double](repeating: 0, count: 21)) }
    #expect(!FileManager.default.fileExists(atPath: "MUJOCO_LOG.TXT"))
    // The next episode is like any other.
    #expect(try environment.reset(seed: 1) == before)
    #expect(try environment.step([Double](repeating: 0, count: 21)).divergence == nil)
  }

  @Test("Velocities beyond all bounds diverge, too")
  func hugeVelocity() throws {
    let environment = try ControlEnvironment(task: .cheetahRun, models: models, seed: 1)
    try environment.reset()
    var state = environment.state
    state.velocities[4] = 1e11
    try environment.reset(to: state)
    #expect(try environment.step([Double](repeating: 0, count: 6)).divergence != nil)
  }

  @Test("An error that would end MuJoCo's process is thrown, and ends the episode")
  func fatalError() throws {
    let environment = try ControlEnvironment(task: .walkerRun, models: models, seed: 1)
    try environment.reset()
    let integrator = environment.physics.model.pointee.opt.integrator
    environment.physics.model.pointee.opt.integrator = 99
    let action = [Double](repeating: 0, count: 6)
    let error = #expect(throws: ControlSuiteError.self) { try environment.step(action) }
    #expect(try #require(error).description.contains("integrator"))
    #expect(throws: ControlSuiteError.noEpisode) { try environment.step(action) }
    environment.physics.model.pointee.opt.integrator = integrator
    try environment.reset()
    #expect(try environment.step(action).divergence == nil)
  }

  @Test("An unknown task's error names the nearest task and all there are")
  func unknownTask() throws {
    #expect(try ControlTaskName(parsing: "finger-turn_easy") == .fingerTurnEasy)
    let error = #expect(throws: ControlSuiteError.self) { try ControlTaskName(parsing: "walker_run") }
    let text = try #require(error).description
    #expect(text.contains("there is no task `walker_run`; did you mean `walker-run`?"))
    for task in ControlTaskName.allCases { #expect(text.contains(task.rawValue)) }
  }

  @Test("A missing model's error names the file and the way to get it")
  func missingModel() throws {
    let error = #expect(throws: ControlSuiteError.self) {
      try ControlEnvironment(task: .walkerRun, models: "/nowhere", seed: 1)
    }
    let text = try #require(error).description
    #expect(text.contains("/nowhere/walker.xml"))
    #expect(text.contains("there is no such file"))
    #expect(text.contains("scripts/setup"))
  }

  @Test("A model that is damaged, or not the task's, is refused with its name and what MuJoCo says")
  func badModels() throws {
    let folder = FileManager.default.temporaryDirectory.appendingPathComponent("models-\(UUID().uuidString)")
    defer { try? FileManager.default.removeItem(at: folder) }
    try FileManager.default.copyItem(at: URL(fileURLWithPath: models), to: folder)
    func refused(_ task: ControlTaskName, _ file: String, _ text: String) throws -> String {
      try text.write(to: folder.appendingPathComponent(file), atomically: true, encoding: .utf8)
      let error = #expect(throws: ControlSuiteError.self) {
        try ControlEnvironment(task: task, models: folder.path, seed: 1)
      }
      return try #require(error).description
    }
    let walker = try String(contentsOfFile: models + "/walker.xml", encoding: .utf8)
    #expect(
      try refused(.walkerRun, "walker.xml", String(walker.prefix(1000))).contains("walker.xml is not a model")
    )
    #expect(
      try refused(.walkerRun, "walker.xml", walker.replacing("size=\"0.07 0.3\"", with: "size=\"none\""))
        .contains("size"))
    // What only the compiler sees.
    #expect(
      try refused(.walkerRun, "walker.xml", walker.replacing("size=\"0.07 0.3\"", with: "size=\"-1 0.3\""))
        .contains("size"))
    let other = walker.replacing("torso_subtreelinvel", with: "else")
    #expect(try refused(.walkerRun, "walker.xml", other).contains("has no sensor `torso_subtreelinvel`"))
    #expect(try refused(.quadrupedRun, "quadruped.xml", walker).contains("has no geom `wall_px`"))
    let quadruped = try String(contentsOfFile: models + "/quadruped.xml", encoding: .utf8)
    // Cut off behind all that is changed.
    #expect(
      try refused(.quadrupedRun, "quadruped.xml", String(quadruped.dropLast(12))).contains(
        "quadruped.xml is not a model"))
  }
}
