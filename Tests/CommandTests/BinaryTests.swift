import Engine
import Foundation
import PBTNAS
import Tasks
import TestSupport
import Testing

/// The command as a user calls it: the binary that lies beside the tests.
@Suite struct BinaryTests {
  /// What a call left: its exit code and what it wrote.
  struct Outcome {
    var code: Int32
    var output: String
    var error: String
  }

  /// Calls the command in a folder of its own.
  func call(_ arguments: String..., folder: TemporaryFolder) throws -> Outcome {
    let process = try builtProgram("pbtnas", arguments, in: folder)
    process.standardOutput = try folder.output("stdout")
    process.standardError = try folder.output("stderr")
    try process.run()
    process.waitUntilExit()
    return Outcome(
      code: process.terminationStatus,
      output: try String(contentsOfFile: folder.file("stdout"), encoding: .utf8),
      error: try String(contentsOfFile: folder.file("stderr"), encoding: .utf8))
  }

  private static let settings = """
    task: gan
    search:
      population: 8
    gan:
      data: data
      bottom_width: 2

    """

  @Test("a wrong call ends with code 64 and says what was expected")
  func badUsage() throws {
    let folder = try TemporaryFolder()
    var outcome = try call("run", folder: folder)
    #expect(outcome.code == 64 && outcome.error.contains("Missing expected argument '<config>'"))
    outcome = try call("frobnicate", folder: folder)
    #expect(outcome.code == 64 && outcome.error.contains("Unexpected argument 'frobnicate'"))
    for command in ["run", "resume"] {
      outcome = try call(command, "x", "--workers", "0", folder: folder)
      #expect(outcome.code == 64 && outcome.error.contains("--workers must be at least 1, not 0"))
      outcome = try call(command, "x", "--quiet", "--json", folder: folder)
      #expect(outcome.code == 64 && outcome.error.contains("--quiet and --json exclude each other"))
    }
    outcome = try call("sample", "x", "-n", "0", "-o", "grid.png", folder: folder)
    #expect(outcome.code == 64 && outcome.error.contains("-n must be in 1...100000, not 0"))
  }

  @Test("check says that right settings are fine, and starts nothing")
  func checkGood() throws {
    let folder = try TemporaryFolder()
    try folder.write(Self.settings.replacing("data: data", with: "data: \(Self.data)"), to: "good.yml")
    let outcome = try call("check", "good.yml", folder: folder)
    #expect(outcome.code == 0 && outcome.error.isEmpty)
    #expect(outcome.output == "good.yml: fine: 8 members, 8 intervals, pbt-nas\n")
    #expect(try folder.names() == ["good.yml", "stderr", "stdout"])
  }

  @Test("settings that are wrong are refused by check and by run, with every line, and leave no folder")
  func badSettings() throws {
    let folder = try TemporaryFolder()
    try folder.write(
      Self.settings.replacing("population: 8", with: "populaton: 8\n  tau: 0.7"), to: "bad.yml")
    let expected = [
      "bad.yml:3: search.populaton: unknown key; did you mean `population`?",
      "bad.yml:4: search.tau: expected a fraction above 0 and at most 0.5, got 0.7",
    ]
    for command in ["check", "run"] {
      let outcome = try call(command, "bad.yml", folder: folder)
      #expect(outcome.code == 1 && outcome.output.isEmpty)
      for line in expected { #expect(outcome.error.contains(line)) }
    }
    #expect(try folder.names() == ["bad.yml", "stderr", "stdout"])
  }

  @Test("a settings file that is missing, or is a folder, is named by check and by run")
  func noSettings() throws {
    let folder = try TemporaryFolder()
    for command in ["check", "run"] {
      for (path, reason) in [
        (folder.file("none.yml"), "No such file or directory"),
        (folder.path, "it is a folder, expected a regular file"),
      ] {
        let outcome = try call(command, path, folder: folder)
        #expect(outcome.code == 1)
        #expect(
          outcome.error.contains("\(path): cannot be read: \(reason); expected a YAML file with settings"),
          "\(command): \(outcome.error)")
      }
    }
    #expect(try folder.names() == ["stderr", "stdout"])
  }

  @Test("report, resume and sample say of a folder that it holds no run")
  func noRun() throws {
    let folder = try TemporaryFolder()
    for command in ["report", "resume"] {
      let outcome = try call(command, folder.path, folder: folder)
      #expect(outcome.code == 1 && outcome.output.isEmpty)
      #expect(outcome.error.contains("\(folder.path) holds no run: expected a folder made by `pbtnas run`"))
    }
    let outcome = try call("sample", folder.path, "-o", "grid.png", folder: folder)
    #expect(outcome.code == 1 && outcome.error.contains("\(folder.path) holds no run"))
    #expect(try folder.names() == ["stderr", "stdout"])
  }

  @Test("files whose names begin with a dash are read and written as files")
  func dashes() throws {
    let folder = try TemporaryFolder()
    let settings = Self.settings.replacing("data: data", with: "data: \(Self.data)")
    try folder.write(settings, to: "-settings.yml")
    let trainer = try RunConfiguration(file: folder.file("-settings.yml")).makeTrainer(threads: 1)
    let genome = Genome(trainer.searchSpace.genes.map { _ in 0 })
    try trainer.initialise(
      InitialiseJob(genome: genome, seed: 1, output: folder.file("-network.safetensors")))
    var outcome = try call("check", "--", "-settings.yml", folder: folder)
    #expect(outcome.code == 0, "\(outcome.error)")
    outcome = try call("sample", "--output=-x.png", "-n", "2", "--", "-network.safetensors", folder: folder)
    #expect(outcome.code == 0, "\(outcome.error)")
    #expect(try folder.names() == ["-network.safetensors", "-settings.yml", "-x.png", "stderr", "stdout"])
  }

  @Test("a named pipe in place of a settings file or a network does not wait", .timeLimit(.minutes(10)))
  func pipes() throws {
    let folder = try TemporaryFolder()
    for name in ["config.yml", "network.safetensors"] { #expect(mkfifo(folder.file(name), 0o600) == 0) }
    for arguments in [["check", "config.yml"], ["run", "config.yml"]] {
      let outcome = try call(arguments[0], arguments[1], folder: folder)
      #expect(outcome.code == 1 && outcome.error.contains("config.yml: cannot be read: it is a named pipe"))
    }
    let outcome = try call("sample", "network.safetensors", "-o", "x.png", folder: folder)
    #expect(
      outcome.code == 1 && outcome.error.contains("network.safetensors: cannot be read: it is a named pipe"))
    #expect(try folder.names() == ["config.yml", "network.safetensors", "stderr", "stdout"])
  }

  @Test("what settings point to is looked at before anything starts")
  func checkFiles() throws {
    let folder = try TemporaryFolder()
    let real = "data: \(Self.data)"
    let cases = [
      (
        "task: gan\ngan: {data: nowhere, bottom_width: 2}",
        ["gan.data: there is no ", "/nowhere/train-images"]
      ),
      (
        "task: gan\ngan: {\(real)}",
        ["gan.classifier: ", "is for images of 16x16, the networks make 32x32", "--side 32"]
      ),
      (
        "task: gan\ngan: {\(real), bottom_width: 2, classifier: none.safetensors}",
        ["gan.classifier: ", "/none.safetensors: opening failed"]
      ),
      (
        "task: program\nprogram: {command: [no-such-trainer, x]}",
        ["program.command: there is no program `no-such-trainer` in PATH"]
      ),
      (
        "task: program\nprogram: {command: [./train]}", ["program.command: there is no program /", "/train;"]
      ),
    ]
    for (settings, said) in cases {
      try folder.write(settings, to: "bad.yml")
      for command in ["check", "run"] {
        let outcome = try call(command, "bad.yml", folder: folder)
        #expect(outcome.code != 0 && said.allSatisfy(outcome.error.contains), "\(outcome)")
      }
    }
    #expect(try folder.names() == ["bad.yml", "stderr", "stdout"])
  }

  @Test("doctor says what there is")
  func doctor() throws {
    let outcome = try call("doctor", folder: try TemporaryFolder())
    #expect(outcome.code == 0 && outcome.error.isEmpty)
    for word in ["libtorch", "MuJoCo", "bfloat16", "CUDA"] {
      #expect(outcome.output.contains(word), "\(outcome)")
    }
  }

  @Test("a search goes on where nobody reads what it says")
  func closedOutput() throws {
    let folder = try TemporaryFolder()
    try folder.write(Self.toySettings, to: "toy.yml")
    let process = try builtProgram("pbtnas", ["run", "toy.yml", "-o", "run", "--json"], in: folder)
    let reader = Pipe()
    process.standardOutput = reader
    process.standardError = try folder.output("stderr")
    try process.run()
    try reader.fileHandleForReading.close()
    process.waitUntilExit()
    #expect(process.terminationStatus == 0)
    let said = try String(contentsOfFile: folder.file("stderr"), encoding: .utf8)
    #expect(said.components(separatedBy: "standard output cannot be written to").count == 2, "\(said)")
    #expect(try RunFolder(path: folder.file("run")).readSummary().contains("best"))
  }

  @Test("soup, prune and every event as JSON, of a search with a trainer of one's own")
  func otherCommands() throws {
    let folder = try TemporaryFolder()
    try folder.write(Self.toySettings, to: "toy.yml")
    let run = try call("run", "toy.yml", "-o", "run", "--json", folder: folder)
    #expect(run.code == 0)
    let events = try run.output.split(separator: "\n").map {
      try #require(try JSONSerialization.jsonObject(with: Data($0.utf8)) as? [String: Any])
    }
    #expect(events.count > 10)
    let signals = try Record(path: folder.file("run/run.sqlite")).allMembers().map {
      try $0.decodedMetrics()["unreachable_signals"]
    }
    #expect(!signals.isEmpty && signals.allSatisfy { $0 == 0 })
    let soup = try call("soup", "run", folder: folder)
    #expect(soup.code == 0, "\(soup)")
    #expect(FileManager.default.fileExists(atPath: folder.file("run/best-soup.safetensors")))
    #expect(try RunFolder(path: folder.file("run")).readSoup() != nil)
    // Another file of that name is not the soup that the record tells of.
    try folder.write("other", to: "run/best-soup.safetensors")
    #expect(try RunFolder(path: folder.file("run")).readSoup() == nil)
    let prune = try call("prune", "run", folder: folder)
    #expect(prune.code == 0, "\(prune)")
    #expect(try folder.names(in: "run/checkpoints").isEmpty)
    let again = try call("soup", "run", folder: folder)
    #expect(again.code == 1 && again.error.contains("prune"), "\(again)")
    try folder.write("this is no database, whatever its name says", to: "run/run.sqlite")
    let report = try call("report", "run", folder: folder)
    #expect(report.code == 1 && report.error.contains("run/run.sqlite: the run's record is damaged"))
  }

  private static let toySettings = """
    task: program
    search: {population: 4, intervals: 2}
    program:
      command:
        - python3
        - \(URL(fileURLWithPath: #filePath).deletingLastPathComponent()
            .appendingPathComponent("../EngineTests/Fixtures/toy_trainer.py").standardizedFileURL.path)
    """

  private static let data = URL(fileURLWithPath: #filePath).deletingLastPathComponent()
    .appendingPathComponent("../../.deps/data/fashion-mnist").standardizedFileURL.path

  @Test("a search of real GANs has the same members, fitness and best network with one worker and with two")
  func sameWithOneAndTwoWorkers() throws {
    let folder = try TemporaryFolder()
    try folder.write(
      """
      task: gan
      seed: 7
      search: {population: 4, intervals: 3, mix_probability: 0.5}
      gan:
        data: \(Self.data)
        bottom_width: 2
        generator_width: 4
        discriminator_width: 4
        discriminator_steps: 1
        cycles_per_interval: 2
        fitness_samples: 200
      """, to: "small.yml")
    var members: [[Record.Row]] = []
    for workers in ["1", "2"] {
      let outcome = try call(
        "run", "small.yml", "--workers", workers, "--quiet", "-o", "run-\(workers)", folder: folder)
      #expect(outcome.code == 0 && outcome.output == "run-\(workers)/best.safetensors\n", "\(outcome)")
      members.append(
        try Record(path: folder.file("run-\(workers)/run.sqlite")).allMembers().map { row in
          var row = row
          row.seconds = nil
          return row
        })
    }
    #expect(members[0].count == 12 && members[0].allSatisfy { $0.fitness != nil })
    #expect(members[0].contains { $0.interval == 3 && (try? $0.decodedOffspring()) != nil })
    #expect(members[0] == members[1])
    let best = try ["1", "2"].map {
      try Data(contentsOf: URL(fileURLWithPath: folder.file("run-\($0)/best.safetensors")))
    }
    #expect(best[0] == best[1])
    // What is left can be used, and is named as the run was.
    let end = try call("resume", "run-2", folder: folder)
    #expect(end.code == 0 && end.output.contains("\n  samples  run-2/samples/interval-00"), "\(end)")
    let report = try call("report", "run-2", folder: folder)
    #expect(report.code == 0 && report.output.contains("best"))
    let sample = try call("sample", "run-2", "-n", "4", "-o", "grid.png", folder: folder)
    #expect(sample.code == 0, "\(sample)")
    let picture = try Data(contentsOf: URL(fileURLWithPath: folder.file("grid.png")))
    #expect(picture.starts(with: [0x89, 0x50, 0x4E, 0x47]) && picture.count > 300)
  }
}
