import PBTNAS
import Torch

/// What acts: the encoder, where observations are pictures, and the actor.
struct Policy {
  /// Nil where observations are vectors.
  let encoder: Encoder?
  let actor: Actor

  /// Makes the networks `encoder` and `actor` at the root of a store.
  init(_ store: ParameterStore, _ architecture: DrQArchitecture, _ sizes: DrQSizes) throws {
    encoder = try architecture.encoder.map {
      try Encoder(
        store.root / "encoder", $0, inputs: sizes.observation.shape[0], channels: sizes.encoderChannels)
    }
    actor = try Actor(store.root / "actor", architecture, sizes)
  }

  /// observations: [B, ...] -> [B, n]; vectors stay as they are.
  func encode(_ observations: Tensor, training: Bool) throws -> Tensor {
    try encoder?(observations, training: training) ?? observations
  }

  /// observations: [B, ...] -> mean actions [B, actions], outside the gradient graph.
  func meanActions(_ observations: Tensor) throws -> Tensor {
    try withoutGradient { try actor(encode(observations, training: false), training: false) }
  }
}

/// The networks of a DrQ-v2 agent.
public final class DrQNetworks {
  /// Parameters and buffers under `encoder.` (with pixels), `actor.` and `critic.`.
  public let store: ParameterStore
  /// How large the networks are.
  public let sizes: DrQSizes
  let architecture: DrQArchitecture
  let policy: Policy
  let critic: Critic

  /// Makes freshly initialised networks of a genome of ``DrQSearchSpace``: weights orthogonal, with ReLU's
  /// gain in convolutions, biases 0.
  ///
  /// - Parameters:
  ///   - seed: what the initial weights follow from.
  ///   - device: where the networks live and are computed with.
  ///   - memoryFormat: how kernels and images lie in memory; channels-last is the faster one on CPUs.
  /// - Throws: ``SearchSpaceError`` for a genome of another space; ``TorchError`` if libtorch refuses the
  ///   sizes.
  public init(
    genome: Genome, sizes: DrQSizes, seed: UInt64, device: Device = .cpu,
    memoryFormat: MemoryFormat = .channelsLast
  ) throws {
    store = try ParameterStore(seed: seed, device: device, memoryFormat: memoryFormat)
    self.sizes = sizes
    architecture = try DrQSearchSpace(sizes).architecture(of: genome)
    policy = try Policy(store, architecture, sizes)
    critic = try Critic(store.root / "critic", architecture, sizes)
  }
}
