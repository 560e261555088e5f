import CMuJoCo
import PBTNAS
import Testing

@testable import ControlSuite

@Suite("Physics")
struct PhysicsTests {
  /// What a task's edits and our order of stepping spare is only what nobody reads.
  @Test(
    "Control steps give to the bit what MuJoCo's own steps of the unedited model give",
    arguments: [ControlTaskName.walkerRun, .humanoidRun])
  func sparesOnlyWhatNobodyReads(task: ControlTaskName) throws {
    let definition = task.definition
    let ours = try Physics(definition.model, in: models, edit: definition.edit)
    let original = try Physics(definition.model, in: models)
    original.model.pointee.opt.disableflags = Int32(mjDSBL_AUTORESET.rawValue)
    let sensors = ("torso_subtreelinvel", try ours.sensor("torso_subtreelinvel"))
    let originalSensor = try original.sensor(sensors.0)
    let steps = Int((definition.controlTimestep! / original.model.pointee.opt.timestep).rounded())

    var generator = SeededGenerator(seed: 7)
    try ours.reset()
    ours.randomizeJoints(&generator)
    try ours.settle()
    try original.reset()
    _ = original.positions.update(fromContentsOf: ours.positions)
    try original.settle()
    var contacts = 0
    for step in 1...400 {
      for index in ours.control.indices {
        ours.control[index] = 2 * generator.uniform() - 1
        original.control[index] = ours.control[index]
      }
      try ours.step(steps)
      mj_step2(original.model, original.data)
      for _ in 1..<steps { mj_step(original.model, original.data) }
      mj_step1(original.model, original.data)

      contacts += original.contactCount
      try #require(Array(ours.positions) == Array(original.positions), "step \(step)")
      try #require(Array(ours.velocities) == Array(original.velocities), "step \(step)")
      try #require(ours.contactCount == original.contactCount, "step \(step)")
      try #require((0..<3).allSatisfy { sensors.1[$0] == originalSensor[$0] }, "step \(step)")
      for body in 0..<Int(original.model.pointee.nbody) {
        let (a, b) = (ours.orientation(ofBody: body), original.orientation(ofBody: body))
        try #require((0..<9).allSatisfy { a[$0] == b[$0] }, "step \(step), body \(body)")
      }
    }
    // Otherwise nothing is said about contacts.
    #expect(contacts > 100)
  }
}
