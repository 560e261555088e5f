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

  @Test("two tensors of one name are refused")
  func names() throws {
    let store = try ParameterStore(seed: 1)
    _ = try store.root.parameter("a", [1], .constant(0))
    #expect(throws: TorchError.self) { try store.root.parameter("a", [1], .constant(0)) }
  }
}
