import Files
import Foundation
import Spelling
import Yams

/// A mapping in a YAML settings file, read strictly: every key must be asked for, have the right type and lie in its range.
///
/// Problems are gathered, not thrown, so that one look at a file finds all of them; the value that a problem concerns is replaced by its default.
/// When everything has been read, ``throwProblems()`` throws them together.
public final class SettingsNode {
  /// The file.
  public let file: String
  /// The folder that relative paths in the file start from.
  public let baseFolder: String
  private let path: String
  private let line: Int?
  let entries: [String: Node]
  private let keyLines: [String: Int]
  private let problems: ProblemList
  private var known: [AskedKey] = []
  private var sections: [SettingsNode] = []

  private init(
    file: String, baseFolder: String, path: String, line: Int?, mapping: Node.Mapping?, problems: ProblemList
  ) {
    self.file = file
    self.baseFolder = baseFolder
    self.path = path
    self.line = line
    self.problems = problems
    let pairs = (mapping ?? [:]).map {
      (key: $0.key.string ?? "?", keyLine: $0.key.mark?.line, value: $0.value)
    }
    entries = Dictionary(pairs.map { ($0.key, $0.value) }, uniquingKeysWith: { first, _ in first })
    keyLines = Dictionary(
      pairs.compactMap { pair in pair.keyLine.map { (pair.key, $0) } },
      uniquingKeysWith: { first, _ in first })
  }

  /// Reads a file whose top level is a mapping.
  ///
  /// - Parameter baseFolder: the folder that relative paths start from; nil for the file's own.
  /// - Throws: ``ConfigurationProblem`` if the file cannot be read or is not YAML.
  public static func read(file: String, baseFolder: String? = nil) throws -> SettingsNode {
    func problem(_ line: Int?, _ message: String) -> ConfigurationProblem {
      ConfigurationProblem(file: file, line: line, key: "", message: message)
    }
    let data: Data
    do throws(FileAccessError) {
      data = try readRegularFile(file, limit: largestFile)
    } catch {
      throw problem(nil, "cannot be read: \(error.explanation); expected a YAML file with settings")
    }
    guard let text = String(data: data, encoding: .utf8) else {
      throw problem(nil, "is not text in UTF-8; expected a YAML file with settings")
    }
    if expandedSize(of: data) > largestExpansion {
      throw problem(
        nil,
        "has aliases (`*name`) of sections that hold aliases, which could stand for more than "
          + "\(Int(largestExpansion)) bytes; write some of them out")
    }
    let node: Node?
    do {
      node = try Yams.compose(yaml: text)
    } catch let error as YamlError {
      throw problem(Self.line(of: error), Self.message(of: error))
    }
    guard case .mapping(let mapping)? = node else {
      throw problem(node?.mark?.line, "expected settings as `key: value` lines at the top level")
    }
    let folder = baseFolder ?? URL(fileURLWithPath: file).deletingLastPathComponent().path
    return SettingsNode(
      file: file, baseFolder: folder, path: "", line: 1, mapping: mapping, problems: ProblemList())
  }

  /// How many bytes a settings file may have; large ones have a few thousand.
  public static let largestFile = 1_000_000

  /// How many bytes a file may have once all its aliases are written out.
  private static let largestExpansion = 10_000_000.0

  /// The most bytes that a YAML text can have once its aliases are written out, from the number of `&` and
  /// `*` that may begin the name of an anchor or an alias. Aliases of anchors that hold aliases multiply: ten
  /// lines can stand for billions of values.
  private static func expandedSize(of data: Data) -> Double {
    var (anchors, aliases) = (0.0, 0.0)
    for (byte, next) in zip(data, data.dropFirst()) where next > UInt8(ascii: " ") {
      if byte == UInt8(ascii: "&") { anchors += 1 }
      if byte == UInt8(ascii: "*") { aliases += 1 }
    }
    guard anchors > 0, aliases > 0 else { return Double(data.count) }
    // What is anchored is repeated once more for every alias of it, and most often where the aliases are
    // spread evenly.
    return Double(data.count) * pow(1 + aliases / anchors, anchors)
  }

  private static func line(of error: YamlError) -> Int? {
    switch error {
    case .scanner(_, _, let mark, _), .parser(_, _, let mark, _), .composer(_, _, let mark, _): mark.line
    case .duplicatedKeysInMapping(_, let context): context.mark.line
    default: nil
    }
  }

  private static func message(of error: YamlError) -> String {
    switch error {
    case .scanner(_, let problem, _, _), .parser(_, let problem, _, _), .composer(_, let problem, _, _):
      "is not valid YAML: \(problem)"
    case .reader(let problem, let offset, _, _):
      "is not valid YAML: \(problem)\(offset.map { " at character \($0 + 1)" } ?? "")"
    case .duplicatedKeysInMapping(let duplicates, _):
      "a key stands twice: \(shortened(duplicates.prefix(20).joined(separator: ", "), to: 200)); "
        + "remove one of them"
    default: "is not valid YAML: \(error)"
    }
  }
}

// MARK: Reading

extension SettingsNode {
  /// Whether a key is given.
  public func has(_ key: String) -> Bool { entries[key] != nil }

  /// The mapping under a key; an empty one where the key is not given.
  public func section(_ key: String) -> SettingsNode {
    var mapping: Node.Mapping?
    switch note(key, kind: .section) {
    case nil: break
    case .mapping(let found)?: mapping = found
    case .scalar(let scalar)? where scalar.string.isEmpty: break
    case let found?: report(key, "expected a section of `key: value` lines, found \(Self.describe(found))")
    }
    let section = SettingsNode(
      file: file, baseFolder: baseFolder, path: fullKey(key), line: keyLines[key] ?? line, mapping: mapping,
      problems: problems)
    sections.append(section)
    return section
  }

  /// A whole number.
  public func int(_ key: String, default fallback: Int, in range: ClosedRange<Int> = .min ... .max) -> Int {
    keep(key, readInt(key, default: fallback, in: range) ?? fallback)
  }

  /// A whole number; nil where the key is not given.
  public func int(_ key: String, in range: ClosedRange<Int> = .min ... .max) -> Int? {
    readInt(key, default: nil, in: range).map { keep(key, $0) }
  }

  private func readInt(_ key: String, default fallback: Int?, in range: ClosedRange<Int>) -> Int? {
    guard let text = scalar(key, "a whole number", default: fallback) else { return fallback }
    guard let value = Int(text) else {
      report(key, "expected a whole number, found `\(Self.shortened(text))`")
      return fallback
    }
    guard range.contains(value) else {
      report(key, "expected a whole number \(Self.words(range)), found \(value)")
      return fallback
    }
    return value
  }

  /// A number.
  public func double(
    _ key: String, default fallback: Double, in range: ClosedRange<Double> = -.infinity ... .infinity
  ) -> Double {
    keep(key, readDouble(key, default: fallback, in: range))
  }

  private func readDouble(_ key: String, default fallback: Double, in range: ClosedRange<Double>) -> Double {
    guard let text = scalar(key, "a number", default: fallback) else { return fallback }
    guard let value = Double(text), value.isFinite else {
      report(key, "expected a number, found `\(Self.shortened(text))`")
      return fallback
    }
    guard range.contains(value) else {
      report(
        key, "expected a number in \(range.lowerBound)...\(range.upperBound), found \(Self.shortened(text))")
      return fallback
    }
    return value
  }

  /// `true` or `false`.
  public func bool(_ key: String, default fallback: Bool) -> Bool {
    keep(key, readBool(key, default: fallback))
  }

  private func readBool(_ key: String, default fallback: Bool) -> Bool {
    guard let text = scalar(key, "true or false", default: fallback) else { return fallback }
    guard let value = ["true": true, "false": false][text.lowercased()] else {
      report(key, "expected true or false, found `\(Self.shortened(text))`")
      return fallback
    }
    return value
  }

  /// A text.
  public func string(_ key: String, default fallback: String) -> String {
    keep(key, scalar(key, "a text", default: fallback) ?? fallback)
  }

  /// A list of at least one whole number.
  public func ints(_ key: String, default fallback: [Int], in range: ClosedRange<Int> = .min ... .max)
    -> [Int]
  {
    keep(key, readInts(key, default: fallback, in: range))
  }

  private func readInts(_ key: String, default fallback: [Int], in range: ClosedRange<Int>) -> [Int] {
    guard let node = note(key, default: "\(fallback)") else { return fallback }
    let found = node.sequence?.map { $0.scalar.flatMap { Int($0.string) } } ?? []
    let numbers = found.compactMap { $0 }.filter(range.contains)
    guard !numbers.isEmpty, numbers.count == found.count else {
      report(
        key,
        "expected a list of whole numbers, each \(Self.words(range)), such as `[25, 50]`, "
          + "found \(Self.describe(node))")
      return fallback
    }
    return numbers
  }

  /// A list of at least one text.
  public func requiredStrings(_ key: String) -> [String] {
    let expected = "a list of texts, such as `[python3, train.py]`"
    guard let node = note(key) else {
      report(key, "is missing; expected \(expected)")
      return []
    }
    let texts = node.sequence?.map { $0.scalar?.string } ?? []
    guard !texts.isEmpty, !texts.contains(nil) else {
      report(key, "expected \(expected), found \(Self.describe(node))")
      return []
    }
    return texts.compactMap { $0 }
  }

  /// The name of one of an enumeration's cases.
  public func choice<Choice: RawRepresentable<String> & CaseIterable>(_ key: String, default fallback: Choice)
    -> Choice
  {
    let choice = readChoice(key, default: fallback)
    keep(key, choice.rawValue)
    return choice
  }

  private func readChoice<Choice: RawRepresentable<String> & CaseIterable>(
    _ key: String, default fallback: Choice
  ) -> Choice {
    let names = Choice.allCases.map(\.rawValue)
    guard let text = scalar(key, "one of \(names.joined(separator: ", "))", default: fallback.rawValue)
    else { return fallback }
    guard let value = Choice(rawValue: text) else {
      report(
        key,
        "expected one of \(names.joined(separator: ", ")), found `\(Self.shortened(text))`\(suggestion(for: text, among: names))"
      )
      return fallback
    }
    return value
  }

  /// A size in bytes with its unit, such as `20 GB`; nil where the key is not given.
  public func byteCount(_ key: String) -> Int? {
    let expected = "a size with its unit, such as `20 GB` (kB, MB, GB or TB)"
    guard let text = scalar(key, expected) else { return nil }
    let units = ["kb": 1e3, "mb": 1e6, "gb": 1e9, "tb": 1e12]
    guard let unit = units[String(text.suffix(2)).lowercased()],
      let number = Double(text.dropLast(2).trimmingCharacters(in: .whitespaces)), number > 0,
      let bytes = Int(exactly: (number * unit).rounded())
    else {
      report(key, "expected \(expected), found `\(Self.shortened(text))`")
      return nil
    }
    return bytes
  }

  /// A path that must be given.
  ///
  /// - Parameter expected: what lies there, such as `the folder with ...`.
  public func requiredPath(_ key: String, expected: String) -> String {
    if !has(key) { report(key, "is missing; expected \(expected)") }
    return path(key) ?? ""
  }

  /// A path, made absolute; a relative one starts from ``baseFolder``. Nil where the key is not given.
  public func path(_ key: String) -> String? {
    guard let text = scalar(key, "a path", kind: .path) else { return nil }
    return text.hasPrefix("/")
      ? text
      : URL(fileURLWithPath: text, relativeTo: URL(fileURLWithPath: baseFolder, isDirectory: true))
        .standardizedFileURL.path
  }

  private func scalar(
    _ key: String, _ expected: String, kind: AskedKey.Kind = .value, default fallback: (any Sendable)? = nil
  ) -> String? {
    switch note(key, kind: kind, default: fallback.map { "\($0)" }) {
    case nil: return nil
    case .scalar(let scalar)? where !scalar.string.isEmpty: return scalar.string
    case let found?:
      report(key, "expected \(expected), found \(Self.describe(found))")
      return nil
    }
  }

  /// Remembers the value that holds for a key that was just asked for.
  @discardableResult
  private func keep<Value>(_ key: String, _ value: Value) -> Value {
    if let place = known.lastIndex(where: { $0.key == fullKey(key) }) { known[place].value = "\(value)" }
    return value
  }

  func note(_ key: String, kind: AskedKey.Kind = .value, default fallback: String? = nil) -> Node? {
    known.append(AskedKey(key: fullKey(key), kind: kind, default: fallback))
    return entries[key]
  }

  private func fullKey(_ key: String) -> String { path.isEmpty ? key : "\(path).\(key)" }

  /// The beginning of a text that may be far too long for a message.
  public static func shortened(_ text: String, to length: Int = 80) -> String {
    let start = text.prefix(length)
    return start.endIndex == text.endIndex ? text : "\(start)..."
  }

  static func describe(_ node: Node) -> String {
    switch node {
    case .mapping: "a section"
    case .sequence: "a list"
    case .scalar(let scalar): scalar.string.isEmpty ? "nothing" : "`\(shortened(scalar.string))`"
    case .alias: "an alias"
    }
  }

  private static func words(_ range: ClosedRange<Int>) -> String {
    switch (range.lowerBound == .min, range.upperBound == .max) {
    case (false, true): "of at least \(range.lowerBound)"
    case (true, false): "of at most \(range.upperBound)"
    default: "in \(range.lowerBound)...\(range.upperBound)"
    }
  }
}

// MARK: What was asked for

/// A key that a settings file can have, known from its having been asked for.
public struct AskedKey: Hashable, Sendable {
  /// What stands under a key.
  public enum Kind: Hashable, Sendable {
    /// A number, a text, or a list of them.
    case value
    /// The path of a file or folder.
    case path
    /// Keys of its own.
    case section
  }

  /// The whole key, such as `gan.batch.generator`.
  public let key: String
  /// What stands under it.
  public let kind: Kind
  /// What holds where it is not given, as text; nil if it must be given, or stands for nothing where it is not.
  public let `default`: String?
  /// What holds, as text that is the same however the value was written; nil for sections and paths, and where nothing
  /// does.
  public fileprivate(set) var value: String?
}

extension SettingsNode {
  /// Every key that was asked for, here and in the sections below.
  public var askedKeys: [AskedKey] { known + sections.flatMap(\.askedKeys) }

  /// What holds in a section, as text by whole key: given or not, and the same however it was written; `none` where
  /// nothing holds. Paths are left out, since they say where something lies and not what it is.
  public func settings(in section: String) -> [String: String] {
    let values = askedKeys.filter { $0.kind == .value && $0.key.hasPrefix("\(fullKey(section)).") }
    return Dictionary(values.map { ($0.key, $0.value ?? "none") }, uniquingKeysWith: { first, _ in first })
  }
}

// MARK: Problems

extension SettingsNode {
  /// Notes a problem with a key's value.
  public func report(_ key: String, _ message: String) {
    problems.list.append(
      ConfigurationProblem(
        file: file, line: keyLines[key] ?? line, key: Self.shortened(fullKey(key), to: 200),
        message: Self.shortened(message, to: 2_000)))
  }

  /// How many problems of the file have been noted so far.
  public var problemCount: Int { problems.list.count }

  /// Notes every key, here and in the sections below, that nothing has asked for, and throws all problems found so far.
  /// A section of which nothing was asked at all was refused as a whole.
  ///
  /// - Throws: ``ConfigurationProblems`` if there are any.
  public func throwProblems() throws {
    reportUnknownKeys()
    if problems.list.isEmpty { return }
    let sorted = problems.list.sorted { ($0.line ?? 0, $0.key) < ($1.line ?? 0, $1.key) }
    let reported = Array(sorted.prefix(ConfigurationProblems.mostReported))
    throw ConfigurationProblems(
      list: reported, omitted: sorted.count - reported.count + problems.furtherUnknownKeys)
  }

  private func reportUnknownKeys() {
    let names = known.map { String($0.key.dropFirst(path.isEmpty ? 0 : path.count + 1)) }
    let knownNames = Set(names)
    let unknown =
      names.isEmpty
      ? []
      : entries.keys.filter { !knownNames.contains($0) }.sorted {
        (keyLines[$0] ?? 0, $0) < (keyLines[$1] ?? 0, $1)
      }
    // No more are reported, and finding what a key may have meant takes a while.
    for key in unknown.prefix(ConfigurationProblems.mostReported) {
      let listed = names.prefix(100).joined(separator: ", ") + (names.count > 100 ? ", ..." : "")
      report(key, "unknown key\(suggestion(for: key, among: names)); keys here: \(listed)")
    }
    problems.furtherUnknownKeys += max(0, unknown.count - ConfigurationProblems.mostReported)
    for section in sections { section.reportUnknownKeys() }
  }
}

/// Shared by all nodes of a file.
private final class ProblemList {
  var list: [ConfigurationProblem] = []
  /// How many unknown keys there are beside those in the list.
  var furtherUnknownKeys = 0
}

/// What is wrong in a settings file.
public struct ConfigurationProblems: Error, Hashable, Sendable, CustomStringConvertible {
  /// The first problems, in the order of their lines.
  public let list: [ConfigurationProblem]
  /// How many more there are.
  public let omitted: Int

  /// How many problems are reported: more than anybody reads at a time.
  static let mostReported = 20

  /// One line a problem.
  public var description: String {
    let lines = list.map(\.description) + (omitted > 0 ? ["and \(omitted) more"] : [])
    return lines.joined(separator: "\n")
  }
}
