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
  private let trainer: TrainerSource

  /// Who trains.
  private enum TrainerSource: Sendable {
    /// A task that pbtnas brings, in `pbtnas worker`.
    case builtIn(@Sendable () throws -> any Trainer)
    /// A program of the user's that speaks the worker protocol.
    case program([String])
  }

  /// The name of the task whose trainer is a program of the user's.
  private static let programTask = "program"

  /// Reads and checks a settings file; starts nothing.
  ///
  /// - Parameter baseFolder: the folder that relative paths in the file start from; nil for the file's own.
  /// - Throws: ``ConfigurationProblem`` or ``ConfigurationProblems`` with everything that is wrong.
  public init(file: String, baseFolder: String? = nil) throws {
    let node = try SettingsNode.read(file: file, baseFolder: baseFolder)
    let run = RunSettings(from: node, tasks: BuiltInTask.names + [Self.programTask])
    let trainer: TrainerSource? =
      run.task == Self.programTask
      ? .program(node.section(Self.programTask).requiredStrings("command"))
      : BuiltInTask(rawValue: run.task).map { .builtIn($0.read(node)) }
    try node.throwProblems()
    self.run = run
    guard let trainer else { throw RunError.settings(["`\(run.task)` is no task"]) }
    self.trainer = trainer
  }

  /// The user's program that trains, with its arguments; nil where the task is one that pbtnas brings.
  public var program: [String]? {
    if case .program(let command) = trainer { command } else { nil }
  }

  /// Makes the task's trainer: reads its data.
  ///
  /// - Parameter threads: how many threads one operation may use.
  /// - Throws: ``RunError`` if a program of the user's trains; what the task's trainer throws.
  public func makeTrainer(threads: Int) throws -> any Trainer {
    guard case .builtIn(let make) = trainer else {
      throw RunError.settings(["the task `\(Self.programTask)` has a trainer of its own"])
    }
    try Runtime.setThreads(threads)
    Runtime.reuseMemory()
    return try make()
  }
}
