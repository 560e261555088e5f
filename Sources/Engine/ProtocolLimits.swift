import Files
import Foundation
import PBTNAS

/// How much a trainer may say: the one place for these numbers. `docs/trainers.md` lists them, and a test
/// compares.
///
/// All are far above what a trainer needs. They bound what a faulty one can make the engine hold, compute or
/// show.
enum ProtocolLimits {
  /// Bytes of a line.
  static let line = 1 << 24
  /// How deep arrays and objects of a line are nested.
  static let nesting = 64
  /// Genes of a search space.
  static let genes = 10_000
  /// Options of all genes together.
  static let options = 100_000
  /// Prefixes that all genes together own.
  static let owned = 10_000
  /// Hyperparameters of a search space.
  static let hyperparameters = 1_000
  /// Bytes of a name: of genes, options, prefixes, hyperparameters, metrics and attachments.
  static let name = 500
  /// Metrics of an answer.
  static let metrics = 10_000
  /// Files of an answer.
  static let files = 1_000
  /// Bytes of a file's path: the system's own limit.
  static let path = 4096
  /// Attachments that an answer shares.
  static let shares = 1_000
  /// Attachments that an answer releases.
  static let releases = 100_000
  /// Warnings of an answer that are kept.
  static let warnings = 100
  /// Characters of a warning, an error or another sentence that are kept.
  static let sentence = 10_000
  /// Training samples a second that are shown.
  static let samplesPerSecond = 1e9
  /// Seconds of a job that count: 30 years.
  static let seconds = 1e9
}

extension ProtocolLimits {
  /// Refuses a list that is too long.
  static func check(_ count: Int, of what: String, atMost limit: Int) throws(ProtocolViolation) {
    if count > limit {
      throw ProtocolViolation(found: "\(count) \(what)", expected: "at most \(limit)")
    }
  }

  /// Refuses names that are too long, or that would change a terminal's state or break a line.
  static func check(
    names: some Sequence<String>, of what: String, bytes: Int = name
  ) throws(ProtocolViolation) {
    for name in names {
      if name.utf8.count > bytes {
        throw ProtocolViolation(
          found: "\(what) of \(name.utf8.count) bytes, `\(name.printable(40))`",
          expected: "at most \(bytes) bytes")
      }
      if name.unicodeScalars.contains(where: \.isUnprintable) {
        throw ProtocolViolation(
          found: "\(what) `\(name.printable(80))` with a control character", expected: "one without")
      }
    }
  }
}

extension SearchSpace {
  /// Refuses a search space that is larger than any trainer needs, before anything is sized by it.
  func checkLimits() throws(ProtocolViolation) {
    typealias Limits = ProtocolLimits
    try Limits.check(genes.count, of: "genes", atMost: Limits.genes)
    try Limits.check(
      genes.reduce(0) { $0 + $1.options.count }, of: "options of all genes", atMost: Limits.options)
    try Limits.check(
      genes.reduce(0) { $0 + $1.owns.count }, of: "entries in `owns` of all genes", atMost: Limits.owned)
    try Limits.check(
      hyperparameters.count, of: "hyperparameters", atMost: Limits.hyperparameters)
    try Limits.check(names: genes.lazy.map(\.name), of: "a gene's name")
    for gene in genes {
      try Limits.check(names: gene.options, of: "an option's name")
      try Limits.check(names: gene.owns, of: "an entry in `owns`")
    }
    try Limits.check(names: hyperparameters, of: "a hyperparameter's name")
  }
}

extension AnswerLine {
  /// Refuses lists and names that are larger than any trainer needs.
  func checkLimits() throws(ProtocolViolation) {
    typealias Limits = ProtocolLimits
    try Limits.check(metrics?.count ?? 0, of: "`metrics`", atMost: Limits.metrics)
    try Limits.check(shownMetrics?.count ?? 0, of: "`shown_metrics`", atMost: Limits.metrics)
    try Limits.check(files?.count ?? 0, of: "`files`", atMost: Limits.files)
    try Limits.check(shares?.count ?? 0, of: "`shares`", atMost: Limits.shares)
    try Limits.check(releases?.count ?? 0, of: "`releases`", atMost: Limits.releases)
    try Limits.check(names: (metrics ?? [:]).keys, of: "a metric's name")
    try Limits.check(names: shownMetrics ?? [], of: "a name in `shown_metrics`")
    try Limits.check(names: files ?? [], of: "a path in `files`", bytes: Limits.path)
    for (field, names) in [("shares", shares), ("releases", releases)] {
      let isNone = { (name: String) in
        name.utf8.count > Limits.name || AttachmentFolder.digest(in: name) == nil
      }
      if let name = names?.first(where: isNone) {
        throw ProtocolViolation(
          found: "`\(field)` with `\(name.printable(80))`",
          expected: "names of attachments: 32 hexadecimal digits, a dot and an extension")
      }
    }
  }

  /// The warnings that are kept, as they may be shown; nil where there are none.
  var keptWarnings: [String]? {
    guard let warnings else { return nil }
    let kept = warnings.prefix(ProtocolLimits.warnings).map { $0.printable(ProtocolLimits.sentence) }
    let more = warnings.count - kept.count
    return more > 0 ? kept + ["and \(more) more warnings"] : kept
  }

  /// How far the job is, as it may be shown: a part of 1 and a finite speed. Nil for an answer.
  var trainingProgress: TrainingProgress? {
    guard let progress else { return nil }
    let speed = samplesPerSecond ?? 0
    return TrainingProgress(
      fraction: progress.limited(to: 1), samplesPerSecond: speed.limited(to: ProtocolLimits.samplesPerSecond))
  }
}

extension Double {
  /// The number between 0 and a limit that is nearest; 0 for NaN.
  func limited(to limit: Double) -> Double { self > 0 ? min(self, limit) : 0 }
}
