import Engine
import Foundation
import PBTNAS
import Safetensors
import TestSupport
import Testing
import Torch

@testable import Tasks

extension NetworkTests {
  /// Reads checkpoints whose headers were changed. Nothing here may be built from what they say.
  @Suite struct GANSizesTests {
    private static let small = GANSizes(
      cells: 1, bottomWidth: 4, imageChannels: 1, latentLength: 2, generatorWidth: 2, discriminatorWidth: 2)
    private static let genome = Genome([0, 0, 0, 0, 0, 0, 3])
    private let folder: TemporaryFolder

    init() throws { folder = try TemporaryFolder() }

    /// A checkpoint that training wrote, with other header texts.
    private func file(sizes: String, genome: Genome = Self.genome) throws -> String {
      let whole = folder.file("whole.safetensors")
      let networks = try AdversarialNetworks(genome: Self.genome, sizes: Self.small, seed: 1, device: .cpu)
      try GANCheckpoint.write(
        AdversarialTraining(networks, AdversarialTrainingSettings()), genome: Self.genome,
        withOptimizer: false, to: whole)
      let original = try Checkpoint(path: whole)
      let path = folder.file("changed.safetensors")
      try SafetensorsFile.write(
        original.file.tensors.map { (name: $0.name, tensor: try original.file.tensor($0.name)) },
        metadata: Checkpoint.metadata(
          genome: genome, buffers: Array(original.contents.buffers), own: ["task": "gan", "sizes": sizes]),
        to: path)
      return path
    }

    private func json(_ change: (inout GANSizes) -> Void = { _ in }) throws -> String {
      var sizes = Self.small
      change(&sizes)
      return String(decoding: try JSONEncoder().encode(sizes), as: UTF8.self)
    }

    @Test("sizes that no settings allow are refused with file, key, what it says and what is allowed")
    func badSizes() throws {
      let cases: [(String, (inout GANSizes) -> Void)] = [
        ("imageChannels` is `2`; expected 1 for grey or 3 for colours", { $0.imageChannels = 2 }),
        ("imageChannels` is `0`; expected a whole number from 1 to 3", { $0.imageChannels = 0 }),
        ("bottomWidth` is `2147483648`; expected a whole number from 1 to 32", { $0.bottomWidth = 1 << 31 }),
        (
          "bottomWidth` is `5`; expected 8, 16 or 32 for `bottomWidth` doubled by each of 1 cells",
          { $0.bottomWidth = 5 }
        ),
        (
          "generatorWidth` is `4611686018427387904`; expected a whole number from 1 to 4096",
          { $0.generatorWidth = 1 << 62 }
        ),
        (
          "discriminatorWidth` is `-1`; expected a whole number from 1 to 4096",
          { $0.discriminatorWidth = -1 }
        ),
        ("latentLength` is `0`; expected a whole number from 1 to 4096", { $0.latentLength = 0 }),
        (
          "latentLength` is `3`; expected a multiple of `cells` (2)",
          {
            $0.cells = 2
            $0.latentLength = 3
          }
        ),
        ("cells` is `-1`; expected a whole number from 1 to 5", { $0.cells = -1 }),
        ("cells` is `0`; expected a whole number from 1 to 5", { $0.cells = 0 }),
        ("cells` is `20`; expected a whole number from 1 to 5", { $0.cells = 20 }),
        ("cells` is `10000000`; expected a whole number from 1 to 5", { $0.cells = 10_000_000 }),
      ]
      for (expected, change) in cases {
        let path = try file(sizes: json(change))
        let error = #expect(throws: HeaderError.self) { try TrainedGenerator(path: path) }
        #expect(
          error?.description == "\(path): the header's `sizes.\(expected), as training writes it")
      }
    }

    @Test("a header whose sizes cannot be read is refused with what it says")
    func damagedText() throws {
      for text in ["", "{}", "{\"cells\":1e400}", "[1", "null"] {
        let path = try file(sizes: text)
        let error = #expect(throws: HeaderError.self) { try TrainedGenerator(path: path) }
        #expect(
          error?.description
            == "\(path): the header's `sizes` is `\(text)`; "
            + "expected a GAN's sizes in JSON, as training writes it")
      }
    }

    @Test("a genome that is not one of such networks is refused with the file")
    func badGenome() throws {
      for choices in [
        [], [0], [0, 0, 0, 0, 0, 0, 7], [-1, 0, 0, 0, 0, 0, 3], Array(repeating: 0, count: 14),
      ] {
        let path = try file(sizes: json(), genome: Genome(choices))
        let error = #expect(throws: HeaderError.self) { try TrainedGenerator(path: path) }
        #expect(error?.description.hasPrefix("\(path): the header's `genome` does not fit") == true)
      }
    }

    @Test("sizes that settings allow but the file's tensors do not have are refused before memory is taken")
    func tooLarge() throws {
      let path = try file(
        sizes: json {
          $0.generatorWidth = 4096
          $0.latentLength = 4096
          $0.bottomWidth = 16
        })
      // The first layer would take 16 GiB.
      let error = #expect(throws: TorchError.self) { try TrainedGenerator(path: path) }
      #expect(
        error?.description
          == "\(path): tensor `average.generator.projection1.weight` has the shape [32, 2], "
          + "expected [1048576, 4096]")
    }

    @Test("the unchanged file is read, and a number of samples that cannot be made is refused")
    func samples() throws {
      let generator = try TrainedGenerator(path: file(sizes: json()))
      #expect(try generator.sample(2, seed: 1).shape == [2, 1, 8, 8])
      for count in [-1, 0, Int.max] {
        #expect(throws: TorchError.self) { try generator.sample(count, seed: 1) }
      }
    }

    @Test("a classifier's file for images of no such size is refused by its name")
    func classifierSide() throws {
      let path = folder.file("classifier.safetensors")
      for side in ["0", "-8", "15", "4611686018427387904"] {
        try SafetensorsFile.write([], metadata: ["format": "pbtnas-classifier-1", "side": side], to: path)
        let error = #expect(throws: HeaderError.self) { try GarmentClassifier(path: path) }
        #expect(error?.description.contains("`side` is `\(side)`; expected 8, 16 or 32") == true)
      }
    }

    @Test("a classifier is not trained with fewer images than a batch, nor tested with none")
    func tooFewImages() throws {
      /// Writes a part of a data set of black images.
      func write(_ part: String, _ count: UInt8) throws {
        let black = [UInt8](repeating: 0, count: Int(count) * 28 * 28)
        try Data([0, 0, 8, 3, 0, 0, 0, count, 0, 0, 0, 28, 0, 0, 0, 28] + black)
          .write(to: URL(fileURLWithPath: folder.file("\(part)-images-idx3-ubyte")))
        try Data([0, 0, 8, 1, 0, 0, 0, count] + black.prefix(Int(count)))
          .write(to: URL(fileURLWithPath: folder.file("\(part)-labels-idx1-ubyte")))
      }
      for (training, test, expected) in [
        (UInt8(127), UInt8(2), "train-images-idx3-ubyte: expected at least 128 images"),
        (128, 0, "t10k-images-idx3-ubyte: expected at least 1 images"),
      ] {
        try write("train", training)
        try write("t10k", test)
        let error = #expect(throws: ImageDataError.self) {
          try GarmentClassifier.train(folder: folder.path, side: 8, epochs: 1, seed: 1) { _ in }
        }
        #expect(error?.description.contains("found \(training < 128 ? training : test)") == true)
        #expect(error?.description.contains(expected) == true, "\(String(describing: error))")
      }
    }

    @Test("a classifier whose accuracy is not a number is not written")
    func accuracyNotFinite() throws {
      let path = folder.file("classifier.safetensors")
      let classifier = try GarmentClassifier(side: 8, seed: 1)
      #expect(throws: TorchError.self) { try classifier.write(to: path, testAccuracy: .nan, seed: 1) }
      #expect(!FileManager.default.fileExists(atPath: path))
    }
  }
}
