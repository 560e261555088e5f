/// The numbers of an agent's training that can be searched while it trains; named like the settings under `rl`.
enum RLHyperparameter: String, TrainingHyperparameter {
  case learningRate = "learning_rate"
  case targetRate = "target_rate"
  case discount

  var limits: ClosedRange<Double> { 0...1 }

  var setting: WritableKeyPath<RLSettings, Double> {
    switch self {
    case .learningRate: \.agent.learningRate
    case .targetRate: \.agent.targetRate
    case .discount: \.discount
    }
  }
}
