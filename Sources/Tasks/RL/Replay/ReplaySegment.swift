import Foundation
import Safetensors

/// A file with whole episodes of a replay buffer. It never changes: what an interval of training adds goes
/// into new ones.
///
/// | tensor | shape | |
/// |---|---|---|
/// | `episode_length` | [episodes], int64 | the transitions of each |
/// | `action` | [transitions, action length], float32 | |
/// | `reward`, `discount` | [transitions], float32 | of the step that the action began |
/// | `observation` | [transitions + episodes, ...], uint8 or float32 | one more than transitions in each |
///
/// The header's text `first_step` is the number of transitions that whoever wrote the file had written in the same
/// interval before; 0 where it is missing.
final class ReplaySegment: Sendable {
  /// The value of the header's `format`.
  static let format = "pbtnas-replay-1"

  /// A tensor with a row per time step.
  enum Column: String, Sendable, CaseIterable {
    case action
    case reward
    case discount
    // The last, so that the float32 columns before it start at multiples of four bytes.
    case observation
  }

  private static let lengthsName = "episode_length"
  private static let firstStepKey = "first_step"
  /// How many transitions an episode may have, so that sums of them stay far from overflow.
  fileprivate static let lengthLimits = 1...Int64(Int32.max)

  /// Of transitions written before; episodes' lengths are added to it.
  fileprivate static let firstStepLimits = 0...(1 << 53)

  private let file: SafetensorsFile
  private let layout: ReplayLayout
  private let columns: [Column: TensorInfo]
  /// The transitions of each episode.
  private let lengths: [Int]
  /// How many transitions were written in the same interval before.
  let firstStep: Int

  /// Opens a segment and checks that it can be one of a buffer's.
  ///
  /// - Throws: ``SafetensorsError`` or ``ReplayError`` if it is not what it should be.
  init(path: String, _ layout: ReplayLayout) throws {
    func wrong(_ reason: ReplayError.Reason) -> ReplayError { ReplayError(path: path, reason: reason) }
    // A buffer reads hundreds of segments at once, and a process may have 1024 files open.
    file = try SafetensorsFile(path: path, keepsDescriptor: false)
    self.layout = layout
    guard file.metadata["format"] == Self.format else { throw wrong(.format(file.metadata["format"])) }
    let firstStep = file.metadata[Self.firstStepKey] ?? "0"
    guard let number = Int(firstStep), Self.firstStepLimits.contains(number) else {
      throw wrong(.firstStep(firstStep))
    }
    self.firstStep = number
    guard let info = file[Self.lengthsName] else { throw wrong(.missing(Self.lengthsName)) }
    guard info.dtype == .int64, info.shape.count == 1 else {
      throw wrong(.tensor(info, expectedType: .int64, expectedShape: [info.shape.first ?? 1]))
    }
    let lengths = file.withBytes(of: info) { bytes in
      (0..<bytes.count / 8).map { bytes.loadUnaligned(fromByteOffset: 8 * $0, as: Int64.self) }
    }
    if let length = lengths.first(where: { !ReplaySegment.lengthLimits.contains($0) }) {
      throw wrong(.episodeLength(length))
    }
    self.lengths = lengths.map(Int.init)
    let shapes = Self.shapes(layout, lengths: self.lengths)
    var columns: [Column: TensorInfo] = [:]
    for column in Column.allCases {
      guard let info = file[column.rawValue] else { throw wrong(.missing(column.rawValue)) }
      let (type, shape) = (Self.type(column, layout), shapes[column] ?? [])
      guard info.dtype == type, info.shape == shape else {
        throw wrong(.tensor(info, expectedType: type, expectedShape: shape))
      }
      columns[column] = info
    }
    self.columns = columns
  }

  /// The segment's episodes in their order.
  var episodes: [ReplayEpisode] {
    var (observation, transition) = (0, 0)
    return lengths.map { length in
      defer { (observation, transition) = (observation + length + 1, transition + length) }
      return ReplayEpisode(
        layout, in: self, length: length, firstObservation: observation, firstTransition: transition)
    }
  }

  /// Writes episodes, each with at least one transition, to a file.
  ///
  /// - Parameter firstStep: how many transitions were written in the same interval before.
  /// - Throws: ``SafetensorsError`` if the file cannot be written.
  static func write(
    _ episodes: [ReplayEpisode], _ layout: ReplayLayout, firstStep: Int, to path: String
  ) throws {
    let lengths = episodes.map { Int64($0.length) }
    let shapes = shapes(layout, lengths: episodes.map(\.length))
    let writer = try SafetensorsWriter(
      path: path,
      tensors: [.init(name: lengthsName, dtype: .int64, shape: [episodes.count])]
        + Column.allCases.map {
          .init(name: $0.rawValue, dtype: type($0, layout), shape: shapes[$0] ?? [])
        }, metadata: ["format": format, firstStepKey: String(firstStep)])
    try lengths.withUnsafeBytes { try writer.write($0) }
    for column in Column.allCases {
      for episode in episodes { try episode.withBytes(of: column) { try writer.write($0) } }
    }
    try writer.finish()
  }

  private static func shapes(_ layout: ReplayLayout, lengths: [Int]) -> [Column: [Int]] {
    let transitions = lengths.reduce(0, +)
    return [
      .observation: [transitions + lengths.count] + layout.storedShape,
      .action: [transitions, layout.actionLength], .reward: [transitions], .discount: [transitions],
    ]
  }

  private static func type(_ column: Column, _ layout: ReplayLayout) -> DType {
    column == .observation ? layout.elementType : .float32
  }
}

// MARK: Reading

extension ReplaySegment {
  /// Calls `body` with the bytes of observations.
  func withObservations(_ rows: Range<Int>, _ body: (UnsafeRawBufferPointer) throws -> Void) rethrows {
    guard let info = columns[.observation] else { return }
    let size = layout.observationBytes
    try file.withBytes(of: info) { bytes in
      try body(UnsafeRawBufferPointer(rebasing: bytes[rows.lowerBound * size..<rows.upperBound * size]))
    }
  }

  /// Appends elements of a float32 column.
  func append(_ column: Column, _ elements: Range<Int>, to target: inout [Float]) {
    guard let info = columns[column] else { return }
    file.withBytes(of: info) { bytes in
      for index in elements {
        target.append(bytes.loadUnaligned(fromByteOffset: index * MemoryLayout<Float>.size, as: Float.self))
      }
    }
  }
}

/// Why a replay buffer cannot be read or used.
public struct ReplayError: Error, Hashable, Sendable {
  /// What is wrong.
  public enum Reason: Hashable, Sendable {
    /// The file has another format, or none.
    case format(String?)
    /// The header's number of earlier transitions is none.
    case firstStep(String)
    /// A tensor is missing.
    case missing(String)
    /// A tensor has another type or shape.
    case tensor(TensorInfo, expectedType: DType, expectedShape: [Int])
    /// An episode has an impossible number of transitions.
    case episodeLength(Int64)
    /// The segments hold another number of live transitions than was noted.
    case transitions(expected: Int, found: Int)
    /// An observation or action has the wrong size.
    case size(of: String, expected: Int, found: Int)
    /// A transition was added before an episode began.
    case noEpisode
    /// There is no step yet from which an n-step return could be computed.
    case empty(steps: Int)
  }

  /// The file; empty where it is about no file.
  public let path: String
  /// What is wrong.
  public let reason: Reason
}

extension ReplayError: CustomStringConvertible {
  /// The file, what is wrong, and what was expected, as a sentence.
  public var description: String {
    let message =
      switch reason {
      case .format(let found):
        "its format is \(found.map { "`\($0)`" } ?? "not said"), expected `\(ReplaySegment.format)`"
      case .firstStep(let found):
        "its `first_step` is `\(found.prefix(80))`, expected a number of transitions up to "
          + "\(ReplaySegment.firstStepLimits.upperBound)"
      case .missing(let name): "tensor `\(name)` is missing; expected a segment of a replay buffer"
      case .tensor(let info, let type, let shape):
        "tensor `\(info.name)` is \(info.dtype.rawValue) \(info.shape), expected \(type.rawValue) \(shape), "
          + "as the settings and the episodes' lengths say"
      case .episodeLength(let length):
        "an episode has \(length) transitions; "
          + "expected \(ReplaySegment.lengthLimits.lowerBound) to \(ReplaySegment.lengthLimits.upperBound)"
      case .transitions(let expected, let found):
        "the segments hold \(found) transitions, but \(expected) were noted; "
          + "expected the segments that the checkpoint lists, and the same capacity"
      case .size(let what, let expected, let found):
        "\(what) has \(found) bytes, expected \(expected)"
      case .noEpisode: "a transition was added before an episode began; expected its first observation"
      case .empty(let steps):
        "no episode has \(steps) transitions yet, which the return needs; train after more steps"
      }
    return path.isEmpty ? "replay buffer: \(message)" : "\(path): \(message)"
  }
}
