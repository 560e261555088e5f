import ControlSuite
import PBTNAS
import Torch

/// An interval of an agent's life: it acts, remembers, and learns (Yarats et al. 2021, algorithm 1).
///
/// Everything random follows from the interval's seed: the n-th episode's start state, actions, draws from
/// the replay buffer, and what updates draw.
struct Experience {
  /// What happened in an interval.
  struct Findings {
    /// The returns of the episodes that came to their ends.
    var returns: [Double] = []
    /// The agent steps of those.
    var lengths: [Int] = []
    /// Why episodes ended in which the physics could not go on.
    var divergences: [Divergence] = []
    /// Sums over the updates.
    var updates = 0
    var criticLoss = 0.0
    var actorLoss = 0.0
    var target = 0.0
  }

  let agent: DrQAgent
  let buffer: ReplayBuffer
  let environment: AgentEnvironment
  let settings: RLSettings
  /// Is called when an episode is over and another begins.
  var betweenEpisodes: () throws -> Void = {}

  /// Lives for an interval, which begins with a new episode.
  ///
  /// - Parameters:
  ///   - first: the agent steps done in earlier intervals.
  ///   - report: is called with the number of agent steps done in this one.
  func live(from first: Int, seed: UInt64, report: (Int) -> Void) throws -> Findings {
    var seeds = SeededGenerator(seed: seed)
    let acting = try RandomGenerator(seed: seeds.next())
    let learning = try RandomGenerator(seed: seeds.next())
    let draws = ReplayPrefetch(
      buffer, count: settings.batch, random: SeededGenerator(seed: seeds.next()))
    var findings = Findings()
    var episode = (steps: 0, return: 0.0)
    var isOver = true
    for index in 0..<settings.stepsPerInterval {
      let step = first + index
      if isOver {
        buffer.endEpisode()
        try betweenEpisodes()
        try environment.reset(seed: seeds.next())
        try environment.observation.withUnsafeBytes { try buffer.beginEpisode($0) }
        episode = (0, 0)
      }
      if step * settings.environment.actionRepeat >= settings.seedFrames,
        step.isMultiple(of: settings.updateEvery), buffer.starts > 0
      {
        findings.note(try agent.update(draws.next(), step: step, learning))
      }
      let outcome = try act(step, acting)
      episode.return += outcome.reward
      episode.steps += 1
      isOver = outcome.isLast
      if let divergence = outcome.divergence {
        findings.divergences.append(divergence)
      } else if outcome.isLast {
        findings.returns.append(episode.return)
        findings.lengths.append(episode.steps)
      }
      report(index + 1)
    }
    return findings
  }

  /// Acts once and remembers what came of it. Of a step in which the physics diverged, nothing is remembered.
  private func act(_ step: Int, _ random: RandomGenerator) throws -> AgentEnvironment.Outcome {
    let actions =
      step < settings.randomSteps
      ? try agent.randomActions(1, random)
      : try agent.exploringActions(
        AgentEnvironment.view([environment], environment.layout), step: step, random)
    let action = try actions.array(of: Float.self)
    let outcome = try environment.step(action)
    if outcome.divergence == nil {
      try environment.observation.withUnsafeBytes {
        // An episode ends by its time alone, which says nothing about the state: the discount stays 1.
        try buffer.add(action: action, reward: Float(outcome.reward), discount: 1, next: $0)
      }
    }
    return outcome
  }
}

extension Experience.Findings {
  mutating func note(_ metrics: DrQAgent.Metrics) {
    updates += 1
    criticLoss += metrics.criticLoss
    actorLoss += metrics.actorLoss
    target += metrics.target
  }

  /// Figures by name; those that there is nothing to compute from are left out.
  var metrics: [String: Double] {
    var metrics = ["diverged_episodes": Double(divergences.count), "updates": Double(updates)]
    func mean(_ name: String, _ sum: Double, of count: Int) {
      if count > 0 { metrics[name] = sum / Double(count) }
    }
    mean("episode_return", returns.reduce(0, +), of: returns.count)
    mean("episode_steps", Double(lengths.reduce(0, +)), of: lengths.count)
    mean("critic_loss", criticLoss, of: updates)
    mean("actor_loss", actorLoss, of: updates)
    mean("target", target, of: updates)
    return metrics
  }
}
