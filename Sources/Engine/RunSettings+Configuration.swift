import Configuration
import PBTNAS

extension RunSettings {
  /// Reads the keys `task`, `seed`, `search`, `workers` and `storage`; problems are noted in `node`.
  ///
  /// - Parameters:
  ///   - tasks: the names of the tasks that there are.
  ///   - limits: by task, the hyperparameters that it takes, where that is known before its trainer says so.
  ///   - searchSpace: the search space of a task, where that is known before its trainer says so.
  public init(
    from node: SettingsNode, tasks: [String], limits: [String: HyperparameterLimits] = [:],
    searchSpace: (_ task: String) -> SearchSpace? = { _ in nil }
  ) {
    let task = node.string("task", default: "")
    if !tasks.contains(task) {
      let expected = "expected one of \(tasks.joined(separator: ", "))"
      node.report("task", node.has("task") ? "\(expected), found `\(task)`" : "is missing; \(expected)")
    }
    let seed = node.int("seed", default: 0, in: 0...Int.max)
    let method = MethodSettings(from: node.section("search"), limits[task], searchSpace(task))
    let workers = node.section("workers")
    let defaults = RunSettings(task: task, method: method)
    self.init(
      task: task, seed: UInt64(seed), method: method,
      workers: workers.int("count", default: defaults.workers, in: 1...1024),
      threadsPerWorker: workers.int("threads", default: defaults.threadsPerWorker, in: 1...1024),
      retries: workers.int("retries", default: defaults.retries, in: RunSettings.retryLimits),
      heartbeatTimeout: workers.double("heartbeat_timeout", default: defaults.heartbeatTimeout, in: 1...1e6),
      storage: StorageSettings(from: node.section("storage")))
  }
}

extension MethodSettings {
  /// The keys in a settings file of properties that have another name there.
  private static let keys = [
    "populationSize": "population", "mixProbability": "mix_probability", "gate.from": "mixing.from",
    "gate.every": "mixing.every", "mutationParent": "mutation.parent",
  ]

  /// The key in the section of a property, or of a part of it.
  static func key(of property: String) -> String { keys[property] ?? property }

  /// Reads the section `search`; problems are noted in `node`.
  init(from node: SettingsNode, _ limits: HyperparameterLimits?, _ space: SearchSpace?) {
    let defaults = MethodSettings(populationSize: 8, intervals: 8)
    let mixing = node.section("mixing")
    let mutation = node.section("mutation")
    let hyperparameters = node.section("hyperparameters")
    self.init(
      populationSize: node.int(
        "population", default: defaults.populationSize, in: .min...1_000_000),
      intervals: node.int("intervals", default: defaults.intervals, in: .min...1_000_000),
      tau: node.double("tau", default: defaults.tau),
      mixProbability: node.double("mix_probability", default: defaults.mixProbability),
      lambda: node.double("lambda", default: defaults.lambda),
      gamma: node.double("gamma", default: defaults.gamma),
      optimizerState: node.choice("optimizer_state", default: defaults.optimizerState),
      mutationParent: mutation.choice("parent", default: defaults.mutationParent),
      gate: MixingGate(
        from: mixing.int("from", default: defaults.gate.from, in: 1...Int.max),
        every: mixing.int("every", default: defaults.gate.every, in: 1...Int.max)),
      strategy: node.choice("strategy", default: defaults.strategy),
      hyperparameters: Hyperparameter.read(hyperparameters, limits),
      genome: node.texts("genome").flatMap { $0.isEmpty ? nil : $0 })
    // What is wrong with hyperparameters that are declared was noted where they were read.
    let noted = hyperparameters.names.isEmpty ? nil : "hyperparameters"
    report(problems(searchSpace: space).filter { noted.map($0.setting.hasPrefix) != true }, in: node)
  }

  /// Every setting as text, by its key in the section.
  var texts: [String: String] {
    var texts = [
      "strategy": strategy.rawValue, "population": "\(populationSize)", "intervals": "\(intervals)",
      "tau": "\(tau)", "mix_probability": "\(mixProbability)", "lambda": "\(lambda)", "gamma": "\(gamma)",
      "optimizer_state": optimizerState.rawValue, "mixing.from": "\(gate.from)",
      "mixing.every": "\(gate.every)", "mutation.parent": mutationParent.rawValue,
    ]
    for hyperparameter in hyperparameters {
      texts["hyperparameters.\(hyperparameter.name)"] = hyperparameter.text
    }
    for (gene, option) in genome ?? [:] { texts["genome.\(gene)"] = option }
    return texts
  }

  /// Notes problems with the method's settings at the keys that they are about.
  private func report(_ problems: [SettingProblem], in node: SettingsNode) {
    for problem in problems { node.report(Self.key(of: problem.setting), problem.message) }
  }
}
