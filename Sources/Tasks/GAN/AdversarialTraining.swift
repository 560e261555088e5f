import PBTNAS
import Torch

/// A GAN's two networks with everything that their training changes.
public final class AdversarialNetworks {
  /// Parameters and buffers under `generator.` and `discriminator.`.
  public let store: ParameterStore
  /// How large the networks are.
  public let sizes: GANSizes
  let generator: GanGenerator
  let discriminator: ResidualDiscriminator

  /// Makes freshly initialised networks of a genome of ``GanSearchSpace``.
  ///
  /// - Parameters:
  ///   - seed: what the initial weights follow from.
  ///   - memoryFormat: how weights and images lie in memory; channels-last is the faster one on CPUs.
  ///   - device: where they are trained.
  /// - Throws: ``TorchError`` if libtorch refuses the sizes.
  public init(
    genome: Genome, sizes: GANSizes, seed: UInt64, memoryFormat: MemoryFormat = .channelsLast,
    device: Device = .cpu
  ) throws {
    store = try ParameterStore(seed: seed, device: device, memoryFormat: memoryFormat)
    self.sizes = sizes
    generator = try GanGenerator(store.root / "generator", genome: genome, sizes)
    discriminator = try ResidualDiscriminator(store.root / "discriminator", sizes)
  }
}

/// The settings of adversarial training; the defaults are the paper's for CIFAR-10.
public struct AdversarialTrainingSettings: Hashable, Sendable {
  /// Real images a discriminator step; it sees as many generated ones.
  public var discriminatorBatch = 40
  /// Latents a generator step.
  public var generatorBatch = 80
  /// Discriminator steps to one generator step.
  public var discriminatorSteps = 5
  /// The generator's step size.
  public var generatorLearningRate = 2e-4
  /// The discriminator's step size.
  public var discriminatorLearningRate = 2e-4
  /// Adam's decay of the gradients' average.
  public var beta1 = 0.0
  /// Adam's decay of the squared gradients' average.
  public var beta2 = 0.9
  /// Adam's constant in the denominator.
  public var epsilon = 1e-4
  /// The decay of the generator's moving average, per generator step.
  public var averagingDecay = 0.999
  /// How convolutions and matrix products are computed.
  public var precision = Precision.float32

  /// The paper's settings.
  public init() {}

  func optimizer(learningRate: Double) -> AdamW.Settings {
    AdamW.Settings(learningRate: learningRate, beta1: beta1, beta2: beta2, epsilon: epsilon)
  }
}

/// Trains a GAN by the hinge loss: some discriminator steps, one generator step, the moving average.
public final class AdversarialTraining {
  /// The mean losses of one cycle.
  public struct Losses: Hashable, Sendable {
    /// `mean(relu(1 - D(real))) + mean(relu(1 + D(G(z))))`.
    public var discriminator: Double
    /// `-mean(D(G(z)))`.
    public var generator: Double
  }

  /// What is trained.
  public let networks: AdversarialNetworks
  let generatorOptimizer: AdamW
  let discriminatorOptimizer: AdamW
  let average: MovingAverage
  private let settings: AdversarialTrainingSettings

  /// Prepares training from the networks' present weights, with fresh optimisers and averages.
  ///
  /// - Throws: ``TorchError`` if libtorch has no room for them.
  public init(_ networks: AdversarialNetworks, _ settings: AdversarialTrainingSettings) throws {
    self.networks = networks
    self.settings = settings
    let generatorParameters = networks.store.parameters(under: "generator")
    generatorOptimizer = try AdamW(
      generatorParameters, settings.optimizer(learningRate: settings.generatorLearningRate))
    discriminatorOptimizer = try AdamW(
      networks.store.parameters(under: "discriminator"),
      settings.optimizer(learningRate: settings.discriminatorLearningRate))
    average = try MovingAverage(of: generatorParameters, decay: settings.averagingDecay)
  }

  /// One cycle.
  ///
  /// - Parameters:
  ///   - images: gives the next batch of real images, [discriminatorBatch, C, H, W] in -1...1, on the networks' device.
  ///   - latents: gives this many fresh latent vectors, [count, latentLength].
  /// - Throws: ``TorchError`` where a shape does not fit; what `images` and `latents` throw.
  public func cycle(images: () throws -> Tensor, latents: (Int) throws -> Tensor) throws -> Losses {
    var discriminatorLoss = 0.0
    for _ in 0..<settings.discriminatorSteps {
      discriminatorLoss += try discriminatorStep(
        real: images(), latents: latents(settings.discriminatorBatch))
    }
    let generatorLoss = try generatorStep(latents: latents(settings.generatorBatch))
    return Losses(
      discriminator: discriminatorLoss / Double(settings.discriminatorSteps), generator: generatorLoss)
  }

  /// `mean(relu(1 - D(real))) + mean(relu(1 + D(G(z))))`, down by one step.
  private func discriminatorStep(real: Tensor, latents: Tensor) throws -> Double {
    let loss = try withPrecision(settings.precision, on: networks.store.device) {
      let fake = try withoutGradient { try networks.generator(latents, training: true) }
      let realScores = try networks.discriminator(real, training: true)
      let fakeScores = try networks.discriminator(fake, training: true)
      return try (1 - realScores).relu().mean() + (1 + fakeScores).relu().mean()
    }
    try discriminatorOptimizer.step(loss.gradients(of: discriminatorOptimizer.parameters.map(\.tensor)))
    return try loss.item()
  }

  /// `-mean(D(G(z)))`, down by one step; then the moving average.
  private func generatorStep(latents: Tensor) throws -> Double {
    let loss = try withPrecision(settings.precision, on: networks.store.device) {
      try -networks.discriminator(networks.generator(latents, training: true), training: true).mean()
    }
    try generatorOptimizer.step(loss.gradients(of: generatorOptimizer.parameters.map(\.tensor)))
    try average.update()
    return try loss.item()
  }
}
