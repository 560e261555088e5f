import Foundation
import Testing

@testable import Configuration

@Suite struct SettingsNodeTests {
  private enum Colour: String, CaseIterable {
    case red
    case green
  }

  private func read(_ text: String) throws -> SettingsNode {
    let path = FileManager.default.temporaryDirectory.appendingPathComponent("\(UUID()).yml").path
    defer { try? FileManager.default.removeItem(atPath: path) }
    try text.write(toFile: path, atomically: true, encoding: .utf8)
    return try SettingsNode.read(file: path)
  }

  private func problems(_ node: SettingsNode) -> [ConfigurationProblem] {
    do {
      try node.throwProblems()
      return []
    } catch let error as ConfigurationProblems {
      return error.list
    } catch {
      Issue.record(error)
      return []
    }
  }

  @Test("values are read, and defaults stand in for keys that are not given")
  func values() throws {
    let node = try read("a: 3\nb: 0.5\nc: true\nd: text\ne: green\nsub: {f: 4}\n")
    #expect(node.int("a", default: 0) == 3 && node.double("b", default: 0) == 0.5)
    #expect(node.bool("c", default: false) && node.string("d", default: "") == "text")
    #expect(node.choice("e", default: Colour.red) == .green)
    #expect(node.section("sub").int("f", default: 0) == 4 && node.section("none").int("g", default: 7) == 7)
    #expect(problems(node).isEmpty)
  }

  @Test("a list of numbers holds nothing else")
  func ints() throws {
    let node = try read("a: [25, 50]\nb: []\nc: [1, x]\nd: 7\ne: [0, 3]\nf: [1.5]\ng: [[1]]\n")
    #expect(node.ints("a", default: [1]) == [25, 50] && node.ints("none", default: [1, 2]) == [1, 2])
    for key in ["b", "c", "d", "e", "f", "g"] { #expect(node.ints(key, default: [9], in: 1...50) == [9]) }
    let found = problems(node)
    #expect(found.map(\.key) == ["b", "c", "d", "e", "f", "g"])
    #expect(
      found.first?.message
        == "expected a list of whole numbers, each in 1...50, such as `[25, 50]`, found a list")
  }

  @Test("a size has a number and a unit")
  func byteCount() throws {
    let node = try read("a: 20 GB\nb: 1.5kB\nc: 7\nd: -1 MB\ne: many TB\nf: [1]\n")
    #expect(node.byteCount("a") == 20_000_000_000 && node.byteCount("b") == 1500)
    for key in ["c", "d", "e", "f", "none"] { #expect(node.byteCount(key) == nil) }
    let found = problems(node)
    #expect(found.map(\.key) == ["c", "d", "e", "f"])
    #expect(found.allSatisfy { $0.message.contains("expected a size with its unit, such as `20 GB`") })
  }

  @Test("an unknown key is refused with its line and the nearest right key")
  func unknownKey() throws {
    let node = try read("search:\n  tau: 0.25\n  populaton: 8\n")
    let search = node.section("search")
    _ = search.int("population", default: 4)
    _ = search.double("tau", default: 0)
    let found = problems(node)
    #expect(found.map(\.line) == [3] && found.map(\.key) == ["search.populaton"])
    #expect(found.first?.message.contains("did you mean `population`?") == true)
  }

  @Test("all problems are reported at once, in the order of their lines")
  func allAtOnce() throws {
    let node = try read("a: many\nb: 7\nc: maybe\nd: blue\ne: [1]\n")
    #expect(node.int("a", default: 1) == 1 && node.double("b", default: 0.5, in: 0...1) == 0.5)
    #expect(!node.bool("c", default: false) && node.choice("d", default: Colour.red) == .red)
    #expect(node.int("e", default: 2) == 2)
    let found = problems(node)
    #expect(found.map(\.line) == [1, 2, 3, 4, 5] && found.map(\.key) == ["a", "b", "c", "d", "e"])
    for (problem, expected) in zip(found, ["`many`", "0.0...1.0", "true or false", "red, green", "a list"]) {
      #expect(problem.message.contains(expected))
    }
  }

  @Test(
    "a file that holds no settings is refused",
    arguments: ["", "- a\n- b\n", "a: [1\n", "a: 1\na: 2\n"])
  func noSettings(_ text: String) {
    #expect(throws: ConfigurationProblem.self) { try read(text) }
  }

  @Test("a key that stands twice, and bad YAML, are refused with the line")
  func linesOfBadYAML() {
    for (text, line, words) in [
      ("a: 1\nb: 2\na: 3\n", nil as Int?, "a key stands twice: a"),
      ("a: 1\nb: [1\nc: 2\n", 3, "not valid YAML"),
      ("a: 1\n\tb: 2\n", 2, "not valid YAML"),
    ] {
      let error = #expect(throws: ConfigurationProblem.self) { try read(text) }
      #expect(error?.message.contains(words) == true, "\(text): \(error?.description ?? "")")
      if let line {
        #expect(error?.line == line, "\(text): \(error?.description ?? "")")
      } else {
        #expect(error?.line != nil)
      }
    }
  }

  @Test("a file that is not text in UTF-8 is refused as such")
  func notUTF8() throws {
    let path = FileManager.default.temporaryDirectory.appendingPathComponent("\(UUID()).yml").path
    defer { try? FileManager.default.removeItem(atPath: path) }
    try Data([0x61, 0x3A, 0x20, 0xFF, 0xFE, 0x0A]).write(to: URL(fileURLWithPath: path))
    let error = #expect(throws: ConfigurationProblem.self) { try SettingsNode.read(file: path) }
    #expect(error?.message.contains("UTF-8") == true)
  }

  @Test("a missing file and a folder are refused with their path")
  func noFile() {
    for path in ["/nowhere/config.yml", FileManager.default.temporaryDirectory.path] {
      let error = #expect(throws: ConfigurationProblem.self) { try SettingsNode.read(file: path) }
      #expect(error?.description.contains(path) == true)
    }
  }
}
