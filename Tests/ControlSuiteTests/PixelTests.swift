import PBTNAS
import Testing

@testable import ControlSuite

@Suite("Pictures")
struct PixelTests {
  private static let tasks: [ControlTaskName] = [
    .ballInCupCatch, .cartpoleSwingup, .cheetahRun, .fingerSpin, .fingerTurnEasy, .hopperHop, .humanoidRun,
    .quadrupedRun, .reacherEasy, .walkerRun,
  ]

  @Test("A picture is dm_control's, at an episode's start and later", arguments: tasks)
  func matchesReference(task: ControlTaskName) throws {
    try compare(task, PixelSettings(), "\(task)")
  }

  @Test("Shadows, multisampling, size and camera are as asked for, which makes other pictures")
  func settings() throws {
    let standard = try golden("quadruped-run")
    for (name, settings) in [
      ("shadowSize", PixelSettings(shadowSize: 0)), ("samples", PixelSettings(samples: 0)),
    ] {
      let found = try compare(.quadrupedRun, settings, "quadruped-run.\(name)")
      let expected = try golden("quadruped-run.\(name)")
      // Where the setting changes nothing, this cannot hold.
      #expect(
        meanDifference(found, expected[...]) < meanDifference(found, standard[...]) / 4, "\(name)")
    }
    try compare(
      .humanoidRun, PixelSettings(width: 80, height: 48, camera: .named("side")), "humanoid-run.side")
  }

  private func golden(_ name: String) throws -> [UInt8] { try GoldenValues("pictures").bytes(name) }

  /// Draws the pictures that a golden value has, one after another, and compares.
  ///
  /// - Returns: the pictures.
  @discardableResult
  private func compare(_ task: ControlTaskName, _ settings: PixelSettings, _ name: String) throws -> [UInt8] {
    let steps = try GoldenValues("pictures").integers("steps")
    let expected = try golden(name)
    let episodes = try GoldenValues("episodes")
    let environment = try ControlEnvironment(task: task, models: models, seed: 1)
    let renderer = try PixelRenderer(environment, settings)
    try environment.reset(
      to: PhysicsState(
        positions: try episodes["\(task).positions"], velocities: try episodes["\(task).velocities"],
        activations: try episodes["\(task).activations"], goal: try episodes["\(task).goal"]))
    var actions = SeededGenerator(seed: try episodes.integer("\(task).seed"))
    #expect(expected.count == steps.count * renderer.byteCount)
    var found: [UInt8] = []
    for number in 0...Int(steps.max() ?? 0) {
      if number > 0 {
        _ = try environment.step((0..<environment.actionSize).map { _ in 2 * actions.uniform() - 1 })
      }
      guard steps.contains(Int64(number)) else { continue }
      let picture = try renderer.picture()
      // Of 255: renderers of different makes, or versions, round differently.
      #expect(meanDifference(picture, expected.dropFirst(found.count).prefix(picture.count)) < 1)
      found += picture
    }
    #expect(found.count == expected.count)
    return found
  }

  private func meanDifference(_ found: [UInt8], _ expected: ArraySlice<UInt8>) -> Double {
    let sum = zip(found, expected).reduce(0) { $0 + abs(Int($1.0) - Int($1.1)) }
    return Double(sum) / Double(found.count)
  }

  @Test("Both layouts hold the same picture")
  func layouts() throws {
    let environment = try ControlEnvironment(task: .walkerRun, models: models, seed: 1)
    try environment.reset()
    let (width, height) = (20, 10)
    let renderer = try PixelRenderer(environment, PixelSettings(width: width, height: height))
    let interleaved = try renderer.picture()
    let planar = try renderer.picture(.planar)
    #expect(Set(interleaved).count > 10)
    for row in 0..<height {
      for column in 0..<width {
        for channel in 0..<3 {
          #expect(
            planar[(channel * height + row) * width + column]
              == interleaved[(row * width + column) * 3 + channel])
        }
      }
    }
  }

  @Test(
    "Renderers of two environments, and two of one, draw in turn without disturbing each other or the physics"
  )
  func inTurn() throws {
    let walker = try ControlEnvironment(task: .walkerRun, models: models, seed: 1)
    let alone = try ControlEnvironment(task: .walkerRun, models: models, seed: 1)
    let cartpole = try ControlEnvironment(task: .cartpoleSwingup, models: models, seed: 1)
    try walker.reset()
    try alone.reset()
    try cartpole.reset()
    let first = try PixelRenderer(walker)
    let picture = try first.picture()
    let second = try PixelRenderer(walker, PixelSettings(shadowSize: 0))
    let third = try PixelRenderer(cartpole)
    #expect(try third.picture() != picture)
    #expect(try second.picture() != picture)
    #expect(try first.picture() == picture)
    let action = [Double](repeating: 0.3, count: 6)
    #expect(try walker.step(action) == alone.step(action))
    #expect(try first.picture() != picture)
  }

  @Test("An unknown camera's error names the known ones; a size or setting out of range is refused")
  func badSettings() throws {
    let environment = try ControlEnvironment(task: .quadrupedRun, models: models, seed: 1)
    for camera in [PixelSettings.Camera.named("above"), .number(4), .number(-1)] {
      let error = #expect(throws: ControlSuiteError.self) {
        try PixelRenderer(environment, PixelSettings(camera: camera))
      }
      #expect(
        try #require(error).description.contains("it has 0 (`global`), 1 (`x`), 2 (`y`), 3 (`egocentric`)"))
    }
    for settings in [
      PixelSettings(width: 0), PixelSettings(height: 1025), PixelSettings(shadowSize: -1),
      PixelSettings(samples: 17),
    ] {
      #expect(throws: ControlSuiteError.self) { try PixelRenderer(environment, settings) }
    }
  }
}
