import Foundation
import TestSupport
import Testing

extension ControlTests {
  /// What the command says about settings of a walker, without the file's name and in one line.
  private func complaint(
    _ command: [String], _ lines: [String], in folder: TemporaryFolder
  ) async throws -> String {
    let text = ["task: rl", "rl:"] + lines.map { "  \($0)" }
    try folder.write(text.joined(separator: "\n") + "\n", to: "walker.yml")
    let process = try startProgram(command, in: folder)
    try await end(of: process)
    #expect(process.terminationStatus == 1)
    return try String(contentsOfFile: folder.file("output"), encoding: .utf8)
  }

  @Test(
    "an unknown camera is found by check and before a run, with its line and the cameras that there are",
    arguments: ["state", "pixels"])
  func unknownCamera(observations: String) async throws {
    let folder = try TemporaryFolder()
    for (camera, line) in [("sid", "`sid`"), ("2", "`2`"), ("-1", "`-1`")] {
      for command in [["check", "walker.yml"], ["run", "walker.yml", "-o", "run"]] {
        let said = try await complaint(
          command,
          [
            "environment: walker-run", "models: \(Self.root)/.deps/data/dm_control",
            "observations: \(observations)", "rendering:", "  side: 32", "  camera: \(camera)",
          ], in: folder)
        #expect(
          said
            == "Error: walker.yml:8: rl.rendering.camera: the model has no camera \(line); it has "
            + "0 (`side`), 1 (`back`); expected `standard`, or the number or name of one of these\n")
      }
    }
    #expect(try folder.names() == ["output", "walker.yml"])
    for camera in ["standard", "back", "1"] {
      try folder.write(
        """
        task: rl
        rl:
          environment: walker-run
          models: \(Self.root)/.deps/data/dm_control
          rendering: {camera: \(camera)}

        """, to: "right.yml")
      // Nothing is drawn for it.
      let blind = ["__EGL_VENDOR_LIBRARY_FILENAMES": "/nowhere"]
      try await finish(startProgram(["check", "right.yml"], in: folder, environment: blind), in: folder)
    }
  }

  @Test(
    "models that are not there are found by check and before a run, with their line and how to come by them")
  func missingModels() async throws {
    let folder = try TemporaryFolder()
    let models = folder.file("models")
    let lines = ["environment: walker-run", "models: models"]
    for command in [["check", "walker.yml"], ["run", "walker.yml", "-o", "run"]] {
      let said = try await complaint(command, lines, in: folder)
      #expect(
        said
          == "Error: walker.yml:4: rl.models: there is no folder \(models); expected the one with the "
          + "Control Suite's models, which scripts/setup puts into .deps/data/dm_control: run it, or say "
          + "where they are\n"
      )
    }
    // One file after the other is missing, and the last is none.
    try FileManager.default.createDirectory(atPath: "\(models)/common", withIntermediateDirectories: true)
    let suite = "\(Self.root)/.deps/data/dm_control"
    for name in ["walker.xml", "common/skybox.xml"] {
      for command in [["check", "walker.yml"], ["run", "walker.yml", "-o", "run"]] {
        let said = try await complaint(command, lines, in: folder)
        #expect(
          said
            == "Error: walker.yml:4: rl.models: the model file \(models)/\(name) cannot be read: there is no "
            + "such file. scripts/setup puts the models into .deps/data/dm_control\n")
      }
      for file in [name, "common/materials.xml"]
      where !FileManager.default.fileExists(atPath: "\(models)/\(file)") {
        try FileManager.default.copyItem(atPath: "\(suite)/\(file)", toPath: "\(models)/\(file)")
      }
    }
    try FileManager.default.copyItem(
      atPath: "\(suite)/common/visual.xml", toPath: "\(models)/common/visual.xml")
    try folder.write("<mujoco><worldbody>", to: "models/walker.xml")
    let said = try await complaint(["check", "walker.yml"], lines, in: folder)
    #expect(
      said.hasPrefix("Error: walker.yml:4: rl.models: \(models)/walker.xml is not a model that can be used: ")
    )
    #expect(said.contains("scripts/setup puts the right one into .deps/data/dm_control"))
    #expect(try folder.names() == ["models", "output", "walker.yml"])
    // The same file is fine with the suite's own model.
    try FileManager.default.removeItem(atPath: "\(models)/walker.xml")
    try FileManager.default.copyItem(atPath: "\(suite)/walker.xml", toPath: "\(models)/walker.xml")
    try await finish(startProgram(["check", "walker.yml"], in: folder), in: folder)
  }

  @Test("a run whose models have gone is not resumed, and says so at once")
  func modelsGone() async throws {
    let folder = try TemporaryFolder()
    let models = folder.file("models")
    try FileManager.default.createSymbolicLink(
      atPath: models, withDestinationPath: "\(Self.root)/.deps/data/dm_control")
    try small("examples/cartpole-swingup.yml", to: "small.yml", in: folder, ["rl": ["models": models]])
    try await runAndStop("small.yml", "run", in: folder)
    try FileManager.default.removeItem(atPath: models)
    let process = try startProgram(["resume", "run"], in: folder)
    try await end(of: process)
    let said = try String(contentsOfFile: folder.file("output"), encoding: .utf8)
    #expect(process.terminationStatus == 1)
    #expect(
      said.contains(": rl.models: there is no folder \(models); expected ") && !said.contains("lost"),
      "\(said)")
  }
}
