@testable import Engine
import Foundation
import Testing

/// Searches of agents by the command, with the repository's own settings files at sizes that a test can wait
/// for.
@Suite struct ControlTests {
  static let root = URL(fileURLWithPath: #filePath).deletingLastPathComponent()
    .deletingLastPathComponent().deletingLastPathComponent().path

  /// Makes the settings of a file small: values by key, in place of those that are there.
  func small(_ file: String, to name: String, in folder: TemporaryFolder) throws {
    let changes = [
      "search": ["population": "4", "intervals": "2"],
      "rl": [
        "models": "\(Self.root)/.deps/data/dm_control", "action_repeat": "20", "hidden": "8",
        "encoder_channels": "2", "feature_dims": "[4, 6]", "batch": "8", "n_step": "3", "random_steps": "5",
        "seed_frames": "200", "frames_per_interval": "400", "evaluation_episodes": "1",
        "rendering": "{side: 32, shadow_size: 0, samples: 0}", "video": "{width: 64, height: 48}",
      ],
    ]
    let text = try String(contentsOfFile: "\(Self.root)/\(file)", encoding: .utf8)
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
  func runAndStop(_ file: String, _ run: String, in folder: TemporaryFolder) async throws {
    let process = try startProgram(["run", file, "--quiet", "-o", run], in: folder)
    let second = folder.file("\(run)/checkpoints/interval-002")
    // A thread of its own: on a busy machine a task could come too late.
    Thread.detachNewThread { [process = process.processIdentifier] in
      while kill(process, 0) == 0 && !FileManager.default.fileExists(atPath: second) { usleep(5000) }
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

    try await runAndStop("small.yml", "stopped", in: folder)
    try await finish(startProgram(["resume", "stopped", "--quiet"], in: folder), in: folder)
    let found = try outcome("stopped", in: folder)
    #expect(found.0 == expected.0 && found.1 == expected.1 && found.2 == expected.2)

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

  @Test(
    "without OpenGL, or where a film is not wanted, a run of agents ends well, and says how to come by one")
  func noFilm() async throws {
    let folder = try TemporaryFolder()
    try small("examples/cartpole-swingup.yml", to: "small.yml", in: folder)
    // No library that draws.
    let blind = ["__EGL_VENDOR_LIBRARY_FILENAMES": "/nowhere"]
    try await finish(
      startProgram(["run", "small.yml", "-o", "blind"], in: folder, environment: blind), in: folder)
    let said = try String(contentsOfFile: folder.file("output"), encoding: .utf8)
    let reason = "what the best network does could not be shown: pictures cannot be drawn on this system"
    #expect(said.contains("evaluating the best network once more"))
    // When it happens, and at the end.
    #expect(said.components(separatedBy: reason).count == 3, "\(said)")
    #expect(said.contains("next: pbtnas video blind -o best.mp4"))
    #expect(try folder.names(in: "blind").filter { $0.hasPrefix("best") } == ["best.safetensors"])
    try await finish(startProgram(["report", "blind"], in: folder), in: folder)
    let report = try String(contentsOfFile: folder.file("output"), encoding: .utf8)
    #expect(report.contains("could not be shown: pictures cannot be drawn on this system"))
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
    let film = try startProgram(["video", "nothing", "-o", "best.png"], in: folder)
    try await end(of: film)
    #expect(film.terminationStatus != 0)
    #expect(
      try String(contentsOfFile: folder.file("output"), encoding: .utf8).contains("nothing holds no run"))
  }
}
