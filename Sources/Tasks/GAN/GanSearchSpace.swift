import PBTNAS

/// How a generator cell doubles the resolution on one of its two ways.
enum UpOperation: String, CaseIterable {
  /// Nearest-neighbour interpolation, activation, 1x1 convolution.
  case nearest
  /// Bilinear interpolation, activation, 1x1 convolution.
  case bilinear
  /// Activation, depthwise transposed convolution, 1x1 convolution.
  case convTranspose = "conv_transpose"
}

/// What an edge between two nodes of a generator cell does.
enum EdgeOperation: String, CaseIterable {
  case none
  case skipConnect = "skip_connect"
  case conv1x1 = "conv_1x1"
  case conv3x3 = "conv_3x3"
  case conv5x5 = "conv_5x5"
  case dilatedConv3x3 = "dil_conv_3x3"
  case dilatedConv5x5 = "dil_conv_5x5"
}

/// The options of one generator cell.
struct CellChoice {
  /// The two ways up.
  let up: [UpOperation]
  /// The edges c0...c4.
  let edges: [EdgeOperation]
}

/// The search space `Gan`: the generator's cells, 7 genes each; the discriminator is AutoGAN's, fixed.
///
/// Source: AdversarialNAS (Gao et al. 2020, arXiv 1912.02037), as the PBT-NAS paper uses it.
public struct GanSearchSpace: Sendable {
  /// The genes `cell1.up0`, `cell1.up1`, `cell1.c0`...`cell1.c4`, `cell2.up0`, ...
  public let searchSpace: SearchSpace
  private static let upCount = 2
  private static let edgeCount = 5

  /// The space for a number of cells.
  public init(cells: Int) {
    let genes = (1...max(cells, 1)).flatMap { cell in
      let ups = (0..<Self.upCount).map { ("up\($0)", UpOperation.allCases.map(\.rawValue)) }
      let edges = (0..<Self.edgeCount).map { ("c\($0)", EdgeOperation.allCases.map(\.rawValue)) }
      return (ups + edges).map { name, options in
        Gene(name: "cell\(cell).\(name)", options: options, owns: ["generator.cell\(cell).\(name)"])
      }
    }
    searchSpace = SearchSpace(genes: genes)
  }

  /// The options of every cell.
  ///
  /// - Throws: ``SearchSpaceError`` if the genome does not belong to this space.
  func cells(of genome: Genome) throws -> [CellChoice] {
    try searchSpace.check(genome)
    let perCell = Self.upCount + Self.edgeCount
    return stride(from: 0, to: genome.choices.count, by: perCell).map { start in
      let choices = genome.choices[start..<start + perCell]
      return CellChoice(
        up: choices.prefix(Self.upCount).map { UpOperation.allCases[$0] },
        edges: choices.dropFirst(Self.upCount).map { EdgeOperation.allCases[$0] })
    }
  }
}
