@testable import Engine
import Foundation
import PBTNAS
import Tasks
import TestSupport
import Testing

/// The settings files of the paper's experiments, at sizes that a test can wait for.
extension ControlTests {
  /// All of them: a new one is tested, too.
  static func paperFiles() throws -> [String] {
    try FileManager.default.contentsOfDirectory(atPath: "\(root)/configs/paper").filter {
      $0.hasSuffix(".yml")
    }.sorted()
  }

  private func agentSettings(_ configuration: RunConfiguration) throws -> RLSettings {
    guard case .rl(let settings)? = configuration.task else {
      throw RunError.settings(["the task of the paper's settings is not rl"])
    }
    return settings
  }

  /// Writes a file of the paper with two intervals, of as few steps as there can be updates in.
  ///
  /// A gate that would be closed after the first interval is open; where there is none, none is added.
  ///
  /// - Parameter others: further values of the section `rl`.
  /// - Returns: the settings of the file and of what was written.
  private func reduce(
    _ file: String, to name: String, in folder: TemporaryFolder, population: Int? = nil,
    _ others: [String: String]
  ) throws -> (original: RunConfiguration, small: RunConfiguration) {
    let path = "\(Self.root)/configs/paper/\(file)"
    let original = try RunConfiguration(file: path)
    let gate = original.run.method.gate
    var search = ["intervals": "2"]
    if !gate.isOpen(after: 1) { search["mixing"] = "{from: 1, every: \(gate.every)}" }
    if let population { search["population"] = String(population) }
    let rl = [
      "models": "\(Self.root)/.deps/data/dm_control", "action_repeat": "100", "random_steps": "2",
      "seed_frames": "400", "frames_per_interval": "500", "update_every": "4", "replay_capacity": "100",
      "evaluation_episodes": "1", "video": "{width: 64, height: 48}",
    ]
    try change(
      path, to: name, in: folder,
      [
        // Most of what the processor does is to start workers that draw.
        "search": search, "workers": ["count": "1"], "rl": rl.merging(others) { $1 },
      ])
    let small = try RunConfiguration(file: folder.file(name))
    // Of what the file is about, nothing has changed.
    var method = original.run.method
    method.intervals = 2
    method.gate.from = 1
    method.populationSize = population ?? method.populationSize
    #expect(small.run.method == method && small.run.seed == original.run.seed)
    let (before, after) = (try agentSettings(original), try agentSettings(small))
    #expect(after.agent == before.agent)
    #expect(after.returnSteps == before.returnSteps && after.discount == before.discount)
    #expect(after.buffer == before.buffer && after.featureLengths.count == before.featureLengths.count)
    #expect(after.environment.task == before.environment.task)
    #expect(after.environment.observations == .pixels && before.environment.observations == .pixels)
    return (original, small)
  }

  /// Checks that all members of a run are there, have learnt and have a fitness, that its best network can be
  /// read, and that its offspring are such as the strategy makes.
  private func check(_ run: String, _ configuration: RunConfiguration, in folder: TemporaryFolder) throws {
    let method = configuration.run.method
    let rows = try Record(path: folder.file("\(run)/run.sqlite")).allMembers()
    #expect(rows.map(\.interval) == [1, 2].flatMap { Array(repeating: $0, count: method.populationSize) })
    for row in rows {
      #expect(row.isFinished && row.failure == nil && row.fitness?.isFinite == true, "\(row)")
      let metrics = try row.decodedMetrics()
      #expect(metrics["updates"] == 1 && metrics["critic_loss"]?.isFinite == true, "\(metrics)")
      #expect(metrics["agent_steps"] == Double(5 * row.interval), "\(metrics)")
    }

    let offspring = try rows.compactMap { try $0.decodedOffspring() }
    let count =
      switch method.strategy {
      case .randomSearch: 0
      case .randomSearchShrinkPerturb: method.populationSize
      default: method.droppedCount
      }
    #expect(offspring.count == count)
    for offspring in offspring {
      let base = try rows[offspring.base].decodedGenome()
      switch method.strategy {
      case .pbtNAS:
        let donor = try #require(offspring.donor)
        #expect(offspring.change == .mix && donor != offspring.base && !offspring.donatedGenes.isEmpty)
        #expect(offspring.genome != base)
      case .noMixing:
        #expect(offspring.change == .mix && offspring.donor == offspring.base && offspring.genome == base)
      case .mutation:
        #expect(offspring.change != .mix && offspring.donor == nil && offspring.donatedGenes.isEmpty)
      case .randomSearchShrinkPerturb:
        #expect(offspring.change == .shrinkPerturbAll && offspring.base == offspring.member)
      case .randomSearch, .pbt:
        Issue.record("\(method.strategy) makes no offspring like \(offspring)")
      }
    }

    let best = try Checkpoint(path: folder.file("\(run)/best.safetensors"))
    #expect(best.firstNonFiniteTensor() == nil && best.attachments.isEmpty)
    let highest = rows.compactMap(\.fitness).max()
    #expect(try rows.contains { try $0.fitness == highest && $0.decodedGenome() == best.genome })
  }

  @Test(
    "every settings file of the paper's experiments trains, is interrupted, goes on and ends",
    .serialized, arguments: try ControlTests.paperFiles())
  func paper(file: String) async throws {
    let folder = try TemporaryFolder()
    let (_, small) = try reduce(
      file, to: "small.yml", in: folder,
      [
        "hidden": "8", "encoder_channels": "2", "feature_dims": "[4, 6, 8, 10]", "batch": "8",
        "rendering": "{side: 24, shadow_size: 0, samples: 0}", "video": "{keep: false}",
      ])
    try await runAndStop("small.yml", "run", in: folder, hasTrained: true)
    let stopped = try Record(path: folder.file("run/run.sqlite")).allMembers()
    #expect(stopped.count == 2 * small.run.method.populationSize)
    #expect(stopped.allSatisfy { $0.interval == 2 || $0.isFinished })
    #expect(stopped.contains { !$0.isFinished })
    try await finish(startProgram(["resume", "run", "--quiet"], in: folder), in: folder)
    try check("run", small, in: folder)
  }

  @Test("agents of the paper's sizes learn from the paper's pictures")
  func paperSizes() async throws {
    let folder = try TemporaryFolder()
    let (original, small) = try reduce("quadruped-run.yml", to: "full.yml", in: folder, population: 4, [:])
    let (paper, agents) = (try agentSettings(original), try agentSettings(small))
    #expect(agents.hidden == 1024 && agents.encoderChannels == 32 && agents.batch == 256)
    #expect(
      agents.environment.pixels == paper.environment.pixels && agents.featureLengths == [25, 50, 100, 150])
    #expect(agents.environment.pixels.width == 84 && agents.environment.pixels.height == 84)
    try await finish(startProgram(["run", "full.yml", "--quiet", "-o", "run"], in: folder), in: folder)
    try check("run", small, in: folder)
    // The first layers: of three pictures' colours, and of a trunk's features.
    let best = try Checkpoint(path: folder.file("run/best.safetensors"))
    #expect(best.file.tensors.contains { $0.name.hasPrefix("encoder.") && $0.shape == [32, 9, 3, 3] })
    #expect(best.file.tensors.contains { $0.name == "critic.q1.head.weight" && $0.shape == [1, 1024] })
  }
}
