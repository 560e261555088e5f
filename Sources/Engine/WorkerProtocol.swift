import Foundation
import PBTNAS

/// The worker protocol: JSON lines between the engine and a trainer's standard input and output.
///
/// 1. The trainer says that it is ready: `{"ready":true,"protocol":1,"search_space":{"genes":[...]}}`.
/// 2. The engine sends a job: `{"id":7,"job":"train","genome":[0,3],"checkpoint":"...","seed":5,...}`.
/// 3. The trainer may report progress: `{"id":7,"progress":0.4,"samples_per_second":812}`.
/// 4. The trainer answers `{"id":7,"fitness":-31.2,"metrics":{},"files":[],"seconds":1.9}`, for `initialise` just `{"id":7}`, or
///    `{"id":7,"error":"what was wrong"}`. Then the next job follows.
///
/// Numbers that are not finite are the strings "NaN", "Infinity" and "-Infinity". A trainer exits when its input ends.
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

  static func decoder() -> JSONDecoder {
    let decoder = JSONDecoder()
    decoder.keyDecodingStrategy = .convertFromSnakeCase
    decoder.nonConformingFloatDecodingStrategy = .convertFromString(
      positiveInfinity: "Infinity", negativeInfinity: "-Infinity", nan: "NaN")
    return decoder
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
}

/// A line from a trainer about a job.
struct AnswerLine: Codable, Hashable, Sendable {
  var id: Int
  var progress: Double?
  var samplesPerSecond: Double?
  var error: String?
  var fitness: Double?
  var metrics: [String: Double]?
  var files: [String]?
  var seconds: Double?

  /// What a line means.
  enum Meaning {
    case progress(TrainingProgress)
    case failed(String)
    case finished(TrainingResult?)
  }

  /// What the line means as an answer to a job.
  ///
  /// - Throws: ``ProtocolViolation`` if it is none.
  func meaning(for job: Job) throws -> Meaning {
    if let progress {
      return .progress(TrainingProgress(fraction: progress, samplesPerSecond: samplesPerSecond ?? 0))
    }
    if let error { return .failed(error) }
    if case .initialise = job { return .finished(nil) }
    guard let fitness else {
      throw ProtocolViolation(
        found: "an answer without `fitness`", expected: "`fitness`, `progress` or `error`")
    }
    return .finished(
      TrainingResult(fitness: fitness, metrics: metrics ?? [:], files: files ?? [], seconds: seconds ?? 0))
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
