import Engine
import Foundation
import PBTNAS
import Torch

/// Trains one GAN at a time on Fashion-MNIST. Fitness is the negative Fréchet classifier distance of the averaged generator's samples.
public final class GANTrainer: Trainer {
  /// The genes of the generator's cells, and the training's numbers that can be searched.
  public var searchSpace: SearchSpace { settings.searchSpace }
  private let settings: GANSettings
  private let device: Device
  private let images: ImageSet
  private let evaluation: GANEvaluation

  /// Reads the data and the classifier.
  ///
  /// - Throws: ``ImageDataError``, ``SafetensorsError`` or ``TorchError`` if a file is missing or wrong.
  public init(_ settings: GANSettings) throws {
    self.settings = settings
    device = try settings.device.device()
    let data = try FashionMNIST(folder: settings.dataFolder, .training)
    guard data.count > 1 else {
      throw ImageDataError(
        settings.dataFolder, .mismatch("has \(data.count) training images, expected at least 2"))
    }
    images = try ImageSet(data, side: settings.sizes.resolution)
    evaluation = try GANEvaluation(settings, images)
  }

  /// Builds networks with fresh weights.
  public func initialise(_ job: InitialiseJob) throws {
    let networks = try AdversarialNetworks(
      genome: job.genome, sizes: settings.sizes, seed: job.seed, device: device)
    let training = try AdversarialTraining(networks, settings.training)
    try GANCheckpoint.write(training, genome: job.genome, withOptimizer: false, to: job.output)
  }

  /// Trains for ``GANSettings/cyclesPerInterval`` cycles, evaluates, and draws the sample grid.
  public func train(_ job: TrainJob, progress: (TrainingProgress) -> Void) throws -> TrainingResult {
    let training = try load(
      job.checkpoint, job.genome, GANHyperparameter.apply(job.hyperparameters, to: settings.training))
    let stopwatch = Stopwatch()
    var reports = ProgressClock()
    let losses = try run(training, seed: job.seed) { fraction, samples in
      reports.report(fraction: fraction, samples: samples).map(progress)
    }
    let shown = settings.cyclesPerInterval * samplesPerCycle
    let fitness = try evaluation.fitness(of: training, seed: job.evaluationSeed) { _ in
      reports.report(fraction: 1, samples: shown).map(progress)
    }
    let seconds = stopwatch.seconds
    try GANCheckpoint.write(training, genome: job.genome, withOptimizer: true, to: job.output)
    let drawn = evaluation.draw(training, seed: job.evaluationSeed, to: job.artifacts)
    return TrainingResult(
      fitness: fitness,
      metrics: [
        "frechet_classifier_distance": -fitness, "discriminator_loss": losses.discriminator,
        "generator_loss": losses.generator,
      ],
      files: drawn.files, seconds: seconds,
      warnings: drawn.problem.map { ["its samples could not be drawn: \($0)"] })
  }

  /// Evaluates without training.
  public func evaluate(_ job: EvaluateJob, progress: (TrainingProgress) -> Void) throws -> TrainingResult {
    let training = try load(job.checkpoint, job.genome, settings.training)
    let stopwatch = Stopwatch()
    var reports = ProgressClock()
    let fitness = try evaluation.fitness(of: training, seed: job.seed) { made in
      reports.report(fraction: Double(made) / Double(settings.fitnessSamples), samples: made).map(progress)
    }
    let drawn = evaluation.draw(training, seed: job.seed, to: job.artifacts)
    return TrainingResult(
      fitness: fitness, metrics: ["frechet_classifier_distance": -fitness], files: drawn.files,
      seconds: stopwatch.seconds, artifactsProblem: drawn.problem)
  }

  private func load(
    _ path: String, _ genome: Genome, _ trainingSettings: AdversarialTrainingSettings
  ) throws -> AdversarialTraining {
    let networks = try AdversarialNetworks(genome: genome, sizes: settings.sizes, seed: 0, device: device)
    let training = try AdversarialTraining(networks, trainingSettings)
    try GANCheckpoint.read(path, into: training)
    return training
  }

  /// Images that the discriminator sees in a cycle.
  private var samplesPerCycle: Int {
    settings.training.discriminatorSteps * settings.training.discriminatorBatch
  }

  /// The interval's cycles.
  ///
  /// - Parameter report: is called with the fraction done and the images seen.
  /// - Returns: the mean losses of the last tenth.
  private func run(
    _ training: AdversarialTraining, seed: UInt64, report: (Double, Int) -> Void
  ) throws -> AdversarialTraining.Losses {
    let latents = try RandomGenerator(seed: seed)
    var batches = BatchSampler(count: images.count, seed: seed)
    let cycles = settings.cyclesPerInterval
    var tail: [AdversarialTraining.Losses] = []
    for cycle in 1...cycles {
      let losses = try training.cycle(
        images: { try images.batch(batches.next(settings.training.discriminatorBatch)).images.to(device) },
        // Drawn on the CPU on every device, so that a seed means the same latents everywhere.
        latents: { try Tensor.randn([$0, settings.sizes.latentLength], generator: latents).to(device) })
      if cycle > cycles - max(1, cycles / 10) { tail.append(losses) }
      report(Double(cycle) / Double(cycles), cycle * samplesPerCycle)
    }
    let count = Double(tail.count)
    return AdversarialTraining.Losses(
      discriminator: tail.map(\.discriminator).reduce(0, +) / count,
      generator: tail.map(\.generator).reduce(0, +) / count)
  }
}

/// Judges generators: the Fréchet distance between features of samples and of all training images.
///
/// The features are a Fashion-MNIST classifier's, so the figure is comparable only with others for the same classifier, number of samples
/// and image size. It is not FID, whose features are Inception's.
final class GANEvaluation {
  private let settings: GANSettings
  private let classifier: GarmentClassifier
  private let reference: FeatureStatistics

  init(_ settings: GANSettings, _ images: ImageSet) throws {
    self.settings = settings
    classifier = try GarmentClassifier(
      GarmentClassifier.file(path: settings.classifier, for: settings.sizes.resolution))
    reference = try FeatureStatistics(of: classifier.features(of: images))
  }

  /// The negative distance of the averaged generator's samples.
  ///
  /// - Parameter report: is called with the number of samples made so far.
  func fitness(
    of training: AdversarialTraining, seed: UInt64, report: (Int) -> Void
  ) throws -> Double {
    let samples = try averagedSamples(training, settings.fitnessSamples, seed: seed, report: report)
    let features = try classifier.features(ofAll: samples)
    guard try features.isfinite().all().item() != 0 else { return .nan }
    return -(try FeatureStatistics(of: features).frechetDistance(to: reference))
  }

  /// Draws a grid of samples, the same latents each time, as `<path>.png`.
  ///
  /// - Returns: the files made, and why there are none where they cannot be: no reason to lose what was trained.
  func draw(
    _ training: AdversarialTraining, seed: UInt64, to path: String?
  ) -> (files: [String], problem: String?) {
    guard let path else { return ([], nil) }
    do {
      let samples = try averagedSamples(training, settings.shownSamples, seed: seed)
      guard try samples.isfinite().all().item() != 0 else { return ([], nil) }
      try Picture.grid(of: samples).write(to: "\(path).png")
      return (["\(path).png"], nil)
    } catch {
      return ([], String(describing: error))
    }
  }

  private func averagedSamples(
    _ training: AdversarialTraining, _ count: Int, seed: UInt64, report: (Int) -> Void = { _ in }
  ) throws -> Tensor {
    try training.average.withAverages {
      try sampleImages(
        training.networks.generator, settings.sizes, count, seed: seed,
        on: training.networks.store.device, report: report)
    }
  }
}
