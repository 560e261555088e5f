import Torch

/// AutoGAN's discriminator (Gong et al. 2019, arXiv 1908.03835): four residual blocks with spectral norm everywhere.
struct ResidualDiscriminator {
  private let blocks: [DiscriminatorBlock]
  private let linear: SpectralLinear

  /// Makes the network at a path.
  init(_ path: Path, _ sizes: GANSizes) throws {
    blocks = try (1...4).map { number in
      try DiscriminatorBlock(
        path / "block\(number)", inputs: number == 1 ? sizes.imageChannels : sizes.discriminatorWidth,
        width: sizes.discriminatorWidth, isFirst: number == 1, halves: number <= 2)
    }
    linear = try SpectralLinear(path / "linear", inputs: sizes.discriminatorWidth, outputs: 1)
  }

  /// images: [N, channels, H, W] in -1...1 -> scores [N, 1], higher for images taken for real.
  func callAsFunction(_ images: Tensor, training: Bool) throws -> Tensor {
    let features = try blocks.reduce(images) { try $1($0, training: training) }
    return try linear(features.relu().sum(dims: [2, 3]), training: training)
  }
}

/// Two 3x3 convolutions and a shortcut around them.
private struct DiscriminatorBlock {
  private let conv1: SpectralConv2d
  private let conv2: SpectralConv2d
  private let shortcut: SpectralConv2d?
  private let isFirst: Bool
  private let halves: Bool

  /// - Parameters:
  ///   - isFirst: the block starts on the image, without an activation.
  ///   - halves: the block halves the resolution.
  init(_ path: Path, inputs: Int, width: Int, isFirst: Bool, halves: Bool) throws {
    self.isFirst = isFirst
    self.halves = halves
    conv1 = try SpectralConv2d(
      path / "conv1", ConvolutionShape(inputs: inputs, outputs: width, kernel: 3), initial: .xavierUniform)
    conv2 = try SpectralConv2d(
      path / "conv2", ConvolutionShape(inputs: width, outputs: width, kernel: 3), initial: .xavierUniform)
    shortcut =
      try halves
      ? SpectralConv2d(
        path / "shortcut", ConvolutionShape(inputs: inputs, outputs: width, kernel: 1),
        initial: .xavierUniform)
      : nil
  }

  /// x: [N, inputs, H, W] -> [N, width, H', W'].
  func callAsFunction(_ x: Tensor, training: Bool) throws -> Tensor {
    let hidden = try conv1(isFirst ? x : x.relu(), training: training).relu()
    guard halves else { return try conv2(hidden, training: training) + x }
    // Pooling commutes with a 1x1 convolution, which is cheaper on the smaller map.
    let around = try shortcut?(x.halved(), training: training) ?? x.halved()
    return try conv2.averaged(hidden, training: training) + around
  }
}

extension Tensor {
  /// Images averaged over 2x2 positions.
  fileprivate func halved() throws -> Tensor {
    try avgPool2d(kernel: [2, 2], stride: [2, 2])
  }
}
