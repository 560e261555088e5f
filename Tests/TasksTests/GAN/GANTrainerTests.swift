import Engine
import Foundation
import PBTNAS
import Safetensors
import TestSupport
import Testing
import Torch

@testable import Tasks

extension NetworkTests {
  /// Trains small networks on the real data: `scripts/setup` puts it where these tests find it.
  @Suite struct GANTrainerTests {
    private static let data = URL(fileURLWithPath: #filePath).deletingLastPathComponent()
      .appendingPathComponent("../../../.deps/data/fashion-mnist").standardizedFileURL.path

    private let temporary: TemporaryFolder
    private var folder: String { temporary.path }

    init() throws { temporary = try TemporaryFolder() }

    /// Writes a settings file with a small task and reads it.
    private func configuration(data: String = Self.data, cycles: Int = 3) throws -> RunConfiguration {
      let text = """
        task: gan
        search: {population: 4, intervals: 2}
        gan:
          data: \(data)
          bottom_width: 2
          generator_width: 4
          discriminator_width: 4
          discriminator_steps: 2
          cycles_per_interval: \(cycles)
          fitness_samples: 100
          precision: float32
        """
      let path = "\(folder)/config.yml"
      try text.write(toFile: path, atomically: true, encoding: .utf8)
      return try RunConfiguration(file: path)
    }

    private func trainJob(_ genome: Genome, from: String, to: String) -> TrainJob {
      TrainJob(
        genome: genome, checkpoint: "\(folder)/\(from)", seed: 5, evaluationSeed: 6,
        output: "\(folder)/\(to)",
        artifacts: "\(folder)/\(to)-samples")
    }

    @Test(
      "an interval of training follows from checkpoint and seed alone, leaves no handle behind, and shows samples"
    )
    func trainingRepeats() throws {
      let trainer = try configuration().makeTrainer(threads: 1)
      let genome = Genome(
        (0..<21).map { [0, 2, 3, 6, 1, 4, 5][$0 % 7] % trainer.searchSpace.genes[$0].options.count })
      try trainer.initialise(InitialiseJob(genome: genome, seed: 1, output: "\(folder)/start"))
      let first = try trainer.train(trainJob(genome, from: "start", to: "a")) { _ in }
      let handles = Runtime.liveHandles
      let second = try trainer.train(trainJob(genome, from: "start", to: "b")) { _ in }
      #expect(Runtime.liveHandles == handles)
      #expect(first.fitness == second.fitness && first.fitness.isFinite && first.fitness < 0)
      let bytes = try ["a", "b"].map { try Data(contentsOf: URL(fileURLWithPath: "\(folder)/\($0)")) }
      #expect(bytes[0] == bytes[1])
      // A checkpoint goes on where it was: evaluating it gives the same fitness.
      let evaluation = try trainer.evaluate(
        EvaluateJob(genome: genome, checkpoint: "\(folder)/a", seed: 6, artifacts: nil))
      #expect(evaluation.fitness == first.fitness)
      let picture = try Picture(path: try #require(first.files.first))
      #expect(picture.channels == 1 && picture.width == picture.height && Set(picture.pixels).count > 10)
      // And it can be used: the averaged generator makes pictures.
      let samples = try TrainedGenerator(path: "\(folder)/a").sample(5, seed: 3)
      #expect(samples.shape == [5, 1, 16, 16] && samples.elementType == .float32)
    }

    @Test("training follows the hyperparameters that a job gives, and refuses those that it cannot follow")
    func hyperparameters() throws {
      let trainer = try configuration().makeTrainer(threads: 1)
      #expect(
        trainer.searchSpace.hyperparameters == [
          "learning_rate.generator", "learning_rate.discriminator", "averaging_decay", "adam.beta1",
          "adam.beta2",
        ])
      let genome = Genome(Array(repeating: 2, count: 21))
      try trainer.initialise(InitialiseJob(genome: genome, seed: 1, output: "\(folder)/start"))
      var files: Set<Data> = []
      func train(_ values: [String: Double]?, to name: String) throws -> Data {
        var job = trainJob(genome, from: "start", to: name)
        job.artifacts = nil
        job.hyperparameters = values
        _ = try trainer.train(job) { _ in }
        return try Data(contentsOf: URL(fileURLWithPath: job.output))
      }
      let plain = try train(nil, to: "plain")
      // The settings' own values, told by name, are the same as none.
      let own: [String: Double] = [
        "learning_rate.generator": 2e-4, "learning_rate.discriminator": 2e-4, "averaging_decay": 0.999,
        "adam.beta1": 0, "adam.beta2": 0.9,
      ]
      #expect(try train(own, to: "own") == plain)
      for name in own.keys.sorted() { files.insert(try train([name: 0.5], to: name)) }
      #expect(files.count == 5 && !files.contains(plain))
      // What is not trained stays: the generator without a step size.
      _ = try train(["learning_rate.generator": 0], to: "frozen")
      let (start, frozen) = (
        try SafetensorsFile(path: "\(folder)/start"), try SafetensorsFile(path: "\(folder)/frozen")
      )
      for tensor in start.tensors where tensor.name.hasSuffix(".weight") && !tensor.name.hasPrefix("average.")
      {
        let isSame = start.withBytes(of: tensor) { before in
          frozen[tensor.name].map { frozen.withBytes(of: $0) { $0.elementsEqual(before) } }
        }
        #expect(isSame == tensor.name.hasPrefix("generator."), "\(tensor.name)")
      }
      #expect(throws: HyperparameterError.self) { try train(["learning_rate": 1e-3], to: "x") }
      #expect(throws: HyperparameterError.outOfRange("adam.beta1", 1, 0...0.999999)) {
        try train(["adam.beta1": 1], to: "x")
      }
    }

    @Test("handles do not grow over a training loop")
    func noLeak() throws {
      let networks = try AdversarialNetworks(
        genome: Genome(Array(repeating: 2, count: 21)),
        sizes: GANSizes(
          bottomWidth: 2, imageChannels: 1, latentLength: 6, generatorWidth: 4, discriminatorWidth: 4),
        seed: 1)
      var settings = AdversarialTrainingSettings()
      settings.precision = .bfloat16
      let training = try AdversarialTraining(networks, settings)
      let random = try RandomGenerator(seed: 1)
      let cycle = {
        _ = try training.cycle(
          images: { try .randn([40, 1, 16, 16], generator: random) },
          latents: { try .randn([$0, 6], generator: random) })
      }
      try cycle()
      let handles = Runtime.liveHandles
      for _ in 0..<10 { try cycle() }
      #expect(Runtime.liveHandles == handles)
    }

    @Test("a file cut short, or of another network, is refused with its path")
    func badCheckpoint() throws {
      let trainer = try configuration().makeTrainer(threads: 1)
      let genome = Genome(Array(repeating: 2, count: 21))
      try trainer.initialise(InitialiseJob(genome: genome, seed: 1, output: "\(folder)/start"))
      let bytes = try Data(contentsOf: URL(fileURLWithPath: "\(folder)/start"))
      try bytes.dropLast(100).write(to: URL(fileURLWithPath: "\(folder)/short"))
      #expect(throws: SafetensorsError.self) {
        try trainer.train(trainJob(genome, from: "short", to: "a")) { _ in }
      }
      let other = Genome(Array(repeating: 1, count: 21))
      let error = #expect(throws: TorchError.self) {
        try trainer.train(trainJob(other, from: "start", to: "a")) { _ in }
      }
      #expect(error?.description.contains("\(folder)/start") == true)
      #expect(!FileManager.default.fileExists(atPath: "\(folder)/a"))
    }

    @Test("missing data is said with the file and how to mend it")
    func missingData() throws {
      let error = #expect(throws: ImageDataError.self) {
        try configuration(data: "\(folder)/nothing").makeTrainer(threads: 1)
      }
      #expect(error?.description.contains("\(folder)/nothing/train-images-idx3-ubyte.gz") == true)
      #expect(error?.description.contains("scripts/setup") == true)
    }

    @Test("the classifier that comes with the package finds over 90 % of the test images' classes")
    func classifierAccuracy() throws {
      let classifier = try GarmentClassifier.bundled()
      let test = try ImageSet(FashionMNIST(folder: Self.data, .test), side: classifier.side)
      #expect(test.count == 10_000)
      #expect(try classifier.accuracy(on: test) > 0.9)
    }

    @Test("training images of a class are nearer to all images than noise is")
    func fitnessOrders() throws {
      let classifier = try GarmentClassifier.bundled()
      let test = try ImageSet(FashionMNIST(folder: Self.data, .test), side: classifier.side)
      let all = try FeatureStatistics(of: classifier.features(of: test))
      let some = try classifier.features(test.batch(Array(0..<1000)).images)
      let noise = try classifier.features(
        Tensor.randn([1000, 1, 16, 16], generator: RandomGenerator(seed: 1)).tanh())
      let near = try FeatureStatistics(of: withoutGradient { some }).frechetDistance(to: all)
      let far = try FeatureStatistics(of: noise).frechetDistance(to: all)
      #expect(near < far / 20, "\(near) \(far)")
    }
  }
}
