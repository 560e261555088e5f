import Files
import PBTNAS

/// The sizes of a task's networks, which a checkpoint's header states.
///
/// A file can say anything. Nothing is built from its numbers before ``check(path:)`` has passed.
protocol NetworkSizes: Codable {
  /// What the header's text is, for errors.
  static var textDescription: String { get }
  /// Every number with the limits that settings have too.
  var limitedNumbers: [(key: String, value: Int, limits: ClosedRange<Int>)] { get }
  /// The first value that no settings allow although its number is within the limits; nil if all fit
  /// together. It is asked for only where all numbers are within their limits.
  var conflict: (key: String, found: String, expected: String)? { get }
  /// The genes of networks of these sizes; under the same condition.
  var genes: SearchSpace { get }
}

extension NetworkSizes {
  /// Checks what a file says.
  ///
  /// - Parameter path: the file.
  /// - Throws: ``HeaderError`` with the first value that no settings allow.
  func check(path: String) throws(HeaderError) {
    for (key, value, limits) in limitedNumbers where !limits.contains(value) {
      throw .badNumber(
        path: path, key: "\(TrainingState.sizesKey).\(key)", found: "\(value)", limits: limits)
    }
    if let (key, found, expected) = conflict {
      throw .badText(path: path, key: "\(TrainingState.sizesKey).\(key)", found: found, expected: expected)
    }
  }
}

/// A text in a checkpoint's header cannot be what training has written.
public enum HeaderError: Error, Hashable, Sendable {
  /// A number is none, or outside its limits.
  case badNumber(path: String, key: String, found: String, limits: ClosedRange<Int>)
  /// A text is not what training writes.
  case badText(path: String, key: String, found: String, expected: String)
  /// The genome is not one of networks of the header's sizes.
  case badGenome(path: String, SearchSpaceError)
}

extension HeaderError: CustomStringConvertible {
  /// What is wrong and what was expected, as a sentence.
  public var description: String { sentence.printable(2_000) }

  private var sentence: String {
    switch self {
    case .badNumber(let path, let key, let found, let limits):
      "\(path): the header's `\(key)` is `\(found)`; "
        + "expected a whole number from \(limits.lowerBound) to \(limits.upperBound), as training writes it"
    case .badText(let path, let key, let found, let expected):
      "\(path): the header's `\(key)` is `\(found.prefix(80))`; expected \(expected), as training writes it"
    case .badGenome(let path, let error):
      "\(path): the header's `genome` does not fit its `sizes`: \(error)"
    }
  }
}
