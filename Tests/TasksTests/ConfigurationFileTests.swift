import Configuration
import Engine
import Foundation
import PBTNAS
import Testing

@testable import Tasks

/// Whole settings files, as `pbtnas check` reads them.
@Suite struct ConfigurationFileTests {
  /// What is said about a settings file; empty if it is fine. The file's path is left out.
  private func complaints(_ text: String) throws -> [String] {
    let path = FileManager.default.temporaryDirectory.appendingPathComponent("\(UUID()).yml").path
    defer { try? FileManager.default.removeItem(atPath: path) }
    try Data(text.utf8).write(to: URL(fileURLWithPath: path))
    do {
      _ = try RunConfiguration(file: path)
      return []
    } catch let problems as ConfigurationProblems {
      #expect(problems.list.allSatisfy { $0.file == path && $0.line != nil })
      return problems.list.map { $0.description.replacingOccurrences(of: path, with: "") }
    }
  }

  /// The settings files of a folder of the repository, by their names without extension.
  private func files(_ folder: String) throws -> [String: RunConfiguration] {
    let root = URL(fileURLWithPath: #filePath).deletingLastPathComponent().deletingLastPathComponent()
      .deletingLastPathComponent()
    let path = root.appendingPathComponent(folder).path
    let names = try FileManager.default.contentsOfDirectory(atPath: path).filter { $0.hasSuffix(".yml") }
    #expect(!names.isEmpty)
    return try Dictionary(
      uniqueKeysWithValues: names.map {
        (String($0.dropLast(4)), try RunConfiguration(file: "\(path)/\($0)"))
      })
  }

  @Test("every example is right")
  func examples() throws {
    _ = try files("examples")
  }

  @Test("the paper's settings for control are right, and its ablations differ in what they are about alone")
  func paper() throws {
    let files = try files("configs/paper")
    for task in ["quadruped-run", "walker-run", "humanoid-run"] {
      let main = try #require(files[task])
      #expect(main.run.method.populationSize == 12 && main.run.method.strategy == .pbtNAS)
      guard case .rl(let settings)? = main.task else { Issue.record("\(task)"); continue }
      #expect(settings.environment.task.rawValue == task && settings.environment.observations == .pixels)
      // The whole run: 3 million frames, 15 million for the humanoid.
      let frames = settings.framesPerInterval * main.run.method.intervals
      #expect(frames == (task == "humanoid-run" ? 15_000_000 : 3_000_000))
      let changes: [String: (inout MethodSettings) -> Void] = [
        "exact-copy": { ($0.lambda, $0.gamma) = (1, 0) },
        "re-initialise": { ($0.lambda, $0.gamma) = (0, 1) },
        "no-mixing": { $0.strategy = .noMixing },
        "mutation": { ($0.strategy, $0.mutationParent) = (.mutation, .tournament) },
        "random-search": { ($0.strategy, $0.gate) = (.randomSearch, MixingGate()) },
        "random-search-shrink-perturb": {
          ($0.strategy, $0.gate) = (.randomSearchShrinkPerturb, MixingGate())
        },
        "population-6": { $0.populationSize = 6 },
        "population-18": { ($0.populationSize, $0.tau) = (18, 0.2222222222) },
      ]
      for (name, change) in changes {
        // The paper has this ablation of control for the quadruped alone.
        if name == "random-search-shrink-perturb", task != "quadruped-run" { continue }
        let file = try #require(files["\(task)-\(name)"])
        var expected = main.run
        change(&expected.method)
        #expect(file.run == expected && file.task == main.task, "\(task)-\(name)")
      }
    }
  }

  @Test("the paper's settings for control replace as many members as the paper's code, by its rules")
  func paperRules() throws {
    for (name, file) in try files("configs/paper") {
      let method = file.run.method
      // Population: replaced, parents. The paper's code has a share for each, which differ for 6 and 18.
      let expected = [12: [3, 3], 18: [4, 4], 6: [2, 2]]
      #expect([method.droppedCount, method.parentCount] == expected[method.populationSize], "\(name)")
      #expect(method.optimizerState == .byPosition, "\(name)")
      let mixes = ![.randomSearch, .randomSearchShrinkPerturb].contains(method.strategy)
      let isGated = mixes && !name.hasPrefix("humanoid")
      #expect(method.gate == (isGated ? MixingGate(from: 15, every: 2) : MixingGate()), "\(name)")
      guard case .rl(let settings)? = file.task else { Issue.record("\(name)"); continue }
      let ownsBuffer = name.hasPrefix("quadruped")
      #expect(settings.buffer == (ownsBuffer ? .own : .shared), "\(name)")
      #expect(settings.replayCapacity == (ownsBuffer ? 100_000 : 1_000_000), "\(name)")
    }
  }

  @Test(
    "an impossible setting of control is refused with its line, its key, and what was expected",
    arguments: [
      (
        "frames_per_interval: 1001",
        "rl.frames_per_interval: expected a multiple of `action_repeat` (2), found 1001"
      ),
      (
        "frames_per_interval: 4",
        "rl.frames_per_interval: expected at least `n_step` (3) agent steps of 2 frames, found 4"
      ),
      (
        "observations: pixel",
        "rl.observations: expected one of state, pixels, found `pixel`; did you mean `pixels`?"
      ),
      ("device: cua", "rl.device: expected one of auto, cpu, cuda, found `cua`; did you mean `cuda`?"),
      ("buffer: shard", "rl.buffer: expected one of own, shared, found `shard`; did you mean `shared`?"),
      ("discount: 1.5", "rl.discount: expected a number in 0.0...1.0, found 1.5"),
      (
        "saturation_penalty: -1", "rl.saturation_penalty: expected a number in 0.0...1000.0, found -1"
      ),
      ("hidden: 1", "rl.hidden: expected a whole number in 2...65536, found 1"),
      ("feature_dims: [25, 50, 25]", "rl.feature_dims: expected lengths that differ, found [25, 50, 25]"),
      (
        "n_step: 501",
        "rl.n_step: expected no more than the 500 agent steps of an episode with `action_repeat: 2`, found 501"
      ),
      (
        "feature_dims: 50",
        "rl.feature_dims: expected a list of whole numbers, each in 1...65536, such as `[25, 50]`, found `50`"
      ),
      (
        "video: {width: 321}",
        "rl.video.width: expected an even number, as video formats want it, found 321"
      ),
      ("video: {keep: maybe}", "rl.video.keep: expected true or false, found `maybe`"),
      ("rendering: {samples: 17}", "rl.rendering.samples: expected a whole number in 0...16, found 17"),
      (
        "exploration: {steps: -1}",
        "rl.exploration.steps: expected a whole number in 0...1000000000, found -1"
      ),
    ])
  func rl(line: String, expected: String) throws {
    #expect(
      try complaints("task: rl\nrl:\n  environment: walker-run\n  models: x\n  \(line)\n") == [
        ":5: \(expected)"
      ])
  }

  @Test("what a task was told is the same however it is written, with defaults and without paths")
  func taskSettings() throws {
    func settings(_ lines: String) throws -> [String: String] {
      let path = FileManager.default.temporaryDirectory.appendingPathComponent("\(UUID()).yml").path
      defer { try? FileManager.default.removeItem(atPath: path) }
      try Data("task: rl\nrl:\n  environment: walker-run\n\(lines)\n".utf8).write(
        to: URL(fileURLWithPath: path))
      return try #require(try RunConfiguration(file: path).run.taskSettings)
    }
    let settings1 = try settings("  models: x\n  learning_rate: 1e-3\n  batch: 256\n  feature_dims: [25,50]")
    let settings2 = try settings("  feature_dims: [25, 50]\n  models: y/z\n  learning_rate: 0.001")
    #expect(settings1 == settings2)
    #expect(settings1["rl.learning_rate"] == "0.001" && settings1["rl.environment"] == "walker-run")
    #expect(settings1["rl.rendering.shadow_size"] == "none")
    #expect(settings1["rl.models"] == nil && settings1["rl.rendering.side"] == "84")
    #expect(try settings("  models: x\n  learning_rate: 1e-3") != settings1)
  }

  @Test("control without environment and models is told both, and an unknown environment the nearest")
  func rlMissing() throws {
    #expect(
      try complaints("task: rl\n") == [
        ":1: rl.environment: is missing; expected a task of the Control Suite, such as `walker-run`",
        ":1: rl.models: is missing; expected the folder with the Control Suite's models",
      ])
    let found = try complaints("task: rl\nrl: {environment: walker-rum, models: x}\n")
    #expect(found.count == 1 && found[0].hasSuffix("found `walker-rum`; did you mean `walker-run`?"))
  }

  @Test(
    "an impossible setting is refused with its line, its key, and what was expected",
    arguments: [
      ("population: 3", ":3: search.population: expected at least 4 members, got 3"),
      ("population: eight", ":3: search.population: expected a whole number, found `eight`"),
      ("intervals: 0", ":3: search.intervals: expected at least 1 interval, got 0"),
      (
        "population: 9223372036854775807",
        ":3: search.population: expected a whole number of at most 1000000, found 9223372036854775807"
      ),
      ("tau: 0.51", ":3: search.tau: expected a fraction above 0 and at most 0.5, got 0.51"),
      ("tau: 0", ":3: search.tau: expected a fraction above 0 and at most 0.5, got 0.0"),
      ("mix_probability: 1.5", ":3: search.mix_probability: expected a number in 0...1, got 1.5"),
      ("mix_probability: -0.1", ":3: search.mix_probability: expected a number in 0...1, got -0.1"),
      ("lambda: 2", ":3: search.lambda: expected a number in 0...1, got 2.0"),
      ("gamma: .nan", ":3: search.gamma: expected a number, found `.nan`"),
      ("gamma: nan", ":3: search.gamma: expected a number, found `nan`"),
      (
        "strategy: pbtnas",
        ":3: search.strategy: expected one of pbt-nas, random-search, mutation, no-mixing, "
          + "random-search-shrink-perturb, pbt, found `pbtnas`; did you mean `pbt-nas`?"
      ),
      (
        "optimizer_state: keep",
        ":3: search.optimizer_state: expected one of inherit, base, reset, by-position, found `keep`"
      ),
      (
        "mixing: {from: 0}",
        ":3: search.mixing.from: expected a whole number of at least 1, found 0"
      ),
    ])
  func search(line: String, expected: String) throws {
    #expect(try complaints("task: gan\nsearch:\n  \(line)\ngan:\n  data: x\n") == [expected])
  }

  @Test(
    "a hyperparameter that is declared wrongly, or that the GAN does not have, is refused with its line",
    arguments: [
      (
        "learning_rate.generater: {range: [1e-4, 1e-2]}",
        ".learning_rate.generater: the trainer has no hyperparameter `learning_rate.generater`; did you mean "
          + "`learning_rate.generator`?; it takes adam.beta1, adam.beta2, averaging_decay, "
          + "learning_rate.discriminator, learning_rate.generator"
      ),
      (
        "adam.beta1: {range: [0, 1.5]}",
        ".adam.beta1: expected values in 0.0...0.999999, got 0.0...1.5"
      ),
      ("adam.beta2: {values: [0.9, 2]}", ".adam.beta2: expected values in 0.0...0.999999, got 0.9...2.0"),
      (
        "adam.beta1: {range: [0.5]}",
        ".adam.beta1.range: expected either `range: [lowest, highest]` or `values: [...]`"
      ),
      ("adam.beta1: {}", ".adam.beta1.range: expected either `range: [lowest, highest]` or `values: [...]`"),
      (
        "adam.beta1: {range: [0, 0.5], values: [0, 0.5]}",
        ".adam.beta1.range: expected either `range: [lowest, highest]` or `values: [...]`"
      ),
      (
        "adam.beta1: {range: [0, 0.5], scale: log}",
        ".adam.beta1: expected a lower end above 0, since the scale is log, got 0.0"
      ),
      (
        "adam.beta1: {range: [0, high]}",
        ".adam.beta1.range: expected a list of numbers, such as `[0.8, 1.2]`, found `high` in it"
      ),
      (
        "adam.beta1: {values: [0, 0.5], scale: linear}",
        ".adam.beta1.scale: is for a range; with `values`, an offspring goes one step up or down the list"
      ),
      (
        "adam.beta1: {range: [0, 0.5], resampel: 0.5}",
        ".adam.beta1.resampel: unknown key; did you mean `resample`?; keys here: scale, perturb, resample, values, range"
      ),
      (
        "adam.beta1: {range: [0, 0.5], perturb: [0, 1.2]}",
        ".adam.beta1: expected at least one factor to perturb by, all above 0, got [0.0, 1.2]"
      ),
    ])
  func hyperparameters(line: String, expected: String) throws {
    #expect(
      try complaints(
        "task: gan\ngan:\n  data: x\nsearch:\n  strategy: pbt\n  hyperparameters:\n    \(line)\n")
        == [":7: search.hyperparameters\(expected)"])
  }

  @Test("PBT is told by its hyperparameters, and may be told its architecture")
  func pbt() throws {
    let text = """
      task: gan
      gan: {data: x, cells: 1, bottom_width: 4, latent: 40}
      search:
        strategy: pbt
        hyperparameters:
          learning_rate.generator: {range: [1e-4, 1e-2], scale: log, perturb: [0.5, 2], resample: 0.1}
          averaging_decay: {values: [0.9, 0.99]}
        genome:
          {cell1.up0: nearest, cell1.up1: bilinear, cell1.c0: none, cell1.c1: conv_3x3, cell1.c2: conv_1x1,
          cell1.c3: none, cell1.c4: skip_connect}

      """
    #expect(try complaints(text) == [])
    let path = FileManager.default.temporaryDirectory.appendingPathComponent("\(UUID()).yml").path
    defer { try? FileManager.default.removeItem(atPath: path) }
    try Data(text.utf8).write(to: URL(fileURLWithPath: path))
    let method = try RunConfiguration(file: path).run.method
    #expect(
      method.hyperparameters == [
        Hyperparameter(name: "averaging_decay", .list([0.9, 0.99])),
        Hyperparameter(
          name: "learning_rate.generator", .range(low: 1e-4, high: 1e-2, scale: .log),
          perturbFactors: [0.5, 2],
          resampleProbability: 0.1),
      ])
    #expect(method.genome?.count == 7 && method.genome?["cell1.c1"] == "conv_3x3")
    #expect(method.strategy == .pbt)
    #expect(
      try complaints("task: gan\ngan: {data: x}\nsearch: {strategy: pbt}\n") == [
        ":3: search.hyperparameters: expected at least one, such as `NAME: {range: [1e-5, 1e-3], scale: log}`, since the "
          + "strategy pbt searches nothing else"
      ])
    #expect(
      try complaints("task: gan\ngan: {data: x}\nsearch: {genome: {a: b}}\n") == [
        ":3: search.genome: expected none with the strategy pbt-nas, whose members have different ones; it is for pbt"
      ])
  }

  @Test(
    "a fixed architecture that the task does not have is refused with its line, and one that it has is not",
    arguments: [
      ("cell1.c0: none", "cell1.c0: conv_7x7", "gene `cell1.c0` has no option `conv_7x7`"),
      ("cell1.c0: none", "cell1.c9: none", "there is no gene `cell1.c9`; the genes are cell1.up0, "),
      ("cell1.c0: none,", "", "no option is given for `cell1.c0`; every gene needs one"),
    ])
  func genome(right: String, wrong: String, expected: String) throws {
    let text = """
      task: gan
      gan: {data: x, cells: 1, bottom_width: 4, latent: 40}
      search:
        strategy: pbt
        hyperparameters: {averaging_decay: {values: [0.9, 0.99]}}
        genome: {cell1.up0: nearest, cell1.up1: bilinear, cell1.c0: none, cell1.c1: none, cell1.c2: none, \
      cell1.c3: none, cell1.c4: none}

      """
    #expect(try complaints(text) == [])
    let found = try complaints(text.replacing(right, with: wrong))
    #expect(found.count == 1 && found[0].hasPrefix(":6: search.genome: \(expected)"), "\(found)")
    // Of a space that cannot be, nothing is said.
    let impossible = text.replacing("cells: 1", with: "cells: none").replacing(right, with: wrong)
    #expect(try complaints(impossible).allSatisfy { !$0.contains("genome") })
  }

  @Test("an agent's fixed architecture is known with its settings, with pixels and without")
  func agentsGenome() throws {
    for (observations, genes) in [("state", 28), ("pixels", 36)] {
      func text(_ genome: [String: String]) -> String {
        """
        task: rl
        rl: {environment: cartpole-swingup, models: x, observations: \(observations), feature_dims: [7, 9]}
        search:
          strategy: pbt
          hyperparameters: {learning_rate: {values: [1e-4, 1e-3]}}
          genome: {\(genome.sorted { $0.key < $1.key }.map { "\($0.key): \($0.value)" }.joined(separator: ", "))}

        """
      }
      let space = DrQSearchSpace(seesPixels: observations == "pixels", featureLengths: [7, 9])
      var genome = Dictionary(
        uniqueKeysWithValues: space.searchSpace.optionNames(of: space.original).map { ($0.gene, $0.option) })
      #expect(genome.count == genes)
      #expect(try complaints(text(genome)) == [])
      genome["critic.feature_dim"] = "8"
      #expect(
        try complaints(text(genome)) == [
          ":6: search.genome: gene `critic.feature_dim` has no option `8`; its options are 7, 9"
        ])
    }
  }

  @Test(
    "an impossible setting of the GAN is refused with its line, its key, and what was expected",
    arguments: [
      (
        "latent: 121",
        "gan.latent: expected a multiple of `cells` (3), since every cell gets an equal part; found 121"
      ),
      (
        "bottom_width: 3",
        "gan.bottom_width: the images would be 24 wide (bottom_width doubled by each of 3 cells); expected 8, 16 or 32"
      ),
      ("cells: 0", "gan.cells: expected a whole number in 1...5, found 0"),
      ("generator_width: wide", "gan.generator_width: expected a whole number, found `wide`"),
      ("fitness_samples: 99", "gan.fitness_samples: expected a whole number in 100...1000000, found 99"),
      ("averaging_decay: 1.01", "gan.averaging_decay: expected a number in 0.0...1.0, found 1.01"),
      (
        "precision: float16",
        "gan.precision: expected one of auto, float32, bfloat16, found `float16`; did you mean `bfloat16`?"
      ),
      ("batch: 40", "gan.batch: expected a section of `key: value` lines, found `40`"),
      (
        "batch: {discriminators: 40}",
        "gan.batch.discriminators: unknown key; did you mean `discriminator`?; keys here: discriminator, generator"
      ),
    ])
  func gan(line: String, expected: String) throws {
    #expect(try complaints("task: gan\ngan:\n  data: x\n  \(line)\n") == [":4: \(expected)"])
  }

  @Test("an unknown key of the GAN is refused with the nearest right one")
  func unknownKey() throws {
    let found = try complaints("task: gan\ngan:\n  data: x\n  discriminator_stebs: 2\n")
    #expect(found.count == 1)
    #expect(
      found.first?.hasPrefix(
        ":4: gan.discriminator_stebs: unknown key; did you mean `discriminator_steps`?; keys here: data, ")
        == true)
  }

  @Test("a task that does not exist is refused with the names of those that do")
  func unknownTask() throws {
    let found = try complaints("seed: 1\ntask: gann\n")
    #expect(found == [":2: task: expected one of gan, rl, program, found `gann`"])
  }

  @Test("a file without a task and data is told both")
  func missing() throws {
    #expect(try complaints("seed: 1\n").first == ":1: task: is missing; expected one of gan, rl, program")
    #expect(
      try complaints("task: gan\n") == [
        ":1: gan.data: is missing; expected the folder with Fashion-MNIST's files"
      ])
  }

  @Test("a trainer of the user's own is a list of texts, and is not one of ours")
  func program() throws {
    #expect(
      try complaints("task: program\n") == [
        ":1: program.command: is missing; expected a list of texts, such as `[python3, train.py]`"
      ])
    for (value, found) in [("train.py", "`train.py`"), ("[]", "a list"), ("[a, [b]]", "a list")] {
      #expect(
        try complaints("task: program\nprogram:\n  command: \(value)\n") == [
          ":3: program.command: expected a list of texts, such as `[python3, train.py]`, found \(found)"
        ])
    }
    let path = FileManager.default.temporaryDirectory.appendingPathComponent("\(UUID()).yml").path
    defer { try? FileManager.default.removeItem(atPath: path) }
    try Data("task: program\nprogram: {command: [python3, train.py, '--steps', 7]}\n".utf8).write(
      to: URL(fileURLWithPath: path))
    let configuration = try RunConfiguration(file: path)
    #expect(configuration.program == ["python3", "train.py", "--steps", "7"])
    #expect(throws: RunError.self) { try configuration.makeTrainer(threads: 1) }
  }

  @Test("a limit on disk use has a unit, and a heartbeat's time is a number of seconds")
  func storageAndHeartbeat() throws {
    #expect(
      try complaints(
        "task: gan\ngan: {data: x}\nstorage: {disk_limit: 20, generations: 0}\nworkers: {heartbeat_timeout: never}\n"
      ) == [
        ":3: storage.disk_limit: expected a size with its unit, such as `20 GB` (kB, MB, GB or TB), found `20`",
        ":3: storage.generations: expected a whole number in 1...1000, found 0",
        ":4: workers.heartbeat_timeout: expected a number, found `never`",
      ])
  }

  @Test("several problems are reported at once, in the order of their lines")
  func several() throws {
    let found = try complaints(
      "task: gan\nworkers: {count: 0}\ngan:\n  data: x\n  latent: 7\nsearch:\n  tau: 1\n  population: 2\nsead: 3\n"
    )
    let starts = [
      ":2: workers.count: ", ":5: gan.latent: ", ":7: search.tau: ", ":8: search.population: ", ":9: sead: ",
    ]
    #expect(found.count == starts.count)
    for (complaint, start) in zip(found, starts) { #expect(complaint.hasPrefix(start)) }
  }
}
