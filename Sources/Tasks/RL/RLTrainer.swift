import ControlSuite
import Engine
import PBTNAS
import Torch

/// Trains one DrQ-v2 agent at a time in a task of the Control Suite. Fitness is the mean return of some
/// episodes with mean actions.
///
/// An interval begins with a new episode and goes on with the network's own replay buffer, whose segments are
/// the checkpoint's attachments. So an offspring goes on with its base parent's buffer, and with its count of
/// agent steps. Or all networks have one (``BufferSharing/shared``), whose segments are shared attachments.
public final class RLTrainer: Trainer {
  /// The genes of encoder (with pixels), actor and critic.
  public var searchSpace: SearchSpace { settings.searchSpace }
  /// Whether the best agent is filmed.
  public var showsBest: Bool { settings.video.isKept }
  private let settings: RLSettings
  private let device: Device
  private let sizes: DrQSizes
  private let environment: AgentEnvironment
  private let evaluation: PolicyEvaluation
  private let segmentBytes: Int

  /// How much experience is kept in memory before it goes into a file: much less than an interval of the longest
  /// experiments has, and enough for few files.
  public static let defaultSegmentBytes = 256 << 20

  /// Compiles the environments' models.
  ///
  /// - Parameter segmentBytes: how much experience is kept in memory before it goes into a file.
  /// - Throws: ``ControlSuiteError`` if a file of the models is missing or wrong; ``TorchError`` if there is
  ///   no GPU where the settings want one.
  public init(_ settings: RLSettings, segmentBytes: Int = RLTrainer.defaultSegmentBytes) throws {
    self.settings = settings
    self.segmentBytes = segmentBytes
    device = try settings.device.device()
    environment = try AgentEnvironment(settings.environment)
    evaluation = try PolicyEvaluation(settings.environment, episodes: settings.evaluationEpisodes)
    sizes = settings.sizes(environment.layout)
  }

  /// Builds networks with fresh weights.
  public func initialise(_ job: InitialiseJob) throws {
    let agent = try agent(job.genome, settings.agent, seed: job.seed)
    try DrQCheckpoint.write(agent, genome: job.genome, withOptimizer: false, to: job.output)
  }

  /// Trains for ``RLSettings/framesPerInterval`` frames and evaluates.
  public func train(_ job: TrainJob, progress: (TrainingProgress) -> Void) throws -> TrainingResult {
    guard let attachments = job.attachments.map(AttachmentFolder.init) else {
      throw RLError.noAttachmentFolder
    }
    let settings = try RLHyperparameter.apply(job.hyperparameters, to: settings)
    let agent = try load(job.checkpoint, job.genome, settings.agent)
    var memory = try AgentMemory(Checkpoint(path: job.checkpoint))
    let buffer = try buffer(of: memory, job, settings, attachments)
    func save() throws -> ReplayBuffer.Segments {
      try buffer.save(path: attachments.path(of:)) { try attachments.add(extension: "safetensors", $0) }
    }
    let experience = Experience(
      agent: agent, buffer: buffer, environment: environment, settings: settings,
      betweenEpisodes: { if buffer.unsavedBytes >= self.segmentBytes { _ = try save() } })

    let stopwatch = Stopwatch()
    var clock = ProgressClock()
    func report(_ done: Int) {
      clock.report(
        fraction: Double(done) / Double(settings.stepsPerInterval),
        samples: done * settings.environment.actionRepeat
      ).map(progress)
    }
    let findings = try experience.live(from: memory.steps, seed: job.seed, report: report)
    let played = try evaluation.play(
      seed: job.evaluationSeed, agent.meanActions, report: { _ in report(settings.stepsPerInterval) })
    let seconds = stopwatch.seconds

    memory.steps += settings.stepsPerInterval
    let stored = try save()
    // What is shared belongs to no checkpoint.
    memory.segments = settings.buffer == .own ? stored : ReplayBuffer.Segments(names: [], transitions: 0)
    try DrQCheckpoint.write(
      agent, genome: job.genome, withOptimizer: true, attachments: memory.segments.names,
      texts: memory.texts, to: job.output)
    let metrics = findings.metrics.merging([
      "agent_steps": Double(memory.steps), "replay_transitions": Double(buffer.transitions),
      "replay_bytes_per_transition": buffer.bytesPerTransition,
      "evaluation_diverged_episodes": Double(played.divergences.count),
    ]) { _, new in new }
    var result = TrainingResult(
      fitness: played.mean, metrics: metrics, files: [], seconds: seconds,
      shownMetrics: ["episode_return", "episode_steps"],
      warnings: Self.warnings([("training", findings.divergences), ("evaluation", played.divergences)]))
    if settings.buffer == .shared {
      let (given, left) = (job.sharedAttachments ?? [], Set(stored.names))
      let known = Set(given.joined())
      result.shares = stored.names.filter { !known.contains($0) }
      result.releases = given.joined().filter { !left.contains($0) }
    }
    return result
  }

  /// The replay buffer at an interval's start.
  private func buffer(
    of memory: AgentMemory, _ job: TrainJob, _ settings: RLSettings, _ attachments: AttachmentFolder
  ) throws -> ReplayBuffer {
    switch settings.buffer {
    case .own:
      try ReplayBuffer(
        environment.layout, capacity: settings.replayCapacity, steps: settings.returnSteps,
        discount: settings.discount, from: memory.segments, path: attachments.path(of:))
    case .shared:
      try ReplayBuffer(
        environment.layout, capacity: settings.replayCapacity, steps: settings.returnSteps,
        discount: settings.discount, sharing: job.sharedAttachments ?? [], path: attachments.path(of:))
    }
  }

  /// Evaluates without training; films the first episode where the job wants to see something.
  public func evaluate(_ job: EvaluateJob, progress: (TrainingProgress) -> Void) throws -> TrainingResult {
    let agent = try load(job.checkpoint, job.genome, settings.agent)
    let stopwatch = Stopwatch()
    let film = showsBest ? job.artifacts.map(film) : nil
    var problem: (any Error)?
    /// What cannot be filmed can be evaluated all the same.
    func attempt(_ body: () throws -> Void?) {
      guard problem == nil else { return }
      do { try body() } catch { problem = error }
    }
    var clock = ProgressClock()
    let played = try evaluation.play(
      seed: job.seed, agent.meanActions, watch: { environment in attempt { try film?.take(environment) } },
      report: { steps in
        clock.report(
          fraction: Double(steps) / Double(evaluation.mostSteps),
          samples: steps * settings.environment.actionRepeat
        ).map(progress)
      })
    attempt { try film?.finish() }
    return TrainingResult(
      fitness: played.mean, metrics: ["evaluation_diverged_episodes": Double(played.divergences.count)],
      files: problem == nil ? [film?.path].compactMap(\.self) : [], seconds: stopwatch.seconds,
      artifactsProblem: problem.map(String.init(describing:)),
      warnings: Self.warnings([("evaluation", played.divergences)]))
  }

  /// What a user is told of episodes that the physics ended; nil if there were none.
  private static func warnings(_ divergences: [(when: String, all: [Divergence])]) -> [String]? {
    let warnings = divergences.compactMap { $0.all.warning(of: $0.when) }
    return warnings.isEmpty ? nil : warnings
  }

  private func film(_ artifacts: String) -> EpisodeFilm {
    EpisodeFilm(
      settings.environment, width: settings.video.width, height: settings.video.height,
      path: "\(artifacts).\(VideoFormat.bestExtension)")
  }

  private func agent(_ genome: Genome, _ settings: DrQAgentSettings, seed: UInt64) throws -> DrQAgent {
    try DrQAgent(DrQNetworks(genome: genome, sizes: sizes, seed: seed, device: device), settings)
  }

  private func load(_ path: String, _ genome: Genome, _ settings: DrQAgentSettings) throws -> DrQAgent {
    let agent = try agent(genome, settings, seed: 0)
    try DrQCheckpoint.read(path, into: agent)
    return agent
  }
}

/// What an agent carries from interval to interval besides its networks, in the header of its checkpoint.
struct AgentMemory {
  /// Agent steps done, which the exploration's noise depends on.
  var steps: Int
  /// The replay buffer's files.
  var segments: ReplayBuffer.Segments

  private static let stepsKey = "agent_steps"
  private static let transitionsKey = "replay_transitions"
  /// Up to here, products with frames cannot overflow, and every reader's numbers are exact.
  private static let limits = 0...1 << 53

  /// Reads a header. A network that has not been trained has done and seen nothing.
  ///
  /// - Throws: ``HeaderError/badNumber(path:key:found:limits:)``
  init(_ checkpoint: Checkpoint) throws(HeaderError) {
    func number(_ key: String) throws(HeaderError) -> Int {
      let text = checkpoint.file.metadata[key]
      guard let text else { return 0 }
      guard let number = Int(text), Self.limits.contains(number) else {
        throw .badNumber(path: checkpoint.file.path, key: key, found: text, limits: Self.limits)
      }
      return number
    }
    steps = try number(Self.stepsKey)
    // A run's best network comes without attachments: whoever trains it further begins with an empty buffer.
    let transitions = try number(Self.transitionsKey)
    segments = ReplayBuffer.Segments(
      names: checkpoint.attachments, transitions: checkpoint.attachments.isEmpty ? 0 : transitions)
  }

  /// The header's texts.
  var texts: [String: String] {
    [Self.stepsKey: String(steps), Self.transitionsKey: String(segments.transitions)]
  }
}

extension [Divergence] {
  /// What a user is told of the episodes that the physics ended; nil if there were none.
  fileprivate func warning(of what: String) -> String? {
    guard let first else { return nil }
    let episodes =
      count == 1 ? "an episode of \(what) ended" : "\(count) episodes of \(what) ended, the first"
    return "\(episodes) because \(first)"
  }
}
