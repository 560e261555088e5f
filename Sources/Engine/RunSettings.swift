import PBTNAS

/// What the engine needs to know of a run; the task's own settings are the trainer's business.
public struct RunSettings: Codable, Hashable, Sendable {
  /// The task's name.
  public var task: String
  /// What every random draw of the run follows from.
  public var seed: UInt64
  /// The method's settings.
  public var method: MethodSettings
  /// How many members train at once.
  public var workers: Int
  /// Threads of one worker.
  public var threadsPerWorker: Int
  /// How often a job is tried again after its worker was lost.
  public var retries: Int
  /// How often that may be.
  static let retryLimits = 0...100
  /// How many seconds a worker may say nothing, while it starts or has a job, before it counts as hung and is replaced.
  public var heartbeatTimeout: Double
  /// What stays on the disk.
  public var storage: StorageSettings
  /// What the task was told, as text by whole key, such as `rl.batch`: what a run must go on with and what tells runs
  /// apart. Nil where only the trainer knows, as with a program of the user's.
  public var taskSettings: [String: String]?

  /// What the draws of every evaluation follow from: the same for all members and intervals.
  public var evaluationSeed: UInt64 {
    RunSeed(seed).seed(member: 0, interval: 0, purpose: .evaluation)
  }

  /// What the draws follow from on which a soup is evaluated at the end.
  var soupSeed: UInt64 { RunSeed(seed).seed(member: 1, interval: 0, purpose: .evaluation) }

  /// What the draws of a held-out evaluation follow from, the `number`-th of a run.
  func heldOutSeed(_ number: Int) -> UInt64 {
    RunSeed(seed).seed(member: 2 + number, interval: 0, purpose: .evaluation)
  }

  /// What a run that began with other settings cannot go on with; nil if nothing. How many workers there are,
  /// and what is kept, may change.
  func change(since old: RunSettings) -> RunError? {
    func changed(_ key: String, _ before: String?, _ now: String?) -> RunError {
      .changed(what: "the setting `\(key)` (\(before ?? "none"), now \(now ?? "none"))")
    }
    let (before, now) = (old.decisive, decisive)
    for key in Set(before.keys).union(now.keys).sorted() where before[key] != now[key] {
      return changed(key, before[key], now[key])
    }
    // A setting that the record does not have came with a later version, whose default does as was done before.
    for (key, before) in (old.taskSettings ?? [:]).sorted(by: { $0.key < $1.key }) {
      guard let now = taskSettings?[key], now != before else { continue }
      return changed(key, before, now)
    }
    return old.method == method ? nil : .changed(what: "the order of `search.hyperparameters`")
  }

  /// What draws and the method follow from, as text by whole key.
  private var decisive: [String: String] {
    let method = Dictionary(uniqueKeysWithValues: method.texts.map { ("search.\($0.key)", $0.value) })
    return method.merging(["task": task, "seed": String(seed)]) { $1 }
  }

  /// Makes settings.
  public init(
    task: String, seed: UInt64 = 0, method: MethodSettings, workers: Int = 1, threadsPerWorker: Int = 1,
    retries: Int = 2, heartbeatTimeout: Double = 600, storage: StorageSettings = StorageSettings(),
    taskSettings: [String: String]? = nil
  ) {
    self.task = task
    self.seed = seed
    self.method = method
    self.workers = workers
    self.threadsPerWorker = threadsPerWorker
    self.retries = retries
    self.heartbeatTimeout = heartbeatTimeout
    self.storage = storage
    self.taskSettings = taskSettings
  }
}

extension RunSettings {
  /// Reads settings; those that older records do not know have their defaults.
  public init(from decoder: any Decoder) throws {
    let container = try decoder.container(keyedBy: CodingKeys.self)
    self.init(
      task: try container.decode(String.self, forKey: .task),
      seed: try container.decode(UInt64.self, forKey: .seed),
      method: try container.decode(MethodSettings.self, forKey: .method),
      workers: try container.decode(Int.self, forKey: .workers),
      threadsPerWorker: try container.decode(Int.self, forKey: .threadsPerWorker),
      retries: try container.decode(Int.self, forKey: .retries))
    heartbeatTimeout =
      try container.decodeIfPresent(Double.self, forKey: .heartbeatTimeout) ?? heartbeatTimeout
    storage = try container.decodeIfPresent(StorageSettings.self, forKey: .storage) ?? storage
    taskSettings = try container.decodeIfPresent([String: String].self, forKey: .taskSettings)
  }
}
