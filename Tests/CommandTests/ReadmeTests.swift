import Foundation
import Testing

/// What the README shows is what is built.
@Suite struct ReadmeTests {
  private static let root = URL(fileURLWithPath: #filePath).deletingLastPathComponent()
    .appendingPathComponent("../..").standardizedFileURL

  @Test("the library example in the README is the snippet that is built, line by line")
  func exampleIsSnippet() throws {
    let readme = try String(contentsOf: Self.root.appendingPathComponent("README.md"), encoding: .utf8)
    let snippet = try String(
      contentsOf: Self.root.appendingPathComponent("Snippets/SearchByHand.swift"), encoding: .utf8)
    let code = snippet.drop { $0 != "\n" }.dropFirst()
    #expect(readme.contains("```swift\n\(code)```\n"))
  }

  @Test("the library example runs, and its population takes over the options that it prefers")
  func exampleRuns() throws {
    let process = try builtProgram("SearchByHand")
    let output = Pipe()
    process.standardOutput = output
    try process.run()
    let text = String(decoding: output.fileHandleForReading.readDataToEndOfFile(), as: UTF8.self)
    process.waitUntilExit()
    #expect(process.terminationStatus == 0)
    let lines = text.split(separator: "\n")
    #expect(lines.count == 5)
    /// How many members have the deepest network, whose genome starts with 2.
    func deep(_ line: Substring?) -> Int { line?.components(separatedBy: "\"2").count ?? 0 }
    #expect(deep(lines.last) > deep(lines.first), "\(text)")
  }
}
