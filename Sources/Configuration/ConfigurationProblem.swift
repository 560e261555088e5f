/// One thing that is wrong in a settings file, with what is needed to mend it.
public struct ConfigurationProblem: Error, Hashable, Sendable {
  /// The file that was read.
  public var file: String
  /// The line, counted from 1; nil where the problem is not at one line.
  public var line: Int?
  /// The key's path, e.g. `search.population`.
  public var key: String
  /// What is wrong, what was expected and how to mend it, as one sentence.
  public var message: String

  /// Makes a problem.
  public init(file: String, line: Int?, key: String, message: String) {
    self.file = file
    self.line = line
    self.key = key
    self.message = message
  }
}

extension ConfigurationProblem: CustomStringConvertible {
  /// `file:line: key: message`.
  public var description: String {
    let place = line.map { "\(file):\($0)" } ?? file
    return key.isEmpty ? "\(place): \(message)" : "\(place): \(key): \(message)"
  }
}
