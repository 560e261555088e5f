import Foundation
import PBTNAS
import Safetensors
import Testing
import Torch
import TorchTestSupport

@testable import Tasks

extension NetworkTests {
  /// The whole networks equal plain PyTorch ones with the same weights, to 1e-4 of the largest element; golden values by `reference/golden.py`.
  @Suite struct NetworkParityTests {
    private static let tolerance = 1e-4
    static let sizes = GANSizes(
      cells: 3, bottomWidth: 2, imageChannels: 2, latentLength: 6, generatorWidth: 3, discriminatorWidth: 4)

    static func genomes(_ golden: SafetensorsFile) throws -> [Genome] {
      let flat = try golden.tensor("genomes")
      let choices = try flat.array(of: Int64.self).map(Int.init)
      let length = flat.shape[1]
      return (0..<flat.shape[0]).map { Genome(Array(choices[$0 * length..<($0 + 1) * length])) }
    }

    @Test(
      "60 generators give PyTorch's images and gradients",
      arguments: [MemoryFormat.contiguous, .channelsLast])
    func generators(_ format: MemoryFormat) throws {
      let restore = try useOneThread()
      defer { restore() }
      let golden = try golden("generator", in: .module)
      let genomes = try Self.genomes(golden)
      #expect(genomes.count >= 50)
      for (number, genome) in genomes.enumerated() {
        let stream = try Int(golden.tensor("\(number).stream").item())
        let store = try ParameterStore(seed: 1, memoryFormat: format)
        let generator = try GanGenerator(store.root / "generator", genome: genome, Self.sizes)
        try fill(store.entries, stream: stream)
        let z = try uniform(stream + 900, [3, 6]) * 2
        let images = try generator(z, training: true)
        #expect(try relativeError(images, golden.tensor("\(number).output")) < Self.tolerance, "\(genome)")
        let gradients = try flatGradients(
          of: generator(z, training: true), store.entries, stream: stream + 901)
        #expect(
          try relativeError(gradients, golden.tensor("\(number).gradients")) < Self.tolerance, "\(genome)")
        let evaluated = try generator(z, training: false)
        #expect(
          try relativeError(evaluated, golden.tensor("\(number).evaluation")) < Self.tolerance, "\(genome)")
      }
    }

    @Test("a generator's initial weights have the distributions that PyTorch gives them")
    func initialValues() throws {
      let golden = try golden("generator_initial_values", in: .module)
      let genome = Genome(try golden.tensor("genome").array(of: Int64.self).map(Int.init))
      let sizes = GANSizes(cells: 3, bottomWidth: 2, imageChannels: 3, latentLength: 6, generatorWidth: 8)
      var draws: [String: [Double]] = [:]
      for seed in 1...40 as ClosedRange<UInt64> {
        let store = try ParameterStore(seed: seed)
        _ = try GanGenerator(store.root / "generator", genome: genome, sizes)
        for entry in store.entries where !entry.isBuffer {
          draws[String(entry.name.dropFirst("generator.".count)), default: []] +=
            try entry.tensor.array(of: Double.self)
        }
      }
      #expect(Set(draws.keys) == Set(golden.tensors.map(\.name)).subtracting(["genome"]))
      for (name, values) in draws {
        let expected = try golden.tensor(name).array(of: Double.self)
        let count = Double(values.count)
        let mean = values.reduce(0, +) / count
        let deviation = (values.reduce(0) { $0 + ($1 - mean) * ($1 - mean) } / count).squareRoot()
        let largest = values.map(abs).max() ?? 0
        // Both sides are samples: more than five standard errors of a uniform or normal distribution's.
        #expect(abs(mean - expected[0]) <= 10 * expected[1] / count.squareRoot(), "\(name)")
        #expect(abs(deviation - expected[1]) <= 6 * expected[1] / count.squareRoot(), "\(name)")
        #expect(abs(largest - expected[2]) <= (0.01 + 10 / count) * expected[2], "\(name)")
      }
      // By AdversarialNAS's rule the depthwise transposed convolution is not Xavier's: U(-1/3, 1/3).
      let depthwise = try golden.tensor("cell1.up0.depthwise.weight").array(of: Double.self)
      #expect(abs(depthwise[2] - 1 / 3) < 0.001 && abs(depthwise[1] - 1 / 27.0.squareRoot()) < 0.01)
    }

    @Test(
      "60 discriminators give PyTorch's scores and gradients",
      arguments: [MemoryFormat.contiguous, .channelsLast])
    func discriminators(_ format: MemoryFormat) throws {
      let restore = try useOneThread()
      defer { restore() }
      let golden = try golden("discriminator", in: .module)
      for number in 0..<60 {
        let stream = try Int(golden.tensor("\(number).stream").item())
        let sizes = GANSizes(imageChannels: 1 + 2 * (number % 2), discriminatorWidth: 2 + number % 5)
        let store = try ParameterStore(seed: 1, memoryFormat: format)
        let discriminator = try ResidualDiscriminator(store.root / "discriminator", sizes)
        try fill(store.entries, stream: stream)
        let side = [8, 16, 32][number % 3]
        let x = try uniform(stream + 900, [2, sizes.imageChannels, side, side])
        let scores = try discriminator(x, training: true)
        #expect(try relativeError(scores, golden.tensor("\(number).output")) < Self.tolerance)
        let gradients = try flatGradients(of: scores, store.entries, stream: stream + 901)
        #expect(try relativeError(gradients, golden.tensor("\(number).gradients")) < Self.tolerance)
        let evaluated = try discriminator(x, training: false)
        #expect(try relativeError(evaluated, golden.tensor("\(number).evaluation")) < Self.tolerance)
      }
    }

    @Test("two training cycles change every weight, buffer and average as PyTorch's do", arguments: 0..<3)
    func training(_ number: Int) throws {
      let restore = try useOneThread()
      defer { restore() }
      let golden = try golden("training", in: .module)
      let genome = try Self.genomes(Tests.golden("generator"))[20 + number]
      let stream = 1_000_000 * (number + 1)
      let networks = try AdversarialNetworks(genome: genome, sizes: Self.sizes, seed: 1)
      try fill(networks.store.entries.filter { $0.name.hasPrefix("generator.") }, stream: stream)
      try fill(networks.store.entries.filter { $0.name.hasPrefix("discriminator.") }, stream: stream + 500)
      var settings = AdversarialTrainingSettings()
      settings.discriminatorBatch = 4
      settings.generatorBatch = 8
      settings.discriminatorSteps = 2
      settings.generatorLearningRate = 2e-4
      settings.discriminatorLearningRate = 2e-4
      settings.averagingDecay = 0.9
      let training = try AdversarialTraining(networks, settings)
      var draw = stream + 999
      func next(_ shape: [Int]) throws -> Tensor {
        draw += 1
        return try uniform(draw, shape)
      }
      let expected = try golden.tensor("\(number).losses").array(of: Double.self)
      for cycle in 0..<2 {
        let losses = try training.cycle(
          images: { try next([4, 2, 16, 16]) }, latents: { try next([$0, 6]) })
        let three = expected[cycle * 3..<cycle * 3 + 3].map { $0 }
        #expect(abs(losses.discriminator - (three[0] + three[1]) / 2) < 1e-4 * abs(three[0] + three[1]))
        #expect(abs(losses.generator - three[2]) < 1e-4 * max(1, abs(three[2])))
      }
      for entry in networks.store.entries {
        #expect(
          try relativeError(entry.tensor, golden.tensor("\(number).\(entry.name)")) < Self.tolerance,
          "\(entry.name)")
      }
      for (parameter, average) in zip(training.average.parameters, training.average.averages) {
        let expected = try golden.tensor("\(number).average.\(parameter.name)")
        #expect(try relativeError(average, expected) < Self.tolerance, "\(parameter.name)")
      }
    }
  }
}

/// Golden values of this target, where a local name hides the function.
private enum Tests {
  static func golden(_ name: String) throws -> SafetensorsFile {
    try TorchTestSupport.golden(name, in: .module)
  }
}
