import Torch

/// A layer that doubles the resolution.
struct UpLayer {
  private enum Kind {
    case nearest(Conv2d)
    case bilinear(Conv2d)
    case transposed(depthwise: ConvTranspose2d, pointwise: Conv2d)
  }

  private let kind: Kind

  init(_ path: Path, _ operation: UpOperation, width: Int) throws {
    let pointwise = ConvolutionShape(inputs: width, outputs: width, kernel: 1)
    kind =
      switch operation {
      case .nearest:
        .nearest(try Conv2d(path / "conv", pointwise, initial: .xavierUniform))
      case .bilinear:
        .bilinear(try Conv2d(path / "conv", pointwise, initial: .xavierUniform))
      case .convTranspose:
        .transposed(
          depthwise: try ConvTranspose2d(
            path / "depthwise",
            ConvolutionShape(inputs: width, outputs: width, kernel: 3, stride: 2, padding: 1, groups: width),
            // PyTorch's default: AdversarialNAS's rule for Xavier goes by the class name `Conv2d`, which
            // `ConvTranspose2d` does not match.
            outputPadding: 1, bias: false),
          pointwise: try Conv2d(path / "pointwise", pointwise, bias: false, initial: .xavierUniform))
      }
  }

  /// [N, width, H, W] -> [N, width, 2H, 2W].
  func callAsFunction(_ x: Node) throws -> Tensor {
    switch kind {
    case .nearest(let conv):
      // Repeating pixels commutes with what is done to each pixel alone: convolving first does a quarter of the work.
      try conv(x.activated()).resized(to: x.value.shape[2] * 2, .nearest)
    case .bilinear(let conv):
      try conv(x.doubledAndActivated())
    case .transposed(let depthwise, let pointwise):
      try pointwise(depthwise(x.activated()))
    }
  }
}

/// An edge between two nodes of a cell.
struct Edge {
  /// Nil for the identity.
  private let conv: Conv2d?

  /// Makes an edge; nil for `none`.
  init?(_ path: Path, _ operation: EdgeOperation, width: Int) throws {
    let (kernel, dilation): (Int, Int)
    switch operation {
    case .none: return nil
    case .skipConnect:
      conv = nil
      return
    case .conv1x1: (kernel, dilation) = (1, 1)
    case .conv3x3: (kernel, dilation) = (3, 1)
    case .conv5x5: (kernel, dilation) = (5, 1)
    case .dilatedConv3x3: (kernel, dilation) = (3, 2)
    case .dilatedConv5x5: (kernel, dilation) = (5, 2)
    }
    conv = try Conv2d(
      path, ConvolutionShape(inputs: width, outputs: width, kernel: kernel, dilation: dilation),
      initial: .xavierUniform)
  }

  /// The shape stays as it is.
  func callAsFunction(_ x: Node) throws -> Tensor {
    guard let conv else { return x.value }
    return try conv(x.activated())
  }
}

/// A generator cell of the search space `Gan`: two ways up, a middle node, an output node.
struct GeneratorCell {
  private let up: [UpLayer]
  private let edges: [Edge?]
  private let skips: [Conv2d]
  private let skipInterpolation: Interpolation

  /// - Parameter number: the cell's place, counted from 1; there is a skip connection from each earlier cell.
  init(_ path: Path, number: Int, _ choice: CellChoice, width: Int) throws {
    up = try choice.up.enumerated().map { try UpLayer(path / "up\($0.offset)", $0.element, width: width) }
    edges = try choice.edges.enumerated().map { try Edge(path / "c\($0.offset)", $0.element, width: width) }
    skips = try (1..<number).map { earlier in
      try Conv2d(
        path / "skip\(earlier)", ConvolutionShape(inputs: width, outputs: width, kernel: 1),
        initial: .xavierUniform)
    }
    skipInterpolation = number.isMultiple(of: 2) ? .bilinear : .nearest
  }

  /// x: [N, width, H, W] -> output and skip output, both [N, width, 2H, 2W].
  ///
  /// - Parameter earlier: the skip outputs of the cells before this one.
  func callAsFunction(_ x: Tensor, earlier: [Tensor]) throws -> (output: Tensor, skip: Tensor) {
    let input = Node(x)
    let a = try Node(up[0](input))
    let b = try Node(up[1](input))
    var middle = try sum([edges[0]?(a), edges[1]?(b)]) ?? a.value + b.value
    for (conv, skip) in zip(skips, earlier) {
      // A 1x1 convolution commutes with both interpolations, and is cheaper on the smaller map.
      middle = try middle + conv(skip).resized(to: middle.shape[2], skipInterpolation)
    }
    let m = Node(middle)
    let output = try sum([edges[2]?(a), edges[3]?(b), edges[4]?(m)]) ?? middle
    return (output, middle)
  }

  /// The sum of the tensors that are there; nil if there is none.
  private func sum(_ tensors: [Tensor?]) throws -> Tensor? {
    let present = tensors.compactMap { $0 }
    guard let first = present.first else { return nil }
    return try present.dropFirst().reduce(first) { try $0 + $1 }
  }
}
