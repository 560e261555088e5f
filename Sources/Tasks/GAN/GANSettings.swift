import Configuration
import PBTNAS

/// The settings of the task `gan`: the section of that name in a settings file.
public struct GANSettings: Hashable, Sendable {
  /// The folder with Fashion-MNIST's files.
  public var dataFolder: String
  /// The networks' sizes.
  public var sizes: GANSizes
  /// Where the networks are trained.
  var device: DeviceChoice
  /// How the networks are trained.
  public var training: AdversarialTrainingSettings
  /// Training cycles in an interval: some discriminator steps and one generator step each.
  public var cyclesPerInterval: Int
  /// How many samples the fitness is computed from.
  public var fitnessSamples: Int
  /// How many samples are shown per member and interval.
  public var shownSamples: Int
  /// A classifier's file for the Fréchet classifier distance; nil for the one that comes with the package.
  public var classifier: String?

  /// Reads the section; problems are noted in `node`. The defaults are the paper's for CIFAR-10, as far as Fashion-MNIST allows.
  ///
  /// - Parameter checksFiles: whether files are looked at: that the data are there, and the classifier is for the networks' images.
  public init(from node: SettingsNode, checksFiles: Bool = false) {
    let problems = node.problemCount
    dataFolder = node.requiredPath("data", expected: "the folder with Fashion-MNIST's files")
    sizes = GANSizes(
      cells: node.int("cells", default: 3, in: GANSizes.cellLimits),
      bottomWidth: node.int("bottom_width", default: 4, in: GANSizes.bottomWidthLimits),
      imageChannels: 1, latentLength: node.int("latent", default: 120, in: GANSizes.latentLimits),
      generatorWidth: node.int("generator_width", default: 256, in: GANSizes.widthLimits),
      discriminatorWidth: node.int("discriminator_width", default: 128, in: GANSizes.widthLimits))
    let batch = node.section("batch")
    let rates = node.section("learning_rate")
    let adam = node.section("adam")
    training = AdversarialTrainingSettings()
    training.discriminatorBatch = batch.int(
      "discriminator", default: training.discriminatorBatch, in: 1...65_536)
    training.generatorBatch = batch.int("generator", default: 2 * training.discriminatorBatch, in: 1...65_536)
    training.discriminatorSteps = node.int(
      "discriminator_steps", default: training.discriminatorSteps, in: 1...100)
    training.generatorLearningRate = rates.double(
      "generator", default: training.generatorLearningRate, in: GANHyperparameter.generatorLearningRate.limits
    )
    training.discriminatorLearningRate = rates.double(
      "discriminator", default: training.discriminatorLearningRate,
      in: GANHyperparameter.discriminatorLearningRate.limits)
    training.beta1 = adam.double("beta1", default: training.beta1, in: GANHyperparameter.beta1.limits)
    training.beta2 = adam.double("beta2", default: training.beta2, in: GANHyperparameter.beta2.limits)
    training.epsilon = adam.double("epsilon", default: training.epsilon, in: 0...1)
    training.averagingDecay = node.double(
      "averaging_decay", default: training.averagingDecay, in: GANHyperparameter.averagingDecay.limits)
    training.precision = node.choice("precision", default: PrecisionChoice.auto).precision
    device = node.choice("device", default: DeviceChoice.auto)
    cyclesPerInterval = node.int("cycles_per_interval", default: 1000, in: 1...10_000_000)
    fitnessSamples = node.int("fitness_samples", default: 5000, in: 100...1_000_000)
    shownSamples = node.int("shown_samples", default: 36, in: 1...10_000)
    classifier = node.path("classifier")
    check(node)
    if checksFiles, node.problemCount == problems { reportFiles(to: node) }
  }

  /// The genes of the generator's cells, and the training's numbers that can be searched.
  var searchSpace: SearchSpace {
    SearchSpace(
      genes: GanSearchSpace(cells: sizes.cells).searchSpace.genes, hyperparameters: GANHyperparameter.names)
  }

  /// Notes what is wrong with the files, as far as that takes no time.
  private func reportFiles(to node: SettingsNode) {
    if let missing = FashionMNIST.missingFile(of: .training, in: dataFolder) {
      node.report(
        "data",
        "there is no \(missing); expected the folder with Fashion-MNIST's files, which scripts/setup puts into "
          + ".deps/data/fashion-mnist: run it, or say where they are")
    }
    do {
      _ = try GarmentClassifier.file(path: classifier, for: sizes.resolution)
    } catch {
      node.report("classifier", "\(error)")
    }
  }

  /// Notes what does not fit together.
  private func check(_ node: SettingsNode) {
    if !sizes.hasEqualParts {
      node.report(
        "latent",
        "expected a multiple of `cells` (\(sizes.cells)), since every cell gets an equal part; found \(sizes.latentLength)"
      )
    }
    if !sizes.hasResolution {
      node.report(
        "bottom_width",
        "the images would be \(sizes.resolution) wide (bottom_width doubled by each of \(sizes.cells) cells); expected 8, 16 or 32"
      )
    }
  }
}
