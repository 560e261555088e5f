import Torch

/// Films a trained policy.
public struct EpisodeVideo {
  private let settings: RLSettings
  private let policy: TrainedPolicy
  private let evaluation: PolicyEvaluation

  /// Reads a policy.
  ///
  /// - Parameters:
  ///   - checkpoint: a checkpoint of the task `rl`, such as a run's best network.
  ///   - threads: how many threads one operation may use; as many as a run's workers had, for the same last bits.
  /// - Throws: ``SafetensorsError``, ``CheckpointError``, ``RLError`` or ``TorchError`` if the file is not
  ///   such a one; ``ControlSuiteError`` if the models are missing.
  public init(_ settings: RLSettings, checkpoint: String, threads: Int) throws {
    try Runtime.setThreads(threads)
    self.settings = settings
    policy = try TrainedPolicy(path: checkpoint)
    // Episodes that go side by side share the policy's batches, on whose size the last bits of its actions
    // depend.
    evaluation = try PolicyEvaluation(
      settings.environment,
      episodes: PolicyEvaluation.atOnce(settings.evaluationEpisodes, settings.environment))
    let expected = settings.sizes(evaluation.layout)
    guard policy.sizes == expected else {
      throw RLError.otherSizes(path: checkpoint, found: policy.sizes, expected: expected)
    }
  }

  /// Writes a film of the first episode of an evaluation, at the speed at which it would happen.
  ///
  /// - Parameters:
  ///   - seed: the evaluation's.
  ///   - width: pixels across.
  ///   - height: pixels down.
  /// - Returns: the episode's return.
  /// - Throws: ``VideoError`` if the file cannot be written; ``ControlSuiteError`` if nothing can be drawn.
  public func write(seed: UInt64, width: Int, height: Int, to path: String) throws -> Double {
    let film = EpisodeFilm(settings.environment, width: width, height: height, path: path)
    let findings = try evaluation.play(seed: seed, policy.callAsFunction, watch: film.take)
    try film.finish()
    return findings.returns[0]
  }
}
