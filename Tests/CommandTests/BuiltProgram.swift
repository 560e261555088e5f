import Foundation
import TestSupport
import Testing

/// A program that was built with the tests and lies beside them, ready to be started.
///
/// - Parameter folder: where it starts; nil for this process's folder.
func builtProgram(
  _ name: String = "pbtnas", _ arguments: [String] = [], in folder: TemporaryFolder? = nil
) throws -> Process {
  let tests = try #require(ProcessInfo.processInfo.arguments.first)
  let process = Process()
  process.executableURL = URL(fileURLWithPath: tests).deletingLastPathComponent().appendingPathComponent(name)
  process.arguments = arguments
  if let folder { process.currentDirectoryURL = URL(fileURLWithPath: folder.path) }
  process.standardInput = FileHandle.nullDevice
  return process
}

/// Starts the command in a folder, with what it says in the file `output` there.
///
/// - Parameter environment: variables beside this process's.
func startProgram(
  _ arguments: [String], in folder: TemporaryFolder, environment: [String: String] = [:]
) throws -> Process {
  let process = try builtProgram("pbtnas", arguments, in: folder)
  process.environment = ProcessInfo.processInfo.environment.merging(environment) { _, new in new }
  let output = try folder.output("output")
  process.standardOutput = output
  process.standardError = output
  try process.run()
  return process
}

extension TemporaryFolder {
  /// A new file for what a process writes. Files, since a pipe that nobody empties would stop a talkative process.
  func output(_ name: String) throws -> FileHandle {
    try Data().write(to: URL(fileURLWithPath: file(name)))
    return try FileHandle(forWritingTo: URL(fileURLWithPath: file(name)))
  }
}
