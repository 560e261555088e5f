import Torch

/// A multilayer perceptron (MLP), which follows a trunk in the policy and in each Q network: the first hidden
/// layer, the searched ones, a linear head.
struct Perceptron {
  private let first: SpectralLinear
  private let firstActivation: Activation
  private let layers: [HiddenLayer]
  private let head: Linear

  /// Makes the network at a path.
  init(_ path: Path, _ choice: LayersChoice<LinearOperation>, inputs: Int, width: Int, outputs: Int) throws {
    first = try SpectralLinear(
      hiddenPath: path / "first", inputs: inputs, outputs: width, choice.normalization)
    firstActivation = choice.activations[0]
    layers = try choice.operations.enumerated().map { index, operation in
      try HiddenLayer(
        path / "layer\(index + 1)", operation, width: width, choice.activations[index + 1],
        choice.normalization)
    }
    head = try Linear(
      path / "head", inputs: width, outputs: outputs, initial: .orthogonal(gain: 1), initialBias: .constant(0)
    )
  }

  /// x: [B, inputs], or two side by side, x: [B, n] and other: [B, inputs - n] -> [B, outputs].
  ///
  /// The head is computed in float32 in every precision: bfloat16 would round a return of 100 to half a unit,
  /// which is more than the differences that the critic learns from.
  func callAsFunction(_ x: Tensor, beside other: Tensor? = nil, training: Bool) throws -> Tensor {
    let hidden = try first(x, beside: other, firstActivation, training: training)
    let features = try layers.reduce(hidden) { try $1($0, training: training) }
    return try withPrecision(.float32, on: features.device) { try head(features) }
  }
}
