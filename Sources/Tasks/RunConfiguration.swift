import Configuration
import Engine
import PBTNAS

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
  /// Makes the task's trainer: reads its data.
  public let makeTrainer: @Sendable () throws -> any Trainer

  /// Reads and checks a settings file; starts nothing.
  ///
  /// - Parameter baseFolder: the folder that relative paths in the file start from; nil for the file's own.
  /// - Throws: ``ConfigurationProblem`` or ``ConfigurationProblems`` with everything that is wrong.
  public init(file: String, baseFolder: String? = nil) throws {
    let node = try SettingsNode.read(file: file, baseFolder: baseFolder)
    run = RunSettings(from: node, tasks: BuiltInTask.names)
    let task = BuiltInTask(rawValue: run.task)
    let make = task?.read(node)
    try node.throwProblems()
    makeTrainer = {
      guard let make else { throw RunError.settings(["there is no such task"]) }
      return try make()
    }
  }
}
