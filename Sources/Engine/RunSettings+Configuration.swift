import Configuration
import PBTNAS

extension RunSettings {
  /// Reads the keys `task`, `seed`, `search`, `workers` and `storage`; problems are noted in `node`.
  ///
  /// - Parameter tasks: the names of the tasks that there are.
  public init(from node: SettingsNode, tasks: [String]) {
    let task = node.requiredString("task")
    if node.has("task"), !tasks.contains(task) {
      node.report("task", "expected one of \(tasks.joined(separator: ", ")), found `\(task)`")
    }
    let seed = node.int("seed", default: 0, in: 0...Int.max)
    let method = MethodSettings(from: node.section("search"))
    let workers = node.section("workers")
    let defaults = RunSettings(task: task, method: method)
    self.init(
      task: task, seed: UInt64(seed), method: method,
      workers: workers.int("count", default: defaults.workers, in: 1...1024),
      threadsPerWorker: workers.int("threads", default: defaults.threadsPerWorker, in: 1...1024),
      retries: workers.int("retries", default: defaults.retries, in: 0...100),
      heartbeatTimeout: workers.double("heartbeat_timeout", default: defaults.heartbeatTimeout, in: 1...1e6),
      storage: StorageSettings(from: node.section("storage")))
  }
}

extension MethodSettings {
  /// The key of every property in a settings file.
  private static let keys = [
    "populationSize": "population", "intervals": "intervals", "tau": "tau",
    "mixProbability": "mix_probability", "lambda": "lambda", "gamma": "gamma",
    "gate.from": "mixing", "gate.every": "mixing", "strategy": "strategy",
  ]

  /// Reads the section `search`; problems are noted in `node`.
  init(from node: SettingsNode) {
    let defaults = MethodSettings(populationSize: 8, intervals: 8)
    let mixing = node.section("mixing")
    self.init(
      populationSize: node.int("population", default: defaults.populationSize),
      intervals: node.int("intervals", default: defaults.intervals),
      tau: node.double("tau", default: defaults.tau),
      mixProbability: node.double("mix_probability", default: defaults.mixProbability),
      lambda: node.double("lambda", default: defaults.lambda),
      gamma: node.double("gamma", default: defaults.gamma),
      optimizerState: node.choice("optimizer_state", default: defaults.optimizerState),
      gate: MixingGate(
        from: mixing.int("from", default: defaults.gate.from),
        every: mixing.int("every", default: defaults.gate.every)),
      strategy: node.choice("strategy", default: defaults.strategy))
    report(problems(), in: node)
  }

  /// Notes problems with the method's settings at the keys that they are about.
  private func report(_ problems: [SettingProblem], in node: SettingsNode) {
    for problem in problems { node.report(Self.keys[problem.setting] ?? problem.setting, problem.message) }
  }
}
