import Foundation

/// The name of a member's checkpoint in a run's folder, such as
/// `checkpoints/interval-003/member-07.start.safetensors`.
///
/// Names come from files, too. Only those that are spelled exactly as the engine spells them are names of
/// checkpoints, so that none leads out of the folder.
struct CheckpointName: Hashable {
  /// What a checkpoint is for.
  enum Kind: String, CaseIterable {
    /// What a member starts an interval from.
    case start = ".start"
    /// The freshly initialised network that an offspring is mixed with.
    case fresh = ".fresh"
    /// What a member has at the end of an interval.
    case result = ""
  }

  var interval: Int
  var member: Int
  var kind: Kind

  init(_ kind: Kind, member: Int, interval: Int) {
    (self.interval, self.member, self.kind) = (interval, member, kind)
  }

  /// Reads a name in a run's folder; nil if the engine would not give it.
  init?(_ text: String) {
    let parts = text.split(separator: "/", omittingEmptySubsequences: false).map(String.init)
    guard parts.count == 3, let interval = Self.interval(ofFolder: parts[1]),
      let (member, kind) = Self.member(ofFile: parts[2])
    else { return nil }
    self.init(kind, member: member, interval: interval)
    guard self.text == text else { return nil }
  }

  /// Reads the name of a checkpoint, or of what an interrupted writer of one has left; nil for any other.
  init?(ownedBy text: String) {
    guard let end = text.range(of: ".safetensors"), Self.endsOwn(text[end.upperBound...]) else { return nil }
    self.init(String(text[..<end.upperBound]))
  }

  /// The folder of all checkpoints.
  static let root = "checkpoints"

  /// The name in the run's folder.
  var text: String { "\(Self.root)/\(Self.folder(interval: interval))/\(file)" }

  /// The file's own name.
  var file: String { "\(Self.file(member: member))\(kind.rawValue).safetensors" }

  /// The folder of an interval, also that of its samples.
  static func folder(interval: Int) -> String { String(format: "interval-%03d", interval) }

  /// How the names of a member's files begin, also those of its samples.
  static func file(member: Int) -> String { String(format: "member-%02d", member) }

  /// The interval that a folder is named after; nil for any other name.
  static func interval(ofFolder name: String) -> Int? {
    guard let interval = number(in: name, after: "interval-"), folder(interval: interval) == name else {
      return nil
    }
    return interval
  }

  /// Whether a file in an interval's folder is one that the engine or its trainers make: a checkpoint, or
  /// what a writer that was interrupted has left, which has a checkpoint's name and more after it.
  static func isOwn(_ file: String) -> Bool {
    guard let end = file.range(of: ".safetensors") else { return false }
    return endsOwn(file[end.upperBound...]) && member(ofFile: String(file[..<end.upperBound])) != nil
  }

  private static func endsOwn(_ rest: Substring) -> Bool { rest.isEmpty || rest.hasPrefix(".") }

  private static func member(ofFile name: String) -> (Int, Kind)? {
    let stem = name.split(separator: ".", maxSplits: 1).first.map(String.init) ?? ""
    guard let member = number(in: stem, after: "member-") else { return nil }
    let found = Kind.allCases.map { CheckpointName($0, member: member, interval: 1) }.first {
      $0.file == name
    }
    return found.map { (member, $0.kind) }
  }

  private static func number(in text: String, after prefix: String) -> Int? {
    guard text.hasPrefix(prefix) else { return nil }
    let digits = text.dropFirst(prefix.count)
    // More digits than any run counts to; `Int` would take a sign.
    guard digits.count <= 9, digits.allSatisfy({ $0.isASCII && $0.isNumber }) else { return nil }
    return Int(digits)
  }
}
