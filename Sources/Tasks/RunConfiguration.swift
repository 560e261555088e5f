import Configuration
import Engine
import Foundation
import PBTNAS
import Torch

/// The tasks that pbtnas brings, by their names in settings files. A task's settings are the section of its name.
public enum BuiltInTask: String, CaseIterable, Sendable {
  /// Image generation: ``GANTrainer``.
  case gan
  /// Continuous control: ``RLTrainer``.
  case rl

  /// All names.
  public static var names: [String] { allCases.map(\.rawValue) }

  /// The hyperparameters that its trainer takes.
  var hyperparameterLimits: HyperparameterLimits {
    switch self {
    case .gan: GANHyperparameter.allLimits
    case .rl: RLHyperparameter.allLimits
    }
  }

  /// Reads the task's section; problems are noted in `node`.
  ///
  /// - Parameter checksData: whether files that the settings point to are looked at, as far as that takes no
  ///   time.
  public func read(_ node: SettingsNode, checksData: Bool = false) -> TaskSettings {
    let section = node.section(rawValue)
    return switch self {
    case .gan: .gan(GANSettings(from: section, checksFiles: checksData))
    case .rl: .rl(RLSettings(from: section, checksModels: checksData))
    }
  }
}

/// The settings of a task that pbtnas brings.
public enum TaskSettings: Hashable, Sendable {
  /// Of ``BuiltInTask/gan``.
  case gan(GANSettings)
  /// Of ``BuiltInTask/rl``.
  case rl(RLSettings)

  /// The search space of the task's networks, for which no data are needed.
  public var searchSpace: SearchSpace {
    switch self {
    case .gan(let settings): settings.searchSpace
    case .rl(let settings): settings.searchSpace
    }
  }

  /// Makes the task's trainer: reads its data.
  func makeTrainer() throws -> any Trainer {
    switch self {
    case .gan(let settings): try GANTrainer(settings)
    case .rl(let settings): try RLTrainer(settings)
    }
  }
}

/// Everything in a settings file.
public struct RunConfiguration: Sendable {
  /// The engine's settings.
  public let run: RunSettings
  private let trainer: TrainerSource

  /// Who trains.
  enum TrainerSource: Sendable {
    /// A task that pbtnas brings, in `pbtnas worker`.
    case builtIn(TaskSettings)
    /// A program of the user's that speaks the worker protocol.
    case program([String])
  }

  /// The name of the task whose trainer is a program of the user's.
  private static let programTask = "program"

  /// Reads and checks a settings file; starts nothing.
  ///
  /// - Parameters:
  ///   - baseFolder: the folder that relative paths in the file start from; nil for the file's own.
  ///   - checksData: whether files that the settings point to are looked at, as far as that takes no time, and
  ///     whether there is a program that is named.
  /// - Throws: ``ConfigurationProblem`` or ``ConfigurationProblems`` with everything that is wrong.
  public init(file: String, baseFolder: String? = nil, checksData: Bool = false) throws {
    let node = try SettingsNode.read(file: file, baseFolder: baseFolder)
    let (run, trainer) = Self.readAll(node, checksData: checksData)
    try node.throwProblems()
    self.run = run
    guard let trainer else { throw RunError.settings(["`\(run.task)` is no task"]) }
    self.trainer = trainer
  }

  /// Reads everything; problems are noted in `node`.
  @discardableResult
  static func readAll(
    _ node: SettingsNode, checksData: Bool = false
  ) -> (run: RunSettings, trainer: TrainerSource?) {
    let limits = BuiltInTask.allCases.map { ($0.rawValue, $0.hyperparameterLimits) }
    var task: TaskSettings?
    var run = RunSettings(
      from: node, tasks: BuiltInTask.names + [Self.programTask],
      limits: Dictionary(uniqueKeysWithValues: limits)
    ) { name in
      let problems = node.problemCount
      task = BuiltInTask(rawValue: name)?.read(node, checksData: checksData)
      // Of settings that are wrong, the space would be too.
      return node.problemCount == problems ? task?.searchSpace : nil
    }
    let trainer: TrainerSource? =
      run.task == Self.programTask
      ? .program(readProgram(node.section(Self.programTask), checksIt: checksData))
      : task.map { .builtIn($0) }
    if task != nil { run.taskSettings = node.settings(in: run.task) }
    return (run, trainer)
  }

  /// Reads the program of the user's that trains, with its arguments.
  ///
  /// - Parameter checksIt: whether it is looked for.
  private static func readProgram(_ node: SettingsNode, checksIt: Bool) -> [String] {
    let command = node.requiredStrings("command")
    // What is no program is env's business, which starts it: options, and variables to set.
    if checksIt, let name = command.first, !name.hasPrefix("-"), !name.contains("=") {
      let places =
        name.contains("/")
        ? [URL(fileURLWithPath: name, relativeTo: URL(fileURLWithPath: node.baseFolder)).path]
        : (ProcessInfo.processInfo.environment["PATH"] ?? "").split(separator: ":").map { "\($0)/\(name)" }
      if !places.contains(where: FileManager.default.isExecutableFile) {
        node.report(
          "command",
          "there is no program \(name.contains("/") ? places[0] : "`\(name)` in PATH"); expected the name of one, or its "
            + "path, which starts from the settings file's folder if it is relative")
      }
    }
    return command
  }

  /// The user's program that trains, with its arguments; nil where the task is one that pbtnas brings.
  public var program: [String]? {
    if case .program(let command) = trainer { command } else { nil }
  }

  /// The settings of the task, where it is one that pbtnas brings.
  public var task: TaskSettings? {
    if case .builtIn(let task) = trainer { task } else { nil }
  }

  /// Makes the task's trainer: reads its data.
  ///
  /// - Parameter threads: how many threads one operation may use.
  /// - Throws: ``RunError`` if a program of the user's trains; what the task's trainer throws.
  public func makeTrainer(threads: Int) throws -> any Trainer {
    guard let task else {
      throw RunError.settings(["the task `\(Self.programTask)` has a trainer of its own"])
    }
    try Runtime.setThreads(threads)
    Runtime.reuseMemory()
    return try task.makeTrainer()
  }
}
