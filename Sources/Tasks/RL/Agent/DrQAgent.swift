import Torch

/// The settings of an agent's training; the defaults are DrQ-v2's.
public struct DrQAgentSettings: Hashable, Sendable {
  /// The step size of every network.
  public var learningRate = 1e-4
  /// How far the target critic moves towards the critic at every update.
  public var targetRate = 0.01
  /// The standard deviation of the policy's noise, by agent step.
  public var noise = LinearSchedule(from: 1, to: 0.1, steps: 500_000)
  /// The largest noise on an action that the critic is asked about in an update.
  public var noiseClip = 0.3
  /// The weight, in the actor's loss, of the mean square of what the actions are the tanh of (Andrychowicz et al. 2017,
  /// arXiv 1707.01495, appendix A). DrQ-v2 has none. Where |tanh| reaches 1, the loss has no gradient any more, and
  /// AdamW, whose steps do not shrink with the gradient, goes there.
  public var saturationPenalty = 0.0
  /// The largest random shift of pictures, in pixels.
  public var shift = 4
  /// How convolutions and matrix products are computed; heads and losses are float32 in either case.
  public var precision = Precision.float32

  /// DrQ-v2's settings.
  public init() {}
}

/// DrQ-v2 (Yarats et al. 2021, arXiv 2107.09645): an off-policy actor-critic for continuous actions, from
/// pictures or from vectors.
///
/// Spectral normalisation takes one power iteration at a network's own update; whoever else evaluates the
/// network uses u and v as they are. The target critic has averaged parameters, each normalised by one iteration
/// of its own from the live critic's u.
///
/// Observations and batches come from the CPU, where they are augmented, and go to the networks' device.
public final class DrQAgent {
  /// What an update found, over its batch.
  public struct Metrics: Hashable, Sendable {
    /// The sum of both Q networks' mean squared differences to the target.
    public var criticLoss: Double
    /// The actor's loss: the negative mean value of the policy's actions, and the penalty if there is one.
    public var actorLoss: Double
    /// The mean of what the critic is to predict.
    public var target: Double
  }

  /// What is trained.
  public let networks: DrQNetworks
  /// Trains encoder and critic: DrQ-v2's two optimisers with one learning rate.
  let criticOptimizer: AdamW
  let actorOptimizer: AdamW
  /// The target critic's parameters.
  let target: MovingAverage
  private let targetCritic: Critic
  private let settings: DrQAgentSettings
  /// Where the networks live.
  private var device: Device { networks.store.device }

  /// Prepares training from the networks' present weights, with fresh optimisers and a target critic equal to
  /// the critic.
  ///
  /// - Throws: ``TorchError`` if libtorch has no room for them.
  public init(_ networks: DrQNetworks, _ settings: DrQAgentSettings) throws {
    self.networks = networks
    self.settings = settings
    let store = networks.store
    let adam = AdamW.Settings(learningRate: settings.learningRate)
    criticOptimizer = try AdamW(
      store.parameters(under: "encoder") + store.parameters(under: "critic"), adam)
    actorOptimizer = try AdamW(store.parameters(under: "actor"), adam)
    target = try MovingAverage(of: store.parameters(under: "critic"), decay: 1 - settings.targetRate)
    targetCritic = try Critic(
      ParameterStore(sharing: store, averages: target).root / "critic", networks.architecture, networks.sizes)
  }
}

// MARK: Acting

extension DrQAgent {
  /// The policy's mean actions, [B, actions] in -1...1, for observations [B, ...].
  public func meanActions(_ observations: Tensor) throws -> Tensor {
    try networks.policy.meanActions(observations.to(device))
  }

  /// The policy's actions with the noise that belongs to an agent step, [B, actions], for observations [B,
  /// ...].
  public func exploringActions(_ observations: Tensor, step: Int, _ random: RandomGenerator) throws -> Tensor
  {
    try withoutGradient {
      try TruncatedNormal(
        mean: meanActions(observations), standardDeviation: settings.noise.value(at: step)
      ).sample(random)
    }
  }

  /// Uniformly random actions, [count, actions] in -1...1, as before the policy is asked.
  public func randomActions(_ count: Int, _ random: RandomGenerator) throws -> Tensor {
    let actions = try Tensor.empty([count, networks.sizes.actions])
    try actions.uniformInPlace(from: -1, to: 1, generator: random)
    return actions
  }
}

// MARK: Training

extension DrQAgent {
  /// One update of critic and encoder, actor, and target critic.
  ///
  /// - Parameters:
  ///   - step: the agent step, which the noise depends on.
  ///   - random: what draws shifts for both observations, then noise for the next action, then for the
  ///     action.
  /// - Throws: ``RLError/batchShape(part:found:expected:)`` where a part of the batch does not fit;
  ///   ``TorchError`` if libtorch has no room.
  public func update(_ batch: ReplayBatch, step: Int, _ random: RandomGenerator) throws -> Metrics {
    try batch.check(networks.sizes)
    let observations = try augmented(batch.observations, random)
    let nextObservations = try augmented(batch.nextObservations, random)
    let rewards = try batch.rewards.to(device)
    let (discounts, taken) = (try batch.discounts.to(device), try batch.actions.to(device))
    let deviation = settings.noise.value(at: step)

    let (criticLoss, encoded, target) = try withPrecision(settings.precision, on: device) {
      let encoded = try networks.policy.encode(observations, training: true)
      let target = try withoutGradient {
        let encoded = try networks.policy.encode(nextObservations, training: false)
        let mean = try networks.policy.actor(encoded, training: false)
        let actions = try TruncatedNormal(mean: mean, standardDeviation: deviation)
          .sample(clip: settings.noiseClip, random)
        let (q1, q2) = try targetCritic(encoded, actions, training: false)
        return try rewards + discounts * q1.minimum(q2)
      }
      let (q1, q2) = try networks.critic(encoded, taken, training: true)
      return (try q1.mseLoss(target) + q2.mseLoss(target), try encoded.detach(), target)
    }
    try criticOptimizer.step(criticLoss.gradients(of: criticOptimizer.parameters.map(\.tensor)))

    let actorLoss = try updateActor(encoded, deviation: deviation, random)
    try self.target.update()
    return Metrics(
      criticLoss: try criticLoss.item(), actorLoss: try actorLoss.item(), target: try target.mean().item())
  }

  /// One update of the actor, for what the encoder made of the batch.
  private func updateActor(_ encoded: Tensor, deviation: Double, _ random: RandomGenerator) throws -> Tensor {
    let loss = try withPrecision(settings.precision, on: device) {
      let preactivations = try networks.policy.actor.preactivations(encoded, training: true)
      let actions = try TruncatedNormal(mean: preactivations.tanh(), standardDeviation: deviation)
        .sample(clip: settings.noiseClip, random)
      let (q1, q2) = try networks.critic(encoded, actions, training: false)
      let loss = try -q1.minimum(q2).mean()
      guard settings.saturationPenalty > 0 else { return loss }
      return try loss + preactivations.square().mean() * settings.saturationPenalty
    }
    try actorOptimizer.step(loss.gradients(of: actorOptimizer.parameters.map(\.tensor)))
    return loss
  }

  /// Pictures shifted at random; vectors as they are. Both on the networks' device.
  private func augmented(_ observations: Tensor, _ random: RandomGenerator) throws -> Tensor {
    switch networks.sizes.observation {
    case .state: try observations.to(device)
    case .pixels: try RandomShift(reach: settings.shift)(observations, random).to(device)
    }
  }
}
