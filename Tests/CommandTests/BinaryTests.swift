import Foundation
import Testing

/// The command as a user calls it: the binary that lies beside the tests.
@Suite struct BinaryTests {
  /// What a call left: its exit code and what it wrote.
  struct Outcome {
    var code: Int32
    var output: String
    var error: String
  }

  private static var binary: URL {
    get throws {
      let tests = try #require(ProcessInfo.processInfo.arguments.first)
      return URL(fileURLWithPath: tests).deletingLastPathComponent().appendingPathComponent("pbtnas")
    }
  }

  /// Calls the command in a folder of its own.
  private func call(_ arguments: String..., folder: TemporaryFolder) throws -> Outcome {
    let process = Process()
    process.executableURL = try Self.binary
    process.arguments = arguments
    process.currentDirectoryURL = URL(fileURLWithPath: folder.path)
    // Files, since a pipe that nobody empties would stop a talkative process.
    let (output, error) = (folder.file("stdout"), folder.file("stderr"))
    for path in [output, error] { try Data().write(to: URL(fileURLWithPath: path)) }
    process.standardOutput = try FileHandle(forWritingTo: URL(fileURLWithPath: output))
    process.standardError = try FileHandle(forWritingTo: URL(fileURLWithPath: error))
    process.standardInput = FileHandle.nullDevice
    try process.run()
    process.waitUntilExit()
    return Outcome(
      code: process.terminationStatus, output: try String(contentsOfFile: output, encoding: .utf8),
      error: try String(contentsOfFile: error, encoding: .utf8))
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
    try folder.write(Self.settings, to: "good.yml")
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
      for path in [folder.file("none.yml"), folder.path] {
        let outcome = try call(command, path, folder: folder)
        #expect(outcome.code == 1)
        #expect(
          outcome.error.contains("\(path): cannot be read; expected a YAML file with settings"),
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
    #expect(outcome.code == 1 && outcome.error.contains("\(folder.path)/best.safetensors"))
    #expect(try folder.names() == ["stderr", "stdout"])
  }
}
