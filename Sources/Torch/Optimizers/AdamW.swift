/// AdamW (Loshchilov and Hutter 2019) by libtorch's fused kernel. With weight decay 0 it is Adam (Kingma and Ba 2015).
public final class AdamW {
  /// The settings of every step.
  public struct Settings: Hashable, Sendable {
    /// The step size.
    public var learningRate: Double
    /// Decay of the gradients' moving average.
    public var beta1: Double
    /// Decay of the squared gradients' moving average.
    public var beta2: Double
    /// Added to the denominator.
    public var epsilon: Double
    /// Decoupled weight decay.
    public var weightDecay: Double

    /// Settings with PyTorch's defaults, but no weight decay.
    public init(
      learningRate: Double = 1e-3, beta1: Double = 0.9, beta2: Double = 0.999, epsilon: Double = 1e-8,
      weightDecay: Double = 0
    ) {
      self.learningRate = learningRate
      self.beta1 = beta1
      self.beta2 = beta2
      self.epsilon = epsilon
      self.weightDecay = weightDecay
    }
  }

  /// The settings; may be changed between steps.
  public var settings: Settings
  /// What is trained.
  public let parameters: [ParameterStore.Entry]
  private let tensors: [Tensor]
  private let averages: [Tensor]
  private let squareAverages: [Tensor]
  /// Every parameter's number of steps, [parameters].
  private let stepCounts: Tensor
  /// The same as one number each, which share its memory.
  private let steps: [Tensor]

  /// Makes an optimiser whose moments and step counts are all zero.
  public init(_ parameters: [ParameterStore.Entry], _ settings: Settings) throws {
    self.parameters = parameters
    self.settings = settings
    tensors = parameters.map(\.tensor)
    averages = try withoutGradient { try parameters.map { try $0.tensor.zerosLike() } }
    squareAverages = try withoutGradient { try parameters.map { try $0.tensor.zerosLike() } }
    let counts = try Tensor.full([parameters.count], 0, device: parameters.first?.tensor.device ?? .cpu)
    stepCounts = counts
    steps = try parameters.indices.map { try counts.select(dim: 0, index: $0) }
  }

  /// Moves the parameters against the gradients: one per parameter, in their order. A parameter whose gradient is nil stays
  /// as it is, and so does its state.
  public func step(_ gradients: [Tensor?]) throws {
    guard gradients.count == tensors.count else {
      throw TorchError("expected \(tensors.count) gradients, one per parameter, got \(gradients.count)")
    }
    let present = gradients.indices.filter { gradients[$0] != nil }
    let all = present.count == tensors.count
    func pick(_ list: [Tensor]) -> [Tensor] { all ? list : present.map { list[$0] } }
    try withoutGradient {
      try Tensor.foreachAddInPlace(all ? [stepCounts] : pick(steps), 1)
      try Tensor.fusedAdamwInPlace(
        pick(tensors), gradients: gradients.compactMap { $0 }, expAvgs: pick(averages),
        expAvgSqs: pick(squareAverages), steps: pick(steps), lr: settings.learningRate,
        beta1: settings.beta1, beta2: settings.beta2, weightDecay: settings.weightDecay,
        eps: settings.epsilon)
    }
  }

  /// The state of every parameter under PyTorch's keys `exp_avg`, `exp_avg_sq` and `step`, as tensors that share this
  /// optimiser's storage.
  public var state: [(parameter: String, key: String, tensor: Tensor)] {
    parameters.indices.flatMap { i in
      [("exp_avg", averages[i]), ("exp_avg_sq", squareAverages[i]), ("step", steps[i])].map {
        (parameter: parameters[i].name, key: $0.0, tensor: $0.1)
      }
    }
  }
}
