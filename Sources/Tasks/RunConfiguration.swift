import Configuration
import Engine
import PBTNAS
import Torch

/// The tasks that pbtnas brings, by their names in settings files. A task's settings are the section of its name.
public enum BuiltInTask: String, CaseIterable, Sendable {
  /// Image generation: ``GANTrainer``.
  case gan

  /// All names.
  public static var names: [String] { allCases.map(\.rawValue) }

  /// Reads the task's section without touching data; problems are noted in `node`.
  ///
  /// - Returns: what makes the trainer, once the settings are known to be right.
  public func read(_ node: SettingsNode) -> @Sendable () throws -> any Trainer {
    switch self {
    case .gan:
      let settings = GANSettings(from: node.section(rawValue))
      return { try GANTrainer(settings) }
    }
  }
}

/// Everything in a settings file.
public struct RunConfiguration: Sendable {
  /// The engine's settings.
  public let run: RunSettings
  private let make: @Sendable () throws -> any Trainer

  /// Reads and checks a settings file; starts nothing.
  ///
  /// - Parameter baseFolder: the folder that relative paths in the file start from; nil for the file's own.
  /// - Throws: ``ConfigurationProblem`` or ``ConfigurationProblems`` with everything that is wrong.
  public init(file: String, baseFolder: String? = nil) throws {
    let node = try SettingsNode.read(file: file, baseFolder: baseFolder)
    let run = RunSettings(from: node, tasks: BuiltInTask.names)
    let make = BuiltInTask(rawValue: run.task)?.read(node)
    try node.throwProblems()
    self.run = run
    guard let make else { throw RunError.settings(["`\(run.task)` is no task"]) }
    self.make = make
  }

  /// Makes the task's trainer: reads its data.
  ///
  /// - Parameter threads: how many threads one operation may use.
  public func makeTrainer(threads: Int) throws -> any Trainer {
    try Runtime.setThreads(threads)
    return try make()
  }
}
