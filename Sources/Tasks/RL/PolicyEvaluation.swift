import ControlSuite
import PBTNAS
import Torch

/// Judges policies: the mean return of some episodes with mean actions.
///
/// With vectors, episodes go side by side, so that the policy is asked once a step for all of them; with
/// pictures, which cost most to draw, one after the other, so that the renderer's memory is needed once.
final class PolicyEvaluation {
  /// What was found.
  struct Findings {
    /// Every episode's return.
    var returns: [Double]
    /// Why episodes ended in which the physics could not go on; their returns are what was collected before.
    var divergences: [Divergence]

    /// The mean return.
    var mean: Double { returns.reduce(0, +) / Double(returns.count) }
  }

  /// How many episodes go side by side at the most. Each needs a compiled model of its own, and settings may
  /// ask for thousands of episodes; the policy reads its weights once for all sixteen, so that more would
  /// save little.
  static let mostAtOnce = 16

  private let environments: [AgentEnvironment]
  private let episodes: Int
  /// The most agent steps that all episodes have together: as many as if none diverges.
  let mostSteps: Int

  /// Prepares to play so many episodes.
  init(_ settings: EnvironmentSettings, episodes: Int) throws {
    self.episodes = episodes
    mostSteps = episodes * settings.episodeSteps
    environments = try (0..<PolicyEvaluation.atOnce(episodes, settings)).map { _ in
      try AgentEnvironment(settings)
    }
  }

  /// How many of so many episodes go side by side.
  static func atOnce(_ episodes: Int, _ settings: EnvironmentSettings) -> Int {
    settings.observations == .state ? min(episodes, mostAtOnce) : 1
  }

  /// What the environments are observed like.
  var layout: ReplayLayout { environments[0].layout }

  /// Plays the episodes to their ends.
  ///
  /// - Parameters:
  ///   - seed: what the start states follow from.
  ///   - policy: mean actions, [B, actions], for what is seen, [B, ...].
  ///   - watch: is called with the first episode's environment at its start and after each of its steps.
  ///   - report: is called after every step with the agent steps so far in all episodes.
  /// - Throws: ``RLError/actionNotFinite`` if the policy has diverged.
  func play(
    seed: UInt64, _ policy: (Tensor) throws -> Tensor, watch: (AgentEnvironment) throws -> Void = { _ in },
    report: (Int) -> Void = { _ in }
  ) throws -> Findings {
    var seeds = SeededGenerator(seed: seed)
    var findings = Findings(returns: [], divergences: [])
    var steps = 0
    while findings.returns.count < episodes {
      let count = min(environments.count, episodes - findings.returns.count)
      for environment in environments.prefix(count) { try environment.reset(seed: seeds.next()) }
      let isFirst = findings.returns.isEmpty
      let played = try playSideBySide(
        count, policy, watch: { if isFirst { try watch($0) } },
        tick: {
          steps += $0
          report(steps)
        })
      findings.returns += played.returns
      findings.divergences += played.divergences
    }
    return findings
  }

  /// Plays the episodes that the first environments have begun.
  ///
  /// - Parameter tick: is called with the number of episodes that have just taken a step.
  private func playSideBySide(
    _ count: Int, _ policy: (Tensor) throws -> Tensor, watch: (AgentEnvironment) throws -> Void,
    tick: (Int) -> Void
  ) throws -> Findings {
    try watch(environments[0])
    var findings = Findings(returns: Array(repeating: 0, count: count), divergences: [])
    var running = Array(0..<count)
    while !running.isEmpty {
      let actions = try policy(AgentEnvironment.view(running.map { environments[$0] }, layout))
        .array(of: Float.self)
      let length = layout.actionLength
      var remaining: [Int] = []
      for (place, index) in running.enumerated() {
        let outcome = try environments[index].step(Array(actions[place * length..<(place + 1) * length]))
        findings.returns[index] += outcome.reward
        if let divergence = outcome.divergence { findings.divergences.append(divergence) }
        if !outcome.isLast { remaining.append(index) }
        if index == 0 { try watch(environments[0]) }
      }
      tick(running.count)
      running = remaining
    }
    return findings
  }
}
