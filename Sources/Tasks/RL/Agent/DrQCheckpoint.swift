import Engine
import PBTNAS
import Torch

/// An agent's state in a checkpoint file: its networks, the target critic as the critic's averages, and the
/// optimisers' moments.
enum DrQCheckpoint {
  /// The header's `task`.
  static let task = "rl"

  /// Writes everything; without optimiser state for an agent that has not been trained.
  ///
  /// - Parameters:
  ///   - attachments: the replay buffer's files.
  ///   - texts: further texts of the header.
  static func write(
    _ agent: DrQAgent, genome: Genome, withOptimizer: Bool, attachments: [String] = [],
    texts: [String: String] = [:], to path: String
  ) throws {
    try state(of: agent).write(
      task: task, sizes: agent.networks.sizes, genome: genome, withOptimizer: withOptimizer,
      attachments: attachments, texts: texts, to: path)
  }

  /// Reads a file into an agent of the same genome and sizes. Optimiser state that is not in the file stays
  /// zero.
  static func read(_ path: String, into agent: DrQAgent) throws {
    try state(of: agent).read(path)
  }

  /// The networks' sizes, as the header says them.
  ///
  /// - Throws: ``TorchError`` if the checkpoint is of another task; ``HeaderError`` if no settings allow such
  ///   sizes.
  static func sizes(of checkpoint: Checkpoint) throws -> DrQSizes {
    try TrainingState.sizes(of: checkpoint, task: task)
  }

  private static func state(of agent: DrQAgent) -> TrainingState {
    TrainingState(
      store: agent.networks.store, average: agent.target,
      optimizers: [agent.criticOptimizer, agent.actorOptimizer])
  }
}

/// A policy read from a checkpoint: what a search leaves to be used.
public struct TrainedPolicy {
  /// The networks' sizes.
  public let sizes: DrQSizes
  private let policy: Policy

  /// Reads encoder and actor of a checkpoint.
  ///
  /// - Throws: ``SafetensorsError``, ``CheckpointError``, ``HeaderError`` or ``TorchError`` if the file is
  ///   not such a one.
  public init(path: String) throws {
    let checkpoint = try Checkpoint(path: path)
    sizes = try DrQCheckpoint.sizes(of: checkpoint)
    let store = try ParameterStore(for: checkpoint.file, memoryFormat: .channelsLast)
    policy = try Policy(store, DrQSearchSpace(sizes).architecture(of: checkpoint.genome), sizes)
    for entry in store.entries { try checkpoint.file.load(entry.name, into: entry.tensor) }
  }

  /// The mean actions, [B, actions] in -1...1, for observations [B, ...].
  public func callAsFunction(_ observations: Tensor) throws -> Tensor {
    try policy.meanActions(observations)
  }
}
