@testable import Engine
import Foundation
import TestSupport
import Testing

extension ControlTests {
  @Test(
    "agents that share a replay buffer come to the same with one worker, with two, and after an interruption")
  func sharedBuffer() async throws {
    let folder = try TemporaryFolder()
    let text = """
      task: rl
      seed: 3
      search: {population: 4, intervals: 3}
      workers: {count: 2, threads: 1}
      rl:
        environment: cartpole-swingup
        models: \(Self.root)/.deps/data/dm_control
        observations: state
        action_repeat: 20
        hidden: 8
        feature_dims: [4, 6]
        batch: 8
        random_steps: 5
        seed_frames: 200
        frames_per_interval: 1000
        evaluation_episodes: 1
        buffer: shared
        replay_capacity: 280

      """
    try folder.write(text, to: "two.yml")
    try folder.write(text.replacing("count: 2", with: "count: 1"), to: "one.yml")
    try await finish(startProgram(["run", "two.yml", "--quiet", "-o", "two"], in: folder), in: folder)
    let expected = try outcome("two", in: folder)
    #expect(expected.0.count == 12 && expected.0.allSatisfy { $0.failure == nil && $0.fitness != nil })
    try await finish(startProgram(["run", "one.yml", "--quiet", "-o", "one"], in: folder), in: folder)
    let one = try outcome("one", in: folder)
    #expect(one.0 == expected.0 && one.1 == expected.1 && one.2 == expected.2)

    // 50 steps a member and interval; every member, also one that has replaced another, knows all of them.
    let known = try expected.0.map { try $0.decodedMetrics()["replay_transitions"] }
    #expect(
      known == Array(repeating: 50, count: 4) + Array(repeating: 250, count: 4)
        + Array(repeating: 250, count: 4))
    #expect(expected.0.contains { $0.interval == 2 && $0.offspring != nil })
    #expect(expected.0.allSatisfy { $0.sharing != nil })

    // Stopped in the second interval; then a file that its members share is damaged.
    try await runAndStop("two.yml", "stopped", in: folder)
    let shared = try #require(
      try Record(path: folder.file("stopped/run.sqlite")).members(interval: 1)[2].decodedSharing()?.shares[0])
    let path = folder.file("stopped/attachments/\(shared)")
    let before = try Data(contentsOf: URL(fileURLWithPath: path))
    try before.dropLast(9).write(to: URL(fileURLWithPath: path))
    try await finish(startProgram(["resume", "stopped", "--quiet"], in: folder), in: folder)
    let found = try outcome("stopped", in: folder)
    #expect(found.0 == expected.0 && found.1 == expected.1 && found.2 == expected.2)
    #expect(try Data(contentsOf: URL(fileURLWithPath: path)) == before)
  }
}
