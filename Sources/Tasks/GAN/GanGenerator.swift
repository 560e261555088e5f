import PBTNAS
import Torch

/// The generator of the search space `Gan`: latent vectors in, images out.
struct GanGenerator {
  private let sizes: GANSizes
  private let projections: [Linear]
  private let cells: [GeneratorCell]
  private let norm: BatchNorm2d
  private let out: Conv2d
  private let memoryFormat: MemoryFormat

  /// Makes the network of a genome at a path.
  init(_ path: Path, genome: Genome, _ sizes: GANSizes) throws {
    let width = sizes.generatorWidth
    let choices = try GanSearchSpace(cells: sizes.cells).cells(of: genome)
    self.sizes = sizes
    memoryFormat = path.memoryFormat
    projections = try (0..<sizes.cells).map { cell in
      let side = sizes.bottomWidth << cell
      return try Linear(
        path / "projection\(cell + 1)", inputs: sizes.latentLength / sizes.cells,
        outputs: width * side * side)
    }
    cells = try choices.enumerated().map { index, choice in
      try GeneratorCell(path / "cell\(index + 1)", number: index + 1, choice, width: width)
    }
    norm = try BatchNorm2d(path / "norm", channels: width, scaleStd: 0.02)
    out = try Conv2d(
      path / "out", ConvolutionShape(inputs: width, outputs: sizes.imageChannels, kernel: 3),
      initial: .xavierUniform)
  }

  /// z: [N, latentLength] -> images [N, imageChannels, resolution, resolution] in -1...1.
  func callAsFunction(_ z: Tensor, training: Bool) throws -> Tensor {
    let part = sizes.latentLength / sizes.cells
    var features: Tensor?
    var skips: [Tensor] = []
    for (index, (projection, cell)) in zip(projections, cells).enumerated() {
      let side = sizes.bottomWidth << index
      let projected = try projection(z.narrow(dim: 1, start: index * part, length: part))
        .reshape(shape: [z.shape[0], sizes.generatorWidth, side, side]).contiguous(format: memoryFormat)
      let input = try features.map { try $0 + projected } ?? projected
      let (output, skip) = try cell(input, earlier: skips)
      features = output
      skips.append(skip)
    }
    guard let features else { throw TorchError("a generator needs at least one cell") }
    return try out(norm(features, training: training).relu()).tanh()
  }
}
