import Torch

/// The convolutions that actor and critic share.
struct Encoder {
  private let first: SpectralConv2d
  private let firstActivation: Activation
  private let layers: [EncoderLayer]
  private let memoryFormat: MemoryFormat
  /// What each byte of a picture is to the network: -0.5...0.5.
  private let scale: Tensor

  /// Makes the network at a path.
  ///
  /// - Parameter inputs: the channels of the stacked frames.
  init(_ path: Path, _ choice: LayersChoice<ConvolutionOperation>, inputs: Int, channels: Int) throws {
    first = try SpectralConv2d(
      encoderPath: path / "first",
      ConvolutionShape(inputs: inputs, outputs: channels, kernel: 3, stride: 2, padding: 0),
      choice.normalization)
    firstActivation = choice.activations[0]
    layers = try choice.operations.enumerated().map { index, operation in
      try EncoderLayer(
        path / "layer\(index + 1)", operation, channels: channels, choice.activations[index + 1],
        choice.normalization)
    }
    memoryFormat = path.memoryFormat
    scale = try Tensor((0..<256).map(Float.init), shape: [256]) / 255 - 0.5
  }

  /// images: bytes, or numbers 0...255 of another type, [B, inputs, side, side] -> [B, channels * side' * side'],
  /// side' = (side - 3) / 2 + 1.
  func callAsFunction(_ images: Tensor, training: Bool) throws -> Tensor {
    let images = try images.contiguous(format: memoryFormat)
    let scaled =
      try images.elementType == .uint8
      ? images.lookup(scale.to(images.device)) : images.to(.float32) / 255 - 0.5
    let maps = try firstActivation(first(scaled, training: training))
    return try layers.reduce(maps) { try $1($0, training: training) }.flatten(startDim: 1)
  }
}
