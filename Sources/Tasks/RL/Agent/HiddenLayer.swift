import Torch

/// A searched layer of the policy or of a Q network: the width stays as it is.
struct HiddenLayer {
  private enum Kind {
    case identity
    case linear(SpectralLinear)
    case residual(LayerNorm, SpectralLinear, SpectralLinear)
  }

  private let kind: Kind
  private let activation: Activation

  /// Makes a layer at a path.
  init(
    _ path: Path, _ operation: LinearOperation, width: Int, _ activation: Activation,
    _ normalization: Normalization
  ) throws {
    func residual(inner: Int) throws -> Kind {
      .residual(
        try LayerNorm(path / "norm", length: width),
        try SpectralLinear(hiddenPath: path / "linear1", inputs: width, outputs: inner, normalization),
        try SpectralLinear(hiddenPath: path / "linear2", inputs: inner, outputs: width, normalization))
    }
    self.activation = activation
    kind =
      switch operation {
      case .id:
        .identity
      case .linear:
        .linear(try SpectralLinear(hiddenPath: path / "linear", inputs: width, outputs: width, normalization))
      case .residual05: try residual(inner: width / 2)
      case .residual2: try residual(inner: width * 2)
      }
  }

  /// x: [B, width], the same shape out. A residual layer is `x + W2 act(W1 LayerNorm(x))` (Bjorck et al.
  /// 2021, arXiv 2106.01151); the identity has no activation either: the layer is not there.
  func callAsFunction(_ x: Tensor, training: Bool) throws -> Tensor {
    switch kind {
    case .identity:
      x
    case .linear(let linear):
      try linear(x, activation, training: training)
    case .residual(let norm, let linear1, let linear2):
      try x + linear2(linear1(norm(x), activation, training: training), training: training)
    }
  }
}

extension SpectralLinear {
  /// A hidden layer as DrQ-v2 initialises it: orthogonal, without bias at first.
  init(hiddenPath path: Path, inputs: Int, outputs: Int, _ normalization: Normalization) throws {
    try self.init(
      path, inputs: inputs, outputs: outputs, initial: .orthogonal(gain: 1), initialBias: .constant(0),
      isNormalized: normalization == .spectral, initialIterations: 1)
  }

  /// The layer and its activation, in one go where there is a way, of one input or of two side by side.
  func callAsFunction(
    _ x: Tensor, beside other: Tensor? = nil, _ activation: Activation, training: Bool
  ) throws -> Tensor {
    switch activation {
    case .relu:
      return try rectified(x, beside: other, training: training)
    default:
      let input = try other.map { try Tensor.cat([x, $0], dim: -1) } ?? x
      return try activation(self(input, training: training))
    }
  }
}
