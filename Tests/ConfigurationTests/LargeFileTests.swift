import Foundation
import TestSupport
import Testing

@testable import Configuration

/// Settings files that are made to take long.
@Suite(.timeLimit(.minutes(10))) struct LargeFileTests {
  private let folder: TemporaryFolder
  private var path: String { folder.file("config.yml") }

  init() throws { folder = try TemporaryFolder() }

  private func read(_ text: String) throws -> SettingsNode {
    try folder.write(text, to: "config.yml")
    return try SettingsNode.read(file: path)
  }

  /// What is said of a text that cannot be read at all.
  private func refusal(_ text: String) -> String {
    let error = #expect(throws: ConfigurationProblem.self) { try read(text) }
    return error?.description ?? ""
  }

  /// The seconds that something takes.
  private func seconds(_ body: () throws -> Void) rethrows -> Double {
    let begin = ContinuousClock.now
    try body()
    return (ContinuousClock.now - begin) / .seconds(1)
  }

  @Test("a file beyond the limit is refused with the limit before it is read")
  func tooLarge() throws {
    let keys = (0..<500_000).map { "key\($0): 1\n" }.joined()
    let value = "a: " + String(repeating: "x", count: 100_000_000)
    for text in [keys, value] {
      try folder.write(text, to: "config.yml")
      let taken = seconds {
        let error = #expect(throws: ConfigurationProblem.self) { try SettingsNode.read(file: path) }
        #expect(error?.description.contains("it has more than 1000000 bytes") == true)
      }
      #expect(taken < 1)
    }
  }

  @Test("of many unknown keys the first are reported, and how many more there are, soon")
  func unknownKeys() throws {
    let node = try read((0..<80_000).map { "k\($0): 1\n" }.joined())
    _ = node.int("known", default: 1)
    let taken = seconds {
      let error = #expect(throws: ConfigurationProblems.self) { try node.throwProblems() }
      #expect(error?.list.map(\.line) == (1...20).map { $0 })
      #expect(error?.list.first?.message == "unknown key; keys here: known")
      #expect(error?.omitted == 79_980)
      #expect(error?.description.hasSuffix("\nand 79980 more") == true)
    }
    #expect(taken < 5)
  }

  @Test("many keys of the user's own are read in time that grows with their number")
  func ownKeys() throws {
    let node = try read("own:\n" + (0..<40_000).map { "  k\($0): v\n" }.joined())
    let taken = try seconds {
      #expect(node.texts("own")?.count == 40_000)
      try node.throwProblems()
    }
    #expect(taken < 5)
  }

  @Test("of a long key or value a message has the beginning")
  func longTexts() throws {
    let long = String(repeating: "x", count: 300_000)
    let node = try read("a: \(long)\n? \(long)\n: 1\nb: [1]\nc: \(long)\n")
    _ = (node.int("a", default: 0), node.int("b", default: 0), node.bool("c", default: true))
    let error = #expect(throws: ConfigurationProblems.self) { try node.throwProblems() }
    #expect(error?.list.count == 4)
    #expect(error?.list.first?.message == "expected a whole number, found `\(long.prefix(80))...`")
    #expect(error?.list[1].key == "\(long.prefix(200))...")
    #expect(error?.list[1].message.hasPrefix("unknown key; keys here: a") == true)
    #expect((error?.description.count ?? .max) < 2_000)
    // Keys that stand twice are listed in the parser's error.
    #expect(refusal("\(long): 1\n\(long): 2\n").count < 1_000)
    #expect(refusal("a: \(long)\u{1}\n").count < 1_000)
  }

  @Test(
    "nesting without end is refused",
    arguments: [("[", ""), ("{a: ", ""), ("- ", ""), ("? ", ""), ("{? [", "")])
  func nesting(opening: String, closing: String) {
    let text = "a:\n  " + String(repeating: opening, count: 100_000) + "x"
    let taken = seconds { #expect(refusal(text).contains("is not valid YAML")) }
    #expect(taken < 5)
  }

  @Test("aliases that multiply are refused, as values and as keys; a few of them are fine")
  func aliases() throws {
    var bomb = "a0: &a0 [x, x]\n"
    for level in 1...40 { bomb += "a\(level): &a\(level) [*a\(level - 1), *a\(level - 1)]\n" }
    #expect(refusal(bomb).contains("has aliases (`*name`) of sections that hold aliases"))
    #expect(refusal(bomb + "? *a40\n: 1\n").contains("has aliases"))
    let node = try read("a: &a {b: 1}\nc: *a\nd: &d [*a, *a]\ne: *d\n# 2 * 3 & 4\n")
    #expect(node.leaves()["e[1].b"] == "1")
  }

  @Test("many values under many long keys are not all written out")
  func longKeys() throws {
    let key = String(repeating: "k", count: 1_000)
    let node = try read(
      String(repeating: "{\(key): ", count: 100) + "{"
        + (0..<50_000).map { "a\($0): 1" }.joined(separator: ", ") + String(repeating: "}", count: 101))
    // All of them would be 5 GB.
    let length = node.leaves().keys.reduce(0) { $0 + $1.utf8.count }
    #expect(length > 10_000_000 && length < 60_000_000)
  }

  @Test("a named pipe is refused at once")
  func pipe() throws {
    #expect(mkfifo(path, 0o600) == 0)
    let error = #expect(throws: ConfigurationProblem.self) { try SettingsNode.read(file: path) }
    #expect(error?.description.contains("it is a named pipe, expected a regular file") == true)
  }
}
