import Torch

/// A searched layer of the encoder: channels, height and width stay as they are.
struct EncoderLayer {
  private enum Kind {
    case identity
    case convolution(SpectralConv2d)
    case residual(SpectralConv2d, SpectralConv2d)
    case separable(depthwise: SpectralConv2d, pointwise: SpectralConv2d)
  }

  private let kind: Kind
  private let activation: Activation

  /// Makes a layer at a path.
  init(
    _ path: Path, _ operation: ConvolutionOperation, channels: Int, _ activation: Activation,
    _ normalization: Normalization
  ) throws {
    func conv(_ name: String, kernel: Int, groups: Int = 1) throws -> SpectralConv2d {
      let shape = ConvolutionShape(inputs: channels, outputs: channels, kernel: kernel, groups: groups)
      return try SpectralConv2d(encoderPath: path / name, shape, normalization)
    }
    func convolution(_ kernel: Int) throws -> Kind {
      .convolution(try conv("conv", kernel: kernel))
    }
    func residual(_ kernel: Int) throws -> Kind {
      .residual(try conv("conv1", kernel: kernel), try conv("conv2", kernel: kernel))
    }
    func separable(_ kernel: Int) throws -> Kind {
      .separable(
        depthwise: try conv("depthwise", kernel: kernel, groups: channels),
        pointwise: try conv("pointwise", kernel: 1))
    }
    self.activation = activation
    kind =
      switch operation {
      case .id: .identity
      case .conv3: try convolution(3)
      case .conv5: try convolution(5)
      case .conv7: try convolution(7)
      case .residual3: try residual(3)
      case .residual5: try residual(5)
      case .residual7: try residual(7)
      case .separable3: try separable(3)
      case .separable5: try separable(5)
      case .separable7: try separable(7)
      }
  }

  /// x: [B, channels, H, W], the same shape out. The identity has no activation either: the layer is not
  /// there.
  func callAsFunction(_ x: Tensor, training: Bool) throws -> Tensor {
    switch kind {
    case .identity:
      x
    case .convolution(let conv):
      try activation(conv(x, training: training))
    case .residual(let conv1, let conv2):
      try activation(conv2(activation(conv1(x, training: training)), training: training) + x)
    case .separable(let depthwise, let pointwise):
      try activation(pointwise(depthwise(x, training: training), training: training))
    }
  }
}

extension SpectralConv2d {
  /// A convolution of the encoder as DrQ-v2 initialises it: orthogonal with ReLU's gain, without bias at
  /// first.
  init(encoderPath path: Path, _ shape: ConvolutionShape, _ normalization: Normalization) throws {
    try self.init(
      path, shape, initial: .orthogonal(gain: 2.0.squareRoot()), initialBias: .constant(0),
      isNormalized: normalization == .spectral, initialIterations: 1)
  }
}
