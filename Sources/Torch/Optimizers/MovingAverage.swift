/// Exponential moving averages of parameters, by libtorch's foreach kernels: after each update
/// `average = decay * average + (1 - decay) * parameter`.
public final class MovingAverage {
  /// The averaged copies, in the order of the parameters.
  public let averages: [Tensor]
  /// What is averaged.
  public let parameters: [ParameterStore.Entry]
  private let tensors: [Tensor]
  /// The share of the old average that an update keeps.
  public let decay: Double

  /// Starts averages at the parameters' present values.
  public init(of parameters: [ParameterStore.Entry], decay: Double) throws {
    self.parameters = parameters
    self.decay = decay
    tensors = parameters.map(\.tensor)
    averages = try withoutGradient { try parameters.map { try $0.tensor.detach().clone() } }
  }

  /// Moves the averages towards the parameters' present values.
  public func update() throws {
    try withoutGradient {
      try Tensor.foreachLerpInPlace(averages, ends: tensors, weight: 1 - decay)
    }
  }

  /// Runs `body` while the parameters have their averages' values, and puts the trained values back afterwards.
  public func withAverages<Result>(_ body: () throws -> Result) throws -> Result {
    let trained = try withoutGradient { try tensors.map { try $0.detach().clone() } }
    try overwrite(with: averages)
    let result = Swift.Result { try body() }
    try overwrite(with: trained)
    return try result.get()
  }

  private func overwrite(with values: [Tensor]) throws {
    try withoutGradient { try Tensor.foreachCopyInPlace(tensors, sources: values) }
  }
}
