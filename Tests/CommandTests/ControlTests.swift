@testable import Engine
import Foundation
import Tasks
import TestSupport
import Testing

/// Searches of agents by the command, with the repository's own settings files at sizes that a test can wait
/// for.
@Suite struct ControlTests {
  static let root = URL(fileURLWithPath: #filePath).deletingLastPathComponent()
    .deletingLastPathComponent().deletingLastPathComponent().path

  /// Makes the settings of a file small.
  ///
  /// - Parameter others: values by section and key, before those that are usual here.
  func small(
    _ file: String, to name: String, in folder: TemporaryFolder, _ others: [String: [String: String]] = [:]
  ) throws {
    let changes = [
      // Mixed after the first interval, with many genes of the donor.
      "search": ["population": "4", "intervals": "2", "mixing": "{from: 1}", "mix_probability": "0.5"],
      "rl": [
        "models": "\(Self.root)/.deps/data/dm_control", "action_repeat": "20", "hidden": "8",
        "encoder_channels": "2", "feature_dims": "[4, 6]", "batch": "8", "n_step": "3", "random_steps": "5",
        "seed_frames": "200", "frames_per_interval": "400", "evaluation_episodes": "1",
        "rendering": "{side: 32, shadow_size: 0, samples: 0}", "video": "{width: 64, height: 48}",
      ],
    ]
    try change(
      "\(Self.root)/\(file)", to: name, in: folder, changes.merging(others) { $0.merging($1) { $1 } })
  }

  /// Writes a settings file with other values, by section and key, in place of those that are there.
  func change(
    _ file: String, to name: String, in folder: TemporaryFolder, _ changes: [String: [String: String]]
  ) throws {
    let text = try String(contentsOfFile: file, encoding: .utf8)
    var lines: [String] = []
    var section = ""
    for line in text.split(separator: "\n").map(String.init) {
      if !line.hasPrefix(" ") { section = String(line.prefix { $0 != ":" }) }
      let key = String(line.drop { $0 == " " }.prefix { $0 != ":" })
      if line.hasPrefix(" "), changes[section]?[key] != nil { continue }
      lines.append(line)
      if !line.hasPrefix(" "), let added = changes[section] {
        lines += added.sorted { $0.key < $1.key }.map { "  \($0.key): \($0.value)" }
      }
    }
    try folder.write(lines.joined(separator: "\n") + "\n", to: name)
  }

  /// Waits for a process's end without keeping a thread that other tests could use.
  func end(of process: Process) async throws {
    while process.isRunning { try await Task.sleep(for: .milliseconds(20)) }
  }

  func finish(_ process: Process, in folder: TemporaryFolder) async throws {
    try await end(of: process)
    let said = try String(contentsOfFile: folder.file("output"), encoding: .utf8)
    try #require(process.terminationStatus == 0, "\(said)")
  }

  /// Starts a search and interrupts it in its second interval.
  ///
  /// - Parameter hasTrained: only once a member has been trained in that interval. Otherwise as soon as there
  ///   is a folder for it: its offspring may be in the making.
  func runAndStop(
    _ file: String, _ run: String, in folder: TemporaryFolder, hasTrained: Bool = false
  ) async throws {
    let process = try startProgram(["run", file, "--quiet", "-o", run], in: folder)
    let second = folder.file("\(run)/checkpoints/interval-002")
    // A thread of its own: on a busy machine a task could come too late.
    Thread.detachNewThread { [process = process.processIdentifier] in
      func isReached() -> Bool {
        guard let names = try? FileManager.default.contentsOfDirectory(atPath: second) else { return false }
        return !hasTrained || names.contains { $0.wholeMatch(of: /member-[0-9]+\.safetensors/) != nil }
      }
      while kill(process, 0) == 0 && !isReached() { usleep(5000) }
      kill(process, SIGINT)
    }
    try await end(of: process)
    try #require(process.terminationStatus == 130)
  }

  /// Members without what a clock decides, the best network's bytes, and the replay buffers' names.
  func outcome(_ run: String, in folder: TemporaryFolder) throws -> ([Record.Row], Data, [String]) {
    let rows = try Record(path: folder.file("\(run)/run.sqlite")).allMembers().map { row in
      var row = row
      row.seconds = nil
      return row
    }
    let attachments = try FileManager.default.contentsOfDirectory(atPath: folder.file("\(run)/attachments"))
    let best = try Data(contentsOf: URL(fileURLWithPath: folder.file("\(run)/best.safetensors")))
    return (rows, best, attachments.sorted())
  }

  @Test(
    "a search of agents that is stopped goes on and ends as if it had not been, and its best can be filmed",
    arguments: [("examples/cartpole-swingup.yml", "state"), ("configs/paper/quadruped-run.yml", "pixels")])
  func runAndResume(file: String, observations: String) async throws {
    let folder = try TemporaryFolder()
    try small(file, to: "small.yml", in: folder)
    try await finish(startProgram(["run", "small.yml", "--quiet", "-o", "calm"], in: folder), in: folder)
    let expected = try outcome("calm", in: folder)
    #expect(expected.0.count == 8 && expected.0.allSatisfy { $0.failure == nil && $0.fitness != nil })
    // Members of the last interval have the segments of both.
    let checkpoint = try Checkpoint(path: folder.file("calm/\(expected.0[7].end.name)"))
    #expect(checkpoint.attachments.count == 2)
    #expect(checkpoint.attachments.allSatisfy(expected.2.contains))

    try await runAndStop("small.yml", "stopped", in: folder, hasTrained: true)
    let parents = try baseAttachments("stopped", in: folder)
    try await finish(startProgram(["resume", "stopped", "--quiet"], in: folder), in: folder)
    let found = try outcome("stopped", in: folder)
    #expect(found.0 == expected.0 && found.1 == expected.1 && found.2 == expected.2)
    try checkOffspring(found.0, parents, "stopped", observations, in: folder)

    try await finish(
      startProgram(["video", "calm", "-o", "best.png", "--width", "64", "--height", "48"], in: folder),
      in: folder)
    let film = try Data(contentsOf: URL(fileURLWithPath: folder.file("best.png")))
    #expect(film.count > 1000 && film.starts(with: [0x89, 0x50, 0x4E, 0x47]))

    // Both runs have kept one, and say where.
    for run in ["calm", "stopped"] {
      try await finish(startProgram(["resume", run], in: folder), in: folder)
      let said = try String(contentsOfFile: folder.file("output"), encoding: .utf8)
      let name = try #require(
        folder.names(in: run).first { $0.hasPrefix("best.") && $0 != "best.safetensors" })
      #expect(said.contains("\n  film     \(run)/\(name)\n"), "\(said)")
      #expect(!said.contains("next: pbtnas video") && !said.contains("samples"))
      try await finish(startProgram(["report", run], in: folder), in: folder)
      let report = try String(contentsOfFile: folder.file("output"), encoding: .utf8)
      #expect(report.contains("\n  \(name)          what the best network does\n"), "\(report)")
      // No episode comes to its end in so few steps.
      #expect(report.contains("\n  agent_steps: ") && !report.contains("episode_return"), "\(report)")
    }
  }

  /// The attachments of every offspring's base parent after the first interval, by the offspring's slot. Its
  /// checkpoint is there while the second interval goes on.
  private func baseAttachments(_ run: String, in folder: TemporaryFolder) throws -> [Int: [String]] {
    let rows = try Record(path: folder.file("\(run)/run.sqlite")).allMembers()
    let offspring = try rows.compactMap { try $0.decodedOffspring() }
    return try Dictionary(
      uniqueKeysWithValues: offspring.map {
        let end = try Checkpoint(path: folder.file("\(run)/\(rows[$0.base].end.name)"))
        let start = try Checkpoint(path: folder.file("\(run)/\(rows[rows.count / 2 + $0.member].start.name)"))
        #expect(start.attachments == end.attachments)
        return ($0.member, end.attachments)
      })
  }

  /// Checks of a run's offspring that all of the agent's networks were mixed, and that it went on with its
  /// base parent's replay buffer, to which it added what it experienced itself.
  private func checkOffspring(
    _ rows: [Record.Row], _ parents: [Int: [String]], _ run: String, _ observations: String,
    in folder: TemporaryFolder
  ) throws {
    func attachments(_ file: KnownFile) throws -> [String] {
      try Checkpoint(path: folder.file("\(run)/\(file.name)")).attachments
    }
    let genes = try #require(try RunConfiguration(file: folder.file("small.yml")).task).searchSpace.genes
    let row = try #require(rows.first { $0.offspring != nil })
    let offspring = try #require(try row.decodedOffspring())
    #expect(offspring.change == .mix && offspring.donor != offspring.base)
    let networks = Set(offspring.donatedGenes.map { genes[$0].name.prefix { $0 != "." } })
    #expect(networks == (observations == "pixels" ? ["actor", "critic", "encoder"] : ["actor", "critic"]))
    let donor = try rows[#require(offspring.donor)].decodedGenome()
    #expect(offspring.donatedGenes.allSatisfy { offspring.genome.choices[$0] == donor.choices[$0] })

    let base = try #require(parents[row.member])
    #expect(base.count == 1)
    let end = try attachments(row.end)
    #expect(end.dropLast() == base[...])
    // Nobody else has the last one.
    let others = rows.filter { $0.interval == 2 && $0 != row }
    let theirs = try others.flatMap { try attachments($0.end) }
    #expect(!theirs.contains(try #require(end.last)))
  }

  /// The packages that draw without a screen, as Debian calls them.
  private static let packages = "the packages libegl1 and libgl1-mesa-dri draw without a screen"
  /// No library that draws.
  private static let blind = ["__EGL_VENDOR_LIBRARY_FILENAMES": "/nowhere"]

  @Test("without OpenGL, a search of agents that see pixels ends and says which packages to install")
  func noPixels() async throws {
    let folder = try TemporaryFolder()
    try small("configs/paper/quadruped-run.yml", to: "small.yml", in: folder)
    // For what is wrong with the settings, nothing is drawn.
    try await finish(startProgram(["check", "small.yml"], in: folder, environment: Self.blind), in: folder)
    for options in [[], ["--quiet"]] {
      let process = try startProgram(
        ["run", "small.yml", "-o", "blind\(options.count)"] + options, in: folder, environment: Self.blind)
      try await end(of: process)
      let said = try String(contentsOfFile: folder.file("output"), encoding: .utf8)
      #expect(process.terminationStatus == 1 && said.contains(Self.packages), "\(said)")
      #expect(said.contains("pictures cannot be drawn on this system"))
    }
  }

  @Test(
    "without OpenGL, or where a film is not wanted, a run of agents ends well, and says how to come by one")
  func noFilm() async throws {
    let folder = try TemporaryFolder()
    try small("examples/cartpole-swingup.yml", to: "small.yml", in: folder)
    try await finish(
      startProgram(["run", "small.yml", "-o", "blind"], in: folder, environment: Self.blind), in: folder)
    let said = try String(contentsOfFile: folder.file("output"), encoding: .utf8)
    let reason = "what the best network does could not be shown: pictures cannot be drawn on this system"
    #expect(said.contains("evaluating the best network once more"))
    // When it happens, and at the end.
    #expect(said.components(separatedBy: reason).count == 3, "\(said)")
    #expect(said.components(separatedBy: Self.packages).count == 3, "\(said)")
    #expect(said.contains("next: pbtnas video blind -o best.mp4"))
    #expect(try folder.names(in: "blind").filter { $0.hasPrefix("best") } == ["best.safetensors"])
    try await finish(startProgram(["report", "blind"], in: folder), in: folder)
    let report = try String(contentsOfFile: folder.file("output"), encoding: .utf8)
    #expect(report.contains("could not be shown: pictures cannot be drawn on this system"))
    #expect(report.contains(Self.packages))
    let events = try Record(path: folder.file("blind/run.sqlite")).events(kind: "bestNotShown")
    #expect(events.count == 1)

    let text = try String(contentsOfFile: folder.file("small.yml"), encoding: .utf8)
    try folder.write(text.replacing("{width: 64, height: 48}", with: "{keep: false}"), to: "calm.yml")
    try await finish(startProgram(["run", "calm.yml", "-o", "calm"], in: folder), in: folder)
    let calm = try String(contentsOfFile: folder.file("output"), encoding: .utf8)
    #expect(!calm.contains("once more") && !calm.contains("could not be shown"))
    #expect(calm.contains("next: pbtnas video calm -o best.mp4"))
    #expect(try folder.names(in: "calm").filter { $0.hasPrefix("best") } == ["best.safetensors"])
  }

  @Test("only an agent can be filmed")
  func noAgent() async throws {
    let folder = try TemporaryFolder()
    func refusal(_ arguments: [String]) async throws -> String {
      let film = try startProgram(arguments, in: folder)
      try await end(of: film)
      #expect(film.terminationStatus != 0)
      return try String(contentsOfFile: folder.file("output"), encoding: .utf8)
    }
    for command in ["video", "sample"] {
      #expect(
        try await refusal([command, "nothing", "-o", "best.png"]).contains("nothing holds no run"))
    }
    let run = try RunFolder(path: folder.file("run"))
    try folder.write("task: gan\ngan: {data: x, bottom_width: 2}\n", to: "gan.yml")
    try run.create(configuration: folder.file("gan.yml"))
    try Data().write(to: URL(fileURLWithPath: "\(run.path)/run.sqlite"))
    #expect(
      try await refusal(["video", "run", "-o", "best.png"])
        .contains("run is a run of the task gan, and agents alone can be filmed"))
  }
}
