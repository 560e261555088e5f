import Foundation
import Safetensors
import Testing
import Torch
import TorchTestSupport

/// Outputs and gradients equal PyTorch's to 1e-5 of the largest element; golden values by `reference/golden.py`.
@Suite struct LayerTests {
  private static let tolerance = 1e-5

  /// A layer of `golden.layer_cases`, at its place there.
  private struct Case: CustomTestStringConvertible, Sendable {
    let number: Int
    let name: String
    let input: [Int]
    let build: @Sendable (Path) throws -> (Tensor) throws -> Tensor
    var testDescription: String { name }
  }

  private static let cases: [Case] = [
    Case(number: 0, name: "linear", input: [4, 5]) { path in
      let layer = try Linear(path, inputs: 5, outputs: 3)
      return { try layer($0) }
    },
    conv(1, "conv", [2, 3, 6, 6], ConvolutionShape(inputs: 3, outputs: 4, kernel: 3)),
    conv(2, "conv_strided_5x5", [2, 3, 8, 8], ConvolutionShape(inputs: 3, outputs: 4, kernel: 5, stride: 2)),
    conv(3, "conv_dilated", [2, 3, 6, 6], ConvolutionShape(inputs: 3, outputs: 4, kernel: 3, dilation: 2)),
    conv(4, "conv_depthwise", [2, 4, 6, 6], ConvolutionShape(inputs: 4, outputs: 4, kernel: 3, groups: 4)),
    Case(number: 5, name: "conv_transpose", input: [2, 3, 4, 4]) { path in
      let shape = ConvolutionShape(inputs: 3, outputs: 4, kernel: 3, stride: 2, padding: 1)
      let layer = try ConvTranspose2d(path, shape, outputPadding: 1)
      return { try layer($0) }
    },
    Case(number: 6, name: "conv_transpose_depthwise", input: [2, 4, 4, 4]) { path in
      let layer = try ConvTranspose2d(path, Self.doubling, outputPadding: 1, bias: false)
      return { try layer($0) }
    },
    norm(7, "norm_training", training: true),
    norm(8, "norm_evaluation", training: false),
    Case(number: 9, name: "layer_norm", input: [3, 6]) { path in
      let layer = try LayerNorm(path / "norm", length: 6)
      return { try layer($0) }
    },
  ]

  private static let doubling = ConvolutionShape(
    inputs: 4, outputs: 4, kernel: 3, stride: 2, padding: 1, groups: 4)

  private static func conv(_ number: Int, _ name: String, _ input: [Int], _ shape: ConvolutionShape) -> Case {
    Case(number: number, name: name, input: input) { path in
      let layer = try Conv2d(path, shape)
      return { try layer($0) }
    }
  }

  private static func norm(_ number: Int, _ name: String, training: Bool) -> Case {
    Case(number: number, name: name, input: [3, 4, 5, 5]) { path in
      let layer = try BatchNorm2d(path / "norm", channels: 4)
      return { try layer($0, training: training) }
    }
  }

  @Test(
    "a layer gives PyTorch's output, gradients and buffers", arguments: cases,
    [MemoryFormat.contiguous, .channelsLast])
  private func matches(_ layer: Case, _ format: MemoryFormat) throws {
    let golden = try golden("layers", in: .module)
    let store = try ParameterStore(seed: 1, memoryFormat: format)
    let apply = try layer.build(store.root)
    let stream = 1000 * (layer.number + 1)
    try fill(store.entries, stream: stream)
    var x = try uniform(stream + 900, layer.input)
    if x.shape.count == 4 { x = try x.contiguous(format: format) }
    try x.setRequiresGradient(true)
    let y = try apply(x)
    #expect(try relativeError(y, golden.tensor("\(layer.name).output")) < Self.tolerance)
    let loss = try (y * uniform(stream + 901, y.shape)).sum()
    let inputGradient = try #require(try loss.gradients(of: [x])[0])
    #expect(try relativeError(inputGradient, golden.tensor("\(layer.name).input_gradient")) < Self.tolerance)
    let gradients = try flatGradients(of: apply(x), store.entries, stream: stream + 901)
    #expect(try relativeError(gradients, golden.tensor("\(layer.name).gradients")) < Self.tolerance)
    for entry in store.entries
    where entry.isBuffer && entry.tensor.elementType == .float32 && layer.number == 8 {
      #expect(try relativeError(entry.tensor, golden.tensor("\(layer.name).\(entry.name)")) < Self.tolerance)
    }
  }

  @Test("training moves a norm's running statistics as PyTorch does")
  func runningStatistics() throws {
    let golden = try golden("layers", in: .module)
    let store = try ParameterStore(seed: 1)
    let layer = try BatchNorm2d(store.root / "norm", channels: 4)
    try fill(store.entries, stream: 8000)
    _ = try layer(uniform(8900, [3, 4, 5, 5]), training: true)
    for name in ["norm.running_mean", "norm.running_var", "norm.num_batches_tracked"] {
      let tensor = try #require(store[name])
      #expect(try relativeError(tensor, golden.tensor("norm_training.\(name)")) < Self.tolerance)
    }
  }

  @Test("spectral norm follows PyTorch's over three training forwards and one for evaluation")
  func spectralNorm() throws {
    let golden = try golden("layers", in: .module)
    let convStore = try ParameterStore(seed: 1)
    let conv = try SpectralConv2d(
      convStore.root, ConvolutionShape(inputs: 3, outputs: 4, kernel: 3), initial: .xavierUniform)
    let linearStore = try ParameterStore(seed: 1)
    let linear = try SpectralLinear(linearStore.root, inputs: 5, outputs: 1)
    let layers: [(String, ParameterStore, [Int], (Tensor, Bool) throws -> Tensor)] = [
      ("conv", convStore, [2, 3, 6, 6], { try conv($0, training: $1) }),
      ("linear", linearStore, [4, 5], { try linear($0, training: $1) }),
    ]
    for (case_, (name, store, shape, apply)) in layers.enumerated() {
      let stream = 100_000 + 1000 * case_
      try fill(store.entries, stream: stream)
      for step in 0..<3 {
        let y = try apply(uniform(stream + 900 + step, shape), true)
        #expect(try relativeError(y, golden.tensor("spectral_\(name).output\(step)")) < Self.tolerance)
        let gradients = try flatGradients(of: y, store.entries, stream: stream + 910 + step)
        #expect(try relativeError(gradients, golden.tensor("spectral_\(name).gradients\(step)")) < 2e-5)
      }
      let y = try apply(uniform(stream + 903, shape), false)
      #expect(try relativeError(y, golden.tensor("spectral_\(name).evaluation")) < Self.tolerance)
      for entry in store.entries where entry.isBuffer {
        #expect(
          try relativeError(entry.tensor, golden.tensor("spectral_\(name).\(entry.name)")) < Self.tolerance)
      }
    }
  }

  /// Rows, inputs and outputs: small and wide ones, odd ones, a single output, and more than a part of a product takes.
  private static let largeLayers = [
    [128, 96, 160], [300, 512, 9], [16, 700, 300], [33, 201, 37], [70, 2100, 130], [301, 255, 1],
    [9, 33, 259], [1101, 65, 33], [9, 40, 1090],
  ]

  @Test(
    "a large linear layer gives the products and gradients of float64, whoever multiplies, on any threads",
    arguments: largeLayers, Precision.allCases)
  func largeLinear(_ sizes: [Int], _ precision: Precision) throws {
    let (rows, inputs, outputs) = (sizes[0], sizes[1], sizes[2])
    let rounded: ElementType = precision == .bfloat16 ? .bfloat16 : .float32
    let parts = try [[rows, inputs], [outputs, inputs], [outputs], [rows, outputs]].enumerated().map {
      try uniform($0 + 1, $1).to(rounded).to(.float32)
    }
    func results(_ type: ElementType, _ precision: Precision, hasBias: Bool) throws -> [Tensor] {
      let leaves = try parts.prefix(3).map { try $0.to(type).detach().clone() }
      for leaf in leaves { try leaf.setRequiresGradient(true) }
      let bias = hasBias ? leaves[2] : nil
      let used = hasBias ? leaves : Array(leaves.prefix(2))
      func layer(_ x: Tensor? = nil, bias: Tensor?) throws -> Tensor {
        try withPrecision(precision) { try (x ?? leaves[0]).linear(leaves[1], bias: bias) }
      }
      let y = try layer(bias: bias)
      let rectified = try withPrecision(precision) { try leaves[0].linearRelu(leaves[1], bias: bias) }
      // Two inputs side by side, of which both need gradients or one.
      let lengths = [inputs / 3, inputs - inputs / 3]
      let halves = try zip([0, lengths[0]], lengths).map {
        try parts[0].to(type).narrow(dim: 1, start: $0, length: $1).clone()
      }
      for half in halves { try half.setRequiresGradient(true) }
      func pair() throws -> Tensor {
        try withPrecision(precision) {
          try halves[0].linearRelu(leaves[1], bias: bias, beside: halves[1])
        }
      }
      // What a layer before this one may give.
      let short = try leaves[0].to(precision == .bfloat16 ? .bfloat16 : type)
      // A gradient that differs from place to place, and one that is a repeated number.
      let weights = try parts[3].to(type)
      let weighted = try (y * weights).sum()
      let weightAlone = try layer(bias: bias).square().sum().gradients(of: [leaves[1]])
      return try
        ([y, rectified] + weighted.gradients(of: used) + layer(bias: nil).sum().gradients(of: [leaves[0]])
        + weightAlone + (rectified * weights).sum().gradients(of: used)
        + (layer(short, bias: bias) * weights).sum().gradients(of: used)
        + [pair()] + (pair() * weights).sum().gradients(of: halves + used.dropFirst())
        + (pair() * weights).sum().gradients(of: [halves[1]]))
        .map { try #require($0).to(.float64) }
    }
    let threads = Runtime.threads
    defer { try? Runtime.setThreads(threads) }
    for (hasBias, threads) in [(true, 1), (false, 1), (true, 2)] {
      try Runtime.setThreads(threads)
      for (result, double) in zip(
        try results(.float32, precision, hasBias: hasBias),
        try results(.float64, .float32, hasBias: hasBias))
      {
        // A result may be rounded to bfloat16's 8 bits, and so may what comes to it.
        #expect(try relativeError(result, double) < (precision == .bfloat16 ? 0.01 : Self.tolerance))
      }
    }
  }

  @Test(
    "the gradient of a large linear layer's input, where many rows of what it comes from are 0",
    arguments: [1, 96], Precision.allCases)
  func sparseRows(_ outputs: Int, _ precision: Precision) throws {
    let (rows, inputs) = (200, 260)
    let parts = try [[rows, inputs], [outputs, inputs], [rows, outputs]].enumerated().map {
      try uniform($0 + 1, $1).to(precision == .bfloat16 ? .bfloat16 : .float32)
    }
    for isThere in [{ $0 % 3 == 1 }, { $0 == 199 }, { $0 != 7 }, { _ in false }] as [(Int) -> Bool] {
      let mask = try Tensor((0..<rows).map { isThere($0) ? 1 : 0 }, shape: [rows, 1])
      func gradients(_ type: ElementType, _ precision: Precision) throws -> [Tensor] {
        let (x, weight) = (try parts[0].to(type), try parts[1].to(type))
        let weights = try parts[2].to(type) * mask.to(type)
        let sides = try [(0, 230), (230, 30)].map { try x.narrow(dim: 1, start: $0.0, length: $0.1).clone() }
        for leaf in [x] + sides { try leaf.setRequiresGradient(true) }
        let (y, z) = try withPrecision(precision) {
          try (x.linear(weight), sides[0].linearRelu(weight, bias: nil, beside: sides[1]))
        }
        return try ((y * weights).sum().gradients(of: [x]) + (z * weights).sum().gradients(of: sides))
          .map { try #require($0).to(.float64) }
      }
      for (result, double) in zip(
        try gradients(.float32, precision), try gradients(.float64, .float32))
      {
        #expect(try relativeError(result, double) < (precision == .bfloat16 ? 0.01 : Self.tolerance))
        #expect(try double.abs().sum().item() > 0 || mask.sum().item() == 0)
      }
    }
  }

  @Test("a large linear layer without gradients, of a part of a matrix, or of shapes that do not fit")
  func largeLinearOtherwise() throws {
    let (rows, inputs, outputs) = (128, 96, 160)
    let (x, weight) = (try uniform(1, [rows, inputs]), try uniform(2, [outputs, inputs]))
    #expect(try !withoutGradient { try x.linear(weight) }.requiresGradient)
    #expect(throws: TorchError.self) { try x.linear(uniform(2, [outputs, inputs + 1])) }
    #expect(throws: TorchError.self) { try x.linear(weight, bias: uniform(3, [outputs - 1])) }
    #expect(throws: TorchError.self) {
      try x.linearRelu(weight, bias: nil, beside: uniform(3, [rows, 1]))
    }
    #expect(throws: TorchError.self) {
      try x.linearRelu(uniform(2, [9, 100]), bias: nil, beside: uniform(3, [2, 4]))
    }
    // What bfloat16 has left behind is an input like another, of a small layer, too.
    for short in try [x.to(.bfloat16), x.narrow(dim: 0, start: 0, length: 2).to(.bfloat16)] {
      let y = try short.linear(weight)
      #expect(y.elementType == .float32)
      #expect(try relativeError(y, short.to(.float32).linear(weight)) < Self.tolerance)
    }
    // A part of a wider matrix is as good as a matrix of its own.
    let part = try uniform(5, [rows, 3 * inputs]).narrow(dim: 1, start: inputs, length: inputs)
    let own = try part.contiguous(format: .contiguous)
    #expect(try relativeError(part.linear(weight), own.linear(weight)) == 0)
  }

  @Test(
    "what is not a number passes a rectified layer and its gradient as it passes libtorch's",
    arguments: Precision.allCases)
  func notANumber(_ precision: Precision) throws {
    let weight = try uniform(2, [160, 96])
    let x = try uniform(1, [128, 96])
    try x.narrow(dim: 0, start: 5, length: 1).copyInPlace(.full([1, 96], .nan))
    try weight.setRequiresGradient(true)
    func isNumber(_ layer: (Tensor) throws -> Tensor) throws -> [[Float]] {
      let leaf = try x.clone()
      try leaf.setRequiresGradient(true)
      let y = try withPrecision(precision) { try layer(leaf) }
      let gradients = try y.square().sum().gradients(of: [leaf, weight])
      return try ([y] + gradients.map { try #require($0) }).map {
        try $0.eq($0).to(.float32).array(of: Float.self)
      }
    }
    let ours = try isNumber { try $0.linearRelu(weight, bias: nil) }
    #expect(try ours == isNumber { try $0.linear(weight, bias: nil).relu() })
    #expect(ours[0].filter { $0 == 0 }.count == 160 && ours[2].allSatisfy { $0 == 0 })
  }

  @Test("a copy with averages is divided by their own norm, also where the weight itself has been replaced")
  func spectralNormOfAverages() throws {
    let store = try ParameterStore(seed: 1)
    let live = try SpectralLinear(store.root / "layer", inputs: 40, outputs: 30)
    let average = try MovingAverage(of: store.parameters(under: "layer"), decay: 0.99)
    let copy = try SpectralLinear(
      ParameterStore(sharing: store, averages: average).root / "layer", inputs: 40, outputs: 30)
    // An averaged weight with one large singular value, and a live one that has nothing to do with it.
    let (left, right) = try (uniform(1, [30, 1]), uniform(2, [1, 40]))
    try average.averages[0].copyInPlace(left.matmul(right) + uniform(3, [30, 40]) * 0.1)
    try withoutGradient { try live.norm.original.copyInPlace(uniform(4, [30, 40])) }
    for _ in 0..<30 { _ = try live.norm.weight(training: true) }
    let (u, v) = try (live.norm.u.array(of: Float.self), live.norm.v.array(of: Float.self))
    let weight = try copy.norm.weight(training: false)
    let (unitLeft, unitRight) = try (left / left.norm(), right / right.norm())
    func norm(_ matrix: Tensor) throws -> Double {
      try abs(unitLeft.transpose(dim0: 0, dim1: 1).matmul(matrix).mul(unitRight).sum().item())
    }
    // One iteration is near; the live weight's own vectors would be far off.
    let largest = try norm(weight)
    #expect((0.95..<2).contains(largest), "\(largest)")
    let sigma = try live.norm.u.dot(average.averages[0].mv(live.norm.v)).item()
    let byOthers = try norm(average.averages[0]) / abs(sigma)
    #expect(byOthers > 10, "\(byOthers)")
    #expect(try live.norm.u.array(of: Float.self) == u && live.norm.v.array(of: Float.self) == v)
  }

  @Test("with spectral norm off the weight is used as it is, and all tensors are there unchanged")
  func spectralNormOff() throws {
    let stores = try (0..<2).map { _ in try ParameterStore(seed: 1) }
    let linears = try zip(stores, [true, false]).map { store, isNormalized in
      try SpectralLinear(
        store.root, inputs: 5, outputs: 3, initialBias: .constant(0), isNormalized: isNormalized)
    }
    let convs = try zip(stores, [true, false]).map { store, isNormalized in
      try SpectralConv2d(
        store.root / "conv", ConvolutionShape(inputs: 3, outputs: 4, kernel: 3), initial: .xavierUniform,
        isNormalized: isNormalized)
    }
    #expect(stores[0].entries.map(\.name) == stores[1].entries.map(\.name))
    #expect(stores[0].entries.map(\.isBuffer) == stores[1].entries.map(\.isBuffer))
    let before = try stores[1].entries.map { try $0.tensor.array(of: Float.self) }
    let (x, images) = (try uniform(1, [2, 5]), try uniform(2, [1, 3, 4, 4]))
    let y = try linears[1](x, training: true)
    #expect(try relativeError(y, x.linear(linears[1].norm.original, bias: linears[1].bias)) == 0)
    #expect(try relativeError(linears[0](x, training: true), y) > 0.01)
    let maps = try convs[1](images, training: true)
    let plain = try images.conv2d(
      convs[1].norm.original, bias: convs[1].bias, stride: [1, 1], padding: [1, 1], dilation: [1, 1])
    #expect(try relativeError(maps, plain) == 0)
    #expect(try stores[1].entries.map { try $0.tensor.array(of: Float.self) } == before)
  }

  @Test("a spectral convolution averaged over 2x2 positions equals averaging afterwards")
  func averagedConvolution() throws {
    let store = try ParameterStore(seed: 5)
    let conv = try SpectralConv2d(
      store.root, ConvolutionShape(inputs: 3, outputs: 4, kernel: 3), initial: .xavierUniform)
    let x = try uniform(7, [2, 3, 8, 8])
    let expected = try conv(x, training: false).avgPool2d(kernel: [2, 2], stride: [2, 2])
    #expect(try relativeError(conv.averaged(x, training: false), expected) < Self.tolerance)
  }

  @Test(
    "a transposed convolution is the gradient of the one that it transposes, whatever stride and dilation",
    arguments: [1, 2], [1, 2, 3])
  func transposedConvolution(_ stride: Int, _ dilation: Int) throws {
    let shape = ConvolutionShape(
      inputs: 4, outputs: 6, kernel: 3, stride: stride, padding: 1, dilation: dilation, groups: 2)
    let store = try ParameterStore(seed: 5)
    // With a side of 12, a stride of 2 leaves out the last row and column.
    let layer = try ConvTranspose2d(store.root, shape, outputPadding: stride - 1, bias: false)
    let images = try uniform(7, [2, 6, 12, 12])
    try images.setRequiresGradient(true)
    let maps = try images.conv2d(
      layer.weight, bias: nil, stride: [stride, stride], padding: [1, 1], dilation: [dilation, dilation],
      groups: 2)
    let weights = try uniform(8, maps.shape)
    let gradient = try #require(try (maps * weights).sum().gradients(of: [images])[0])
    #expect(try relativeError(layer(weights), gradient) < Self.tolerance)
  }

  @Test("doubling by plain convolution in bfloat16 equals the transposed convolution")
  func depthwiseDoubling() throws {
    let store = try ParameterStore(seed: 5, memoryFormat: .channelsLast)
    let layer = try ConvTranspose2d(store.root, Self.doubling, outputPadding: 1, bias: false)
    let x = try uniform(7, [2, 4, 5, 5]).to(.bfloat16)
    let weight = try layer.weight.to(.bfloat16)
    try layer.weight.copyInPlaceWithoutGradient(weight)
    let expected = try layer(x.to(.float32))
    let y = try withPrecision(.bfloat16) { try layer(x) }
    #expect(y.elementType == .bfloat16)
    // One rounding to 8 bits of mantissa.
    #expect(try relativeError(y, expected) < 1.0 / 256)
  }

  @Test("resizing, pooling and cross entropy equal PyTorch's")
  func functions() throws {
    let golden = try golden("layers", in: .module)
    let x = try uniform(200_000, [2, 3, 4, 4])
    let results: [(String, Tensor)] = [
      ("nearest", try x.upsampleNearest2d(size: [8, 8])),
      ("bilinear", try x.upsampleBilinear2d(size: [8, 8])),
      ("bilinear_x4", try x.upsampleBilinear2d(size: [16, 16])),
      ("avg_pool", try x.avgPool2d(kernel: [2, 2], stride: [2, 2])),
      ("max_pool", try x.maxPool2d(kernel: [2, 2], stride: [2, 2])),
      (
        "cross_entropy",
        try (uniform(200_001, [6, 10]) * 3).crossEntropyLoss(
          Tensor([0, 3, 9, 1, 3, 7] as [Int64], shape: [6]))
      ),
    ]
    for (name, tensor) in results {
      #expect(try relativeError(tensor, golden.tensor(name)) < Self.tolerance, "\(name)")
    }
  }
}

extension Tensor {
  /// Overwrites a leaf that records for gradients.
  fileprivate func copyInPlaceWithoutGradient(_ source: Tensor) throws {
    try withoutGradient { try copyInPlace(source) }
  }
}
