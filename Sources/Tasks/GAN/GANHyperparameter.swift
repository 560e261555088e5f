/// The numbers of a GAN's training that can be searched while it trains; named like the settings under `gan`.
enum GANHyperparameter: String, TrainingHyperparameter {
  case generatorLearningRate = "learning_rate.generator"
  case discriminatorLearningRate = "learning_rate.discriminator"
  case averagingDecay = "averaging_decay"
  case beta1 = "adam.beta1"
  case beta2 = "adam.beta2"

  var limits: ClosedRange<Double> {
    switch self {
    case .generatorLearningRate, .discriminatorLearningRate, .averagingDecay: 0...1
    case .beta1, .beta2: 0...0.999999
    }
  }

  var setting: WritableKeyPath<AdversarialTrainingSettings, Double> {
    switch self {
    case .generatorLearningRate: \.generatorLearningRate
    case .discriminatorLearningRate: \.discriminatorLearningRate
    case .averagingDecay: \.averagingDecay
    case .beta1: \.beta1
    case .beta2: \.beta2
    }
  }
}
