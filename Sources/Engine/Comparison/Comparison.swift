import PBTNAS
import Statistics

/// Searches grouped by what they did, over seeds.
public struct Comparison: Hashable, Sendable {
  /// Runs that differ in nothing but their seeds, their workers and what they keep on the disk.
  public struct Group: Hashable, Sendable {
    /// The strategy, with the settings that tell it from other groups.
    public let label: String
    /// In the order of their seeds.
    public let runs: [ComparedRun]

    /// Every run's best fitness.
    public var best: [Double] { runs.map(\.best) }

    /// Every run's fitness.
    ///
    /// - Throws: ``ComparisonError/notEvaluated(folders:)`` where some have none on held-out draws.
    public func fitness(_ choice: FitnessChoice) throws(ComparisonError) -> [Double] {
      switch choice {
      case .best: return best
      case .heldOut:
        let missing = runs.filter { $0.heldOut == nil }.map(\.folder)
        guard missing.isEmpty else { throw .notEvaluated(folders: missing) }
        return runs.compactMap(\.heldOut?.mean)
      }
    }

    /// The runs' seeds.
    public var seeds: [UInt64] { runs.map(\.settings.seed) }
    /// The runs' best fitness so far, summarised over seeds, at the end of each interval.
    public var curve: [SampleSummary] {
      let length = runs.map(\.bestSoFar.count).min() ?? 0
      return (0..<length).compactMap { index in SampleSummary(runs.map { $0.bestSoFar[index] }) }
    }
  }

  /// The groups, in the order in which the runs were named.
  public let groups: [Group]

  /// Groups runs.
  ///
  /// - Throws: ``ComparisonError`` if there are none, their intervals or tasks differ, or one run would count
  ///   twice.
  public init(_ runs: [ComparedRun]) throws(ComparisonError) {
    guard let first = runs.first else { throw .noRuns }
    for run in runs { try Self.check(run, isFairBeside: first) }
    var methods: [Method] = []
    for run in runs.map(Method.init) where !methods.contains(run) { methods.append(run) }
    var groups: [Group] = []
    for method in methods {
      let members = runs.filter { Method($0) == method }.sorted { $0.settings.seed < $1.settings.seed }
      for (one, other) in zip(members, members.dropFirst()) where one.settings.seed == other.settings.seed {
        throw .sameRun(first: one.folder, second: other.folder, seed: one.settings.seed)
      }
      groups.append(Group(label: method.label(among: methods), runs: members))
    }
    self.groups = groups
  }

  private static func check(
    _ run: ComparedRun, isFairBeside first: ComparedRun
  ) throws(ComparisonError) {
    let facts: [(String, (RunSettings) -> String)] = [
      ("task", { $0.task }), ("search.intervals", { String($0.method.intervals) }),
    ]
    for (key, value) in facts where value(run.settings) != value(first.settings) {
      throw .unfair(
        setting: key, first: first.folder, firstValue: value(first.settings), second: run.folder,
        secondValue: value(run.settings))
    }
  }

  /// The group with a name, or the only one whose name begins so.
  ///
  /// - Throws: ``ComparisonError`` with the names that there are.
  public func group(named name: String) throws(ComparisonError) -> Group {
    if let group = groups.first(where: { $0.label == name }) { return group }
    let matching = groups.filter { $0.label.hasPrefix(name) }
    guard let group = matching.first else { throw .unknownGroup(name, known: groups.map(\.label)) }
    guard matching.count == 1 else { throw .ambiguousGroup(name, matching: matching.map(\.label)) }
    return group
  }
}

/// What makes runs a group.
private struct Method: Hashable {
  let settings: MethodSettings
  let taskSettings: [String: String]

  init(_ run: ComparedRun) {
    settings = run.settings.method
    taskSettings = run.taskSettings
  }

  /// The settings that can tell groups of one strategy from each other.
  private static let facts: [(name: String, value: @Sendable (MethodSettings) -> String)] = [
    fact("tau"), fact("mix_probability"), fact("lambda"), fact("gamma"), fact("optimizer_state"),
    fact("mutation.parent"), fact("mixing.from"), fact("mixing.every"),
    (
      "genome",
      { $0.genome.map { $0.sorted { $0.key < $1.key }.map(\.value).joined(separator: "+") } ?? "drawn" }
    ),
    ("hyperparameters", { names(of: $0.hyperparameters) }),
  ]

  /// A setting by its key, as ``MethodSettings/texts`` has it.
  private static func fact(_ key: String) -> (name: String, value: @Sendable (MethodSettings) -> String) {
    (key, { $0.texts[key] ?? "" })
  }

  private static func names(of hyperparameters: [Hyperparameter]) -> String {
    hyperparameters.isEmpty ? "none" : hyperparameters.map(\.name).sorted().joined(separator: "+")
  }

  /// A hyperparameter's name and, briefly, where and how it is searched.
  private static func shown(_ hyperparameter: Hyperparameter) -> String {
    let domain =
      switch hyperparameter.domain {
      case .range(let low, let high, let scale):
        "[\(low)..\(high) \(scale) x\(hyperparameter.perturbFactors)]"
      case .list(let values): "\(values)"
      }
    return "\(hyperparameter.name)\(domain) \(hyperparameter.resampleProbability)"
  }

  /// The strategy with whatever tells this group from the others: a method's settings where others have the
  /// same strategy, what was trained, and in how large a population, where that differs at all.
  func label(among all: [Method]) -> String {
    let rivals = all.filter { $0.settings.strategy == settings.strategy }.map(\.settings)
    let telling = Self.facts.filter { fact in Set(rivals.map(fact.value)).count > 1 }
    let names = Self.names(of: settings.hyperparameters)
    let alike = rivals.map(\.hyperparameters).filter { Self.names(of: $0) == names }
    let domains = Set(alike).count > 1 ? settings.hyperparameters.map(Self.shown).sorted() : []
    let populations = Set(all.map(\.settings.populationSize))
    let size = populations.count > 1 ? ["population=\(settings.populationSize)"] : []
    let keys = Set(all.flatMap(\.taskSettings.keys)).sorted()
    let tellingKeys = keys.filter { key in Set(all.map { $0.taskSettings[key] }).count > 1 }
    return
      ([settings.strategy.rawValue] + size + telling.map { "\($0.name)=\($0.value(settings))" } + domains
      + tellingKeys.map { "\($0)=\(taskSettings[$0] ?? "default")" }).joined(separator: " ")
  }
}
