import Files
import Foundation
import PBTNAS

/// The worker protocol: JSON lines between the engine and a trainer's standard input and output.
///
/// 1. The trainer says that it is ready: `{"ready":true,"protocol":1,"search_space":{"genes":[...]}}`.
///    Beside `genes`, `"hyperparameters":["learning_rate"]` names those that it can be told.
///    `"shows_best":true`, beside `search_space`, says that it can show what a network does (see below).
/// 2. The engine sends a job: `{"id":7,"job":"train","genome":[0,3],"checkpoint":"...","seed":5,...}`. Where
///    hyperparameters are searched, a `train` job has `"hyperparameters":{"learning_rate":0.0013}`.
/// 3. The trainer may report progress, of `train` as of `evaluate`:
///    `{"id":7,"progress":0.4,"samples_per_second":812}`. A trainer that says nothing for longer than the
///    setting `workers.heartbeat_timeout` counts as hung and is killed, so one that reports nothing has that
///    long for a job.
/// 4. The trainer answers `{"id":7,"fitness":-31.2,"metrics":{},"files":[],"seconds":1.9}`, for `initialise` just `{"id":7}`, or
///    `{"id":7,"error":"what was wrong"}`. Then the next job follows. Of an answer's fields only `fitness` must be there.
///    `"shown_metrics":["loss"]` names those of its `metrics` that a user wants to see beside the fitness. An answer to
///    `train` with `"warnings":["..."]` says what went amiss without ending the job, which then is in record and views.
///
/// A trainer that has no room on the disk adds `"disk_full":true` to its `error`: then the run stops and can be resumed, where another
/// error makes the member rank last.
///
/// A job's `artifacts`, where it has one, is a path without extension for files that show what the network
/// does, which the trainer may make and then names in its answer's `files`: pictures, a film. A `train` job
/// has one always. An `evaluate` job has one at a search's end, when the best network is evaluated once more
/// for a trainer that said `shows_best`, and for a soup. Where such files cannot be made, an answer with
/// `"artifacts_problem":"why"` keeps the evaluation and tells the reason. A trainer that knows nothing of all
/// this leaves out `shows_best` and ignores `artifacts`.
///
/// What belongs to a network but is too large to be written with every checkpoint goes into files of the
/// folder that a `train` job names as `attachments`, and the checkpoint's header lists them: see
/// ``AttachmentFolder`` for their names, which follow from their contents.
///
/// What all members are to use goes there too, and is named in the answer to a `train` job instead:
/// `"shares":["..."]`. From the next interval on every `train` job lists it in
/// `"shared_attachments":[["...","..."],["..."]]`, a list an interval: see ``SharedAttachments``. An answer's
/// `"releases":["..."]` names those that need not be listed any more.
///
/// Numbers that are not finite are the strings "NaN", "Infinity" and "-Infinity"; from a trainer also the
/// bare words, which Python writes. How much a line may say is in ``ProtocolLimits``. A trainer exits when
/// its input ends.
enum WorkerProtocol {
  /// The protocol's version.
  static let version = 1

  static func encoder() -> JSONEncoder {
    let encoder = JSONEncoder()
    encoder.keyEncodingStrategy = .convertToSnakeCase
    encoder.outputFormatting = [.sortedKeys, .withoutEscapingSlashes]
    encoder.nonConformingFloatEncodingStrategy = .convertToString(
      positiveInfinity: "Infinity", negativeInfinity: "-Infinity", nan: "NaN")
    return encoder
  }

  /// A reader of plain JSON. Bytes from a trainer go through ``plainJSON(_:)`` first.
  static func decoder() -> JSONDecoder {
    let decoder = JSONDecoder()
    decoder.keyDecodingStrategy = .convertFromSnakeCase
    decoder.nonConformingFloatDecodingStrategy = .convertFromString(
      positiveInfinity: "Infinity", negativeInfinity: "-Infinity", nan: "NaN")
    return decoder
  }

  /// Reads a line from the other side.
  static func decode<Value: Decodable>(
    _ type: Value.Type, _ line: Data, expected: String
  ) throws(ProtocolViolation) -> Value {
    func violation(_ reason: String) -> ProtocolViolation {
      let text = String(decoding: line.prefix(800), as: UTF8.self).printable(200)
      return ProtocolViolation(found: "`\(text)` (\(reason.printable(500)))", expected: expected)
    }
    let plain: Data
    do {
      plain = try plainJSON(line)
    } catch {
      throw violation(error.reason)
    }
    do {
      return try decoder().decode(type, from: plain)
    } catch {
      let isJSON = (try? decoder().decode([String: Anything].self, from: plain)) != nil
      throw violation(isJSON ? reason(of: error) : "not a JSON object")
    }
  }

  /// Any value, left unread.
  private struct Anything: Decodable {
    init(from decoder: any Decoder) {}
  }

  /// What is wrong with an object that could not be read, in a few words.
  private static func reason(of error: any Error) -> String {
    func name(_ path: [any CodingKey]) -> String {
      // Below `metrics`, names are the trainer's.
      let own = path.firstIndex { $0.stringValue == "metrics" } ?? path.count
      return path.enumerated().map { place, key in
        key.intValue.map(String.init) ?? (place > own ? key.stringValue : onWire(key.stringValue))
      }.joined(separator: ".")
    }
    return switch error {
    case DecodingError.keyNotFound(let key, let context): "`\(name(context.codingPath + [key]))` is missing"
    case DecodingError.typeMismatch(let type, let context):
      "`\(name(context.codingPath))` is not of type \(type)"
    case DecodingError.valueNotFound(_, let context): "`\(name(context.codingPath))` is null"
    case DecodingError.dataCorrupted(let context):
      context.codingPath.isEmpty
        ? "a value of the wrong form" : "`\(name(context.codingPath))`: \(context.debugDescription)"
    default: String(describing: error)
    }
  }

  /// A key's name as it stands in a line.
  private static func onWire(_ name: String) -> String {
    name.reduce(into: "") { $0 += $1.isUppercase ? "_\($1.lowercased())" : String($1) }
  }

  /// A value as a line with its end.
  static func line(_ value: some Encodable) throws -> Data {
    try encoder().encode(value) + [UInt8(ascii: "\n")]
  }
}

/// A trainer's first line.
struct ReadyLine: Codable, Hashable, Sendable {
  var ready: Bool
  var `protocol`: Int
  var searchSpace: SearchSpace
  var showsBest: Bool?

  private struct Version: Decodable {
    var ready: Bool
    var `protocol`: Int
  }

  /// What a first line announces.
  static func announcement(in line: Data) throws(ProtocolViolation) -> Announcement {
    let form =
      "`{\"ready\":true,\"protocol\":\(WorkerProtocol.version),\"search_space\":{\"genes\":[...]}}` as the first line"
    let version = try WorkerProtocol.decode(Version.self, line, expected: form)
    guard version.ready, version.protocol == WorkerProtocol.version else {
      throw ProtocolViolation(
        found: version.ready ? "protocol \(version.protocol)" : "`\"ready\":false`", expected: form)
    }
    let ready = try WorkerProtocol.decode(ReadyLine.self, line, expected: form)
    try ready.searchSpace.checkLimits()
    return Announcement(searchSpace: ready.searchSpace, showsBest: ready.showsBest ?? false)
  }
}

/// A line from a trainer about a job.
struct AnswerLine: Codable, Hashable, Sendable {
  var id: Int
  var progress: Double?
  var samplesPerSecond: Double?
  var error: String?
  var diskFull: Bool?
  var fitness: Double?
  var metrics: [String: Double]?
  var shownMetrics: [String]?
  var files: [String]?
  var artifactsProblem: String?
  var warnings: [String]?
  var seconds: Double?
  var shares: [String]?
  var releases: [String]?

  /// What a line means.
  enum Meaning: Hashable {
    case progress(TrainingProgress)
    case failed(JobFailed)
    case finished(TrainingResult?)
  }

  /// What a line means as an answer to a job.
  static func meaning(of line: Data, for job: Job, id: Int) throws(ProtocolViolation) -> Meaning {
    let form =
      if case .initialise = job {
        "`{\"id\":\(id)}` or `error`"
      } else {
        "`{\"id\":\(id)}` with `fitness`, `progress` or `error`"
      }
    let answer = try WorkerProtocol.decode(AnswerLine.self, line, expected: form)
    guard answer.id == id else {
      throw ProtocolViolation(found: "an answer to job \(answer.id)", expected: "one to job \(id): \(form)")
    }
    if let progress = answer.trainingProgress { return .progress(progress) }
    if let error = answer.error {
      let words = error.printable(ProtocolLimits.sentence)
      return .failed(JobFailed(words, isDiskFull: answer.diskFull ?? false))
    }
    if case .initialise = job { return .finished(nil) }
    guard let fitness = answer.fitness else {
      throw ProtocolViolation(found: "an answer without `fitness`", expected: form)
    }
    try answer.checkLimits()
    return .finished(
      TrainingResult(
        fitness: fitness, metrics: answer.metrics ?? [:], files: answer.files ?? [],
        seconds: (answer.seconds ?? 0).limited(to: ProtocolLimits.seconds),
        shownMetrics: answer.shownMetrics,
        artifactsProblem: answer.artifactsProblem?.printable(ProtocolLimits.sentence),
        warnings: answer.keptWarnings, shares: answer.shares, releases: answer.releases))
  }
}

/// A trainer said something that the protocol does not allow.
public struct ProtocolViolation: Error, Hashable, Sendable, CustomStringConvertible {
  /// What it said.
  public let found: String
  /// What was expected.
  public let expected: String

  /// Both, as a sentence.
  public var description: String {
    "the trainer broke the worker protocol: found \(found), expected \(expected)"
  }
}
