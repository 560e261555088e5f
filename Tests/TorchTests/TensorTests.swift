import Foundation
import Safetensors
import Testing
import Torch
import TorchTestSupport

@Suite(.serialized) struct TensorTests {
  @Test("libtorch's complaint comes back as an error, with its words")
  func errorsComeBack() throws {
    let a = try Tensor.full([2, 3], 1)
    let error = #expect(throws: TorchError.self) { try a.matmul(a) }
    #expect(error?.description.contains("2x3") == true)
    #expect(throws: TorchError.self) { try Tensor([1, 2, 3] as [Float], shape: [2, 2]) }
    #expect(throws: TorchError.self) { try a.item() }
    #expect(throws: TorchError.self) { try Runtime.setThreads(0) }
  }

  @Test("elements survive the way in and out, in every layout")
  func roundTrip() throws {
    let values = (0..<2 * 3 * 4 * 5).map { Float($0) }
    let tensor = try Tensor(values, shape: [2, 3, 4, 5])
    #expect(try tensor.array(of: Float.self) == values)
    let other = try tensor.contiguous(format: .channelsLast)
    #expect(other.isChannelsLast && !tensor.isChannelsLast)
    #expect(try other.array(of: Float.self) == values)
  }

  @Test("named tensors survive a safetensors file, and a wrong shape is refused by name")
  func files() throws {
    let path = FileManager.default.temporaryDirectory.appendingPathComponent("\(UUID()).safetensors").path
    defer { try? FileManager.default.removeItem(atPath: path) }
    let image = try uniform(1, [2, 3, 4, 4]).contiguous(format: .channelsLast)
    let number = try Tensor([7] as [Int64], shape: [])
    try SafetensorsFile.write([("image", image), ("number", number)], metadata: ["a": "b"], to: path)
    let file = try SafetensorsFile(path: path)
    #expect(file.metadata == ["a": "b"])
    #expect(try file.tensor("image").array(of: Float.self) == image.array(of: Float.self))
    #expect(try file.tensor("number").item() == 7)
    let error = #expect(throws: TorchError.self) { try file.load("image", into: .full([2, 3], 0)) }
    #expect(error?.description.contains("`image`") == true)
    #expect(throws: TorchError.self) { try file.tensor("nothing") }
  }

  @Test("the same seed gives the same numbers, another seed others")
  func seeds() throws {
    func draw(_ seed: UInt64) throws -> [Float] {
      try Tensor.randn([5], generator: RandomGenerator(seed: seed)).array()
    }
    #expect(try draw(1) == draw(1))
    #expect(try draw(1) != draw(2))
  }

  @Test("gradients are not recorded inside withoutGradient, and again after it")
  func gradMode() throws {
    let x = try Tensor.full([1], 2)
    try x.setRequiresGradient(true)
    #expect(try !withoutGradient { try x * 3 }.requiresGradient)
    let y = try x * x
    try y.backward()
    #expect(try x.gradient()?.item() == 4)
    try x.clearGradient()
    #expect(try x.gradient() == nil)
    #expect(try (x * 3).gradients(of: [x])[0]?.item() == 3)
  }

  @Test(
    "the hyperbolic tangent and its gradient are float64's, of any size and layout", arguments: [1, 16, 1000])
  func tanh(count: Int) throws {
    let x = try uniform(6, [3, count]) * (uniform(7, [3, count]) * 7 - 5).exp()
    func results(_ type: ElementType) throws -> (values: [Tensor], gradient: Tensor) {
      let leaf = try x.to(type).detach().clone()
      try leaf.setRequiresGradient(true)
      let y = try leaf.tanh()
      let turned = try leaf.transpose(dim0: 0, dim1: 1).tanh()
      return (
        [y, turned, try withoutGradient { try leaf.tanh() }], try #require(y.sum().gradients(of: [leaf])[0])
      )
    }
    let (single, double) = (try results(.float32), try results(.float64))
    for (found, expected) in zip(single.values, double.values) {
      #expect(found.shape == expected.shape)
      // Small numbers are as exact as large ones.
      let pairs = zip(try found.array(of: Double.self), try expected.array(of: Double.self))
      #expect(pairs.allSatisfy { abs($0 - $1) <= 3e-7 * abs($1) })
    }
    #expect(try relativeError(single.gradient, double.gradient) < 1e-6)
    #expect(try Tensor.full([1], .nan).tanh().item().isNaN)
    #expect(try Tensor.full([1], -.infinity).tanh().item() == -1)
  }

  @Test("the memory of freed tensors is used again: no new pages come from the operating system")
  func memoryIsReused() throws {
    Runtime.reuseMemory()
    let count = 16 << 20
    func fill() throws { try Tensor.empty([count]).fillInPlace(value: 1) }
    try fill()
    let before = try pageFaults()
    for _ in 0..<10 { try fill() }
    // Each of the ten has 16,384 pages of 4 KB, or 32 of 2 MB.
    #expect(try pageFaults() - before < 100)
  }

  /// How many pages the system has given this thread so far.
  private func pageFaults() throws -> Int {
    let status = try String(contentsOfFile: "/proc/thread-self/stat", encoding: .utf8)
    // After the name, which may hold spaces, in parentheses.
    let fields = status[try #require(status.lastIndex(of: ")"))...].split(separator: " ")
    return try #require(Int(fields[8]))
  }

  @Test("mixed precision computes products in bfloat16 and leaves weights alone")
  func mixedPrecision() throws {
    let store = try ParameterStore(seed: 1)
    let layer = try Linear(store.root, inputs: 64, outputs: 8)
    let x = try uniform(3, [4, 64])
    let exact = try layer(x)
    let mixed = try withPrecision(.bfloat16) { try layer(x) }
    #expect(mixed.elementType == .bfloat16 && layer.weight.elementType == .float32)
    #expect(try relativeError(mixed, exact) < 0.02)
    #expect(try layer(x).elementType == .float32)
  }

  @Test("bytes are looked up in a table, in their own layout and the precision's type", arguments: [1, 2])
  func lookup(threads: Int) throws {
    let before = Runtime.threads
    defer { try? Runtime.setThreads(before) }
    try Runtime.setThreads(threads)
    let table = try Tensor((0..<256).map { Float($0) / 255 - 0.5 }, shape: [256])
    let shape = [3, 9, 84, 84]
    let numbers = (0..<shape.reduce(1, *)).map { UInt8(truncatingIfNeeded: $0 &* 31 &+ $0 / 7) }
    let bytes = try Tensor(numbers, shape: shape)
    let expected = numbers.map { Float($0) / 255 - 0.5 }
    for format in [MemoryFormat.contiguous, .channelsLast] {
      let laidOut = try bytes.contiguous(format: format)
      let found = try laidOut.lookup(table)
      #expect(found.elementType == .float32 && found.isChannelsLast == (format == .channelsLast))
      #expect(try found.array(of: Float.self) == expected)
      let short = try withPrecision(.bfloat16) { try laidOut.lookup(table) }
      #expect(short.elementType == .bfloat16)
      #expect(try relativeError(short.to(.float32), found.to(.bfloat16).to(.float32)) == 0)
    }
    // Parts with gaps in them, and what is refused.
    for format in [MemoryFormat.contiguous, .channelsLast] {
      let part = try bytes.contiguous(format: format).narrow(dim: 3, start: 2, length: 5)
      let found = try part.lookup(table)
      #expect(found.isChannelsLast == (format == .channelsLast))
      #expect(try found.array(of: Float.self) == part.array(of: UInt8.self).map { Float($0) / 255 - 0.5 })
    }
    #expect(throws: TorchError.self) { try table.lookup(table) }
    #expect(throws: TorchError.self) { try bytes.lookup(table.narrow(dim: 0, start: 0, length: 255)) }
  }

  @Test("the gradient of what was flattened comes in its layout")
  func flattenedGradient() throws {
    for format in [MemoryFormat.contiguous, .channelsLast] {
      let x = try Tensor((0..<2 * 6 * 5 * 4).map(Float.init), shape: [2, 6, 5, 4]).contiguous(format: format)
      let weights = try Tensor((0..<2 * 120).map { sin(Float($0)) }, shape: [2, 120])
      try x.setRequiresGradient(true)
      let flat = try x.flatten(startDim: 1)
      #expect(flat.shape == [2, 120] && flat.requiresGradient)
      #expect(try flat.array(of: Float.self) == (0..<240).map(Float.init))
      let gradient = try #require(try (flat * weights).sum().gradients(of: [x])[0])
      #expect(gradient.shape == x.shape && gradient.isChannelsLast == (format == .channelsLast))
      #expect(try gradient.array(of: Float.self) == weights.array(of: Float.self))
    }
  }

  @Test("initial values have the distributions that are promised")
  func initialValues() throws {
    let store = try ParameterStore(seed: 1)
    func statistics(_ name: String, _ shape: [Int], _ initial: Initializer) throws -> (
      mean: Double, std: Double, most: Double
    ) {
      let values = try store.root.parameter(name, shape, initial).array(of: Double.self)
      let mean = values.reduce(0, +) / Double(values.count)
      let variance = values.map { ($0 - mean) * ($0 - mean) }.reduce(0, +) / Double(values.count)
      return (mean, variance.squareRoot(), values.map(abs).max() ?? 0)
    }
    // 40,000 draws: means within 5 standard errors, deviations within 2 %.
    let xavier = try statistics("a", [100, 100, 2, 2], .xavierUniform)
    let bound = (6.0 / 800).squareRoot()
    #expect(abs(xavier.mean) < 5 * bound / 3.0.squareRoot() / 200 && xavier.most <= bound)
    #expect(abs(xavier.std / (bound / 3.0.squareRoot()) - 1) < 0.02)
    let normal = try statistics("b", [40_000], .normal(mean: 1, std: 0.02))
    #expect(abs(normal.mean - 1) < 5 * 0.02 / 200 && abs(normal.std / 0.02 - 1) < 0.02)
    let torchDefault = try statistics("c", [40_000], .torchDefault(fanIn: 16))
    #expect(torchDefault.most <= 0.25 && abs(torchDefault.std / (0.25 / 3.0.squareRoot()) - 1) < 0.02)
    let unit = try store.root.parameter("d", [50], .unitVector)
    #expect(abs(try unit.norm().item() - 1) < 1e-6)
  }

  @Test("orthogonal initial values are orthonormal but for the gain, and PyTorch's for the same seed")
  func orthogonal() throws {
    let golden = try golden("initial_values", in: .module)
    let store = try ParameterStore(seed: 7)
    let gain = 2.0.squareRoot()
    let shapes = [[3, 8], [8, 3], [5, 5], [6, 4, 3, 3], [30, 2, 3, 3], [4, 1, 5, 5]]
    for (number, shape) in shapes.enumerated() {
      let tensor = try withoutGradient {
        try store.root.parameter("p\(number)", shape, .orthogonal(gain: gain)).detach()
      }
      #expect(try relativeError(tensor, golden.tensor("orthogonal\(number)")) < 1e-5)
      let matrix = try tensor.flatten(startDim: 1)
      let transposed = try matrix.transpose(dim0: 0, dim1: 1)
      let isWide = matrix.shape[0] < matrix.shape[1]
      let products = try isWide ? matrix.matmul(transposed) : transposed.matmul(matrix)
      let side = products.shape[0]
      let identity = try Tensor(
        (0..<side * side).map { $0 % (side + 1) == 0 ? Float(gain * gain) : 0 }, shape: [side, side])
      #expect(try relativeError(products, identity) < 1e-5)
    }
    #expect(throws: TorchError.self) { try store.root.parameter("vector", [3], .orthogonal(gain: 1)) }
    #expect(throws: TorchError.self) { try store.root.parameter("empty", [0, 3], .orthogonal(gain: 1)) }
  }

  @Test("a store that shares a network follows its weights and averages, and knows no other tensors")
  func sharedStore() throws {
    let store = try ParameterStore(seed: 1)
    let layer = try SpectralLinear(store.root / "a", inputs: 2, outputs: 1, initialBias: .constant(0))
    let average = try MovingAverage(of: store.parameters(under: "a"), decay: 0.5)
    let other = try ParameterStore(sharing: store, averages: average)
    let copy = try SpectralLinear(other.root / "a", inputs: 2, outputs: 1, initialBias: .constant(0))
    try withoutGradient { try layer.norm.original.fillInPlace(value: 8) }
    #expect(copy.norm.u.sharesStorage(with: layer.norm.u))
    #expect(!copy.norm.original.requiresGradient)
    #expect(try copy.norm.original.array(of: Float.self) != [8, 8])
    for _ in 0..<40 { try average.update() }
    #expect(try copy.norm.original.array(of: Float.self) == [8, 8])
    #expect(throws: TorchError.self) { try Linear(other.root / "b", inputs: 2, outputs: 1) }
    #expect(throws: TorchError.self) { try SpectralLinear(other.root / "a", inputs: 3, outputs: 1) }
  }

  @Test("two tensors of one name are refused")
  func names() throws {
    let store = try ParameterStore(seed: 1)
    _ = try store.root.parameter("a", [1], .constant(0))
    #expect(throws: TorchError.self) { try store.root.parameter("a", [1], .constant(0)) }
  }
}
