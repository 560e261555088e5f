import Configuration
import Engine
import Foundation
import Testing

@testable import Tasks

/// `docs/settings.md`, against what reading asks for.
@Suite struct SettingsReferenceTests {
  /// A row of the document's tables.
  private struct Entry: Hashable, CustomStringConvertible {
    let key: String
    let standard: String

    var description: String { "| `\(key)` | \(standard) |" }
  }

  @Test("the reference of settings has every key, with the default that holds, and no other")
  func everyKey() throws {
    let asked = try [String: Set<Entry>](
      uniqueKeysWithValues: (BuiltInTask.names + ["program"]).map { ($0, try entries(task: $0)) })
    let expected = asked.values.reduce(into: Set()) { $0.formUnion($1) }
    let found = try documented()
    #expect(expected.count > 60)
    #expect(expected.subtracting(found).map(\.description).sorted() == [])
    #expect(found.subtracting(expected).map(\.description).sorted() == [])
  }

  /// What reading a file with nothing but its task asks for.
  private func entries(task: String) throws -> Set<Entry> {
    let path = FileManager.default.temporaryDirectory.appendingPathComponent("\(UUID()).yml").path
    defer { try? FileManager.default.removeItem(atPath: path) }
    try Data("task: \(task)\n".utf8).write(to: URL(fileURLWithPath: path))
    let node = try SettingsNode.read(file: path)
    RunConfiguration.readAll(node)
    // What must be given is complained about where it is not.
    let complaints: [ConfigurationProblem]
    do {
      try node.throwProblems()
      complaints = []
    } catch let problems as ConfigurationProblems {
      complaints = problems.list
    }
    let missing = Set(complaints.filter { $0.message.hasPrefix("is missing") }.map(\.key) + ["task"])
    return Set(
      node.askedKeys.filter { $0.kind != .section }.map {
        Entry(key: $0.key, standard: missing.contains($0.key) ? "*required*" : $0.default ?? "–")
      })
  }

  /// What the document says.
  private func documented() throws -> Set<Entry> {
    let root = URL(fileURLWithPath: #filePath).deletingLastPathComponent().deletingLastPathComponent()
      .deletingLastPathComponent()
    let text = try String(contentsOf: root.appendingPathComponent("docs/settings.md"), encoding: .utf8)
    return Set(
      text.split(separator: "\n").compactMap { line in
        let cells = line.split(separator: "|").map { $0.trimmingCharacters(in: .whitespaces) }
        guard line.hasPrefix("| `"), cells.count >= 2 else { return nil }
        return Entry(key: cells[0].trimmingCharacters(in: ["`"]), standard: cells[1])
      })
  }
}
