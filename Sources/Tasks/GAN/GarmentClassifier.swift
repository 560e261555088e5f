import Foundation
import PBTNAS
import Safetensors
import Torch

/// A small convolutional network that tells Fashion-MNIST's classes apart. The outputs of its second-last layer are the features of the
/// Fréchet classifier distance.
public final class GarmentClassifier {
  /// The length of a feature vector.
  static let featureCount = 64
  /// The header's `format` of a file with its weights.
  private static let format = "pbtnas-classifier-1"

  /// The width and height of the images.
  public let side: Int
  private let store: ParameterStore
  private let conv1: Conv2d
  private let conv2: Conv2d
  private let conv3: Conv2d
  private let hidden: Linear
  private let output: Linear

  /// Makes a classifier with fresh weights.
  ///
  /// - Parameter side: the images' width and height, a multiple of 4.
  convenience init(side: Int, seed: UInt64) throws {
    try self.init(side: side, in: ParameterStore(seed: seed, memoryFormat: .channelsLast))
  }

  private init(side: Int, in store: ParameterStore) throws {
    self.side = side
    self.store = store
    let root = store.root
    conv1 = try Conv2d(root / "conv1", ConvolutionShape(inputs: 1, outputs: 32, kernel: 3))
    conv2 = try Conv2d(root / "conv2", ConvolutionShape(inputs: 32, outputs: 48, kernel: 3))
    conv3 = try Conv2d(root / "conv3", ConvolutionShape(inputs: 48, outputs: 48, kernel: 3))
    hidden = try Linear(root / "hidden", inputs: 48 * (side / 4) * (side / 4), outputs: Self.featureCount)
    output = try Linear(root / "output", inputs: Self.featureCount, outputs: 10)
  }

  /// images: [N, 1, side, side] in -1...1 -> features [N, 64].
  func features(_ images: Tensor) throws -> Tensor {
    let low = try conv1(images).relu().maxPool2d(kernel: [2, 2], stride: [2, 2])
    let middle = try conv2(low).relu().maxPool2d(kernel: [2, 2], stride: [2, 2])
    return try hidden(conv3(middle).relu().flatten(startDim: 1)).relu()
  }

  /// images: [N, 1, side, side] -> logits [N, 10].
  func callAsFunction(_ images: Tensor) throws -> Tensor {
    try output(features(images))
  }

  /// How many images are looked at together: enough for speed, few enough for the memory.
  private static let batch = 500

  /// The features of all images of a set, [N, 64], a batch at a time.
  func features(of set: ImageSet) throws -> Tensor {
    try withoutGradient {
      try Tensor.cat(set.mapBatches(of: Self.batch) { images, _ in try features(images) })
    }
  }

  /// The features of images [N, 1, side, side] -> [N, 64], a batch at a time.
  func features(ofAll images: Tensor) throws -> Tensor {
    let count = images.shape[0]
    return try withoutGradient {
      try Tensor.cat(
        stride(from: 0, to: count, by: Self.batch).map { begin in
          try features(images.narrow(dim: 0, start: begin, length: min(Self.batch, count - begin)))
        })
    }
  }
}

// MARK: Training

extension GarmentClassifier {
  /// What training has come to.
  public struct Progress: Sendable {
    /// Passes over the training images so far.
    public let epoch: Int
    /// The mean loss of the last pass.
    public let loss: Double
    /// The share of test images whose class is found.
    public let testAccuracy: Double
  }

  /// Trains a classifier from scratch: AdamW, its learning rate falling to zero along half a cosine, every other batch mirrored.
  ///
  /// - Parameters:
  ///   - folder: the data set's folder.
  ///   - report: called after every pass over the training images.
  public static func train(
    folder: String, side: Int, epochs: Int, seed: UInt64, report: (Progress) -> Void
  ) throws -> GarmentClassifier {
    let training = try ImageSet(FashionMNIST(folder: folder, .training), side: side)
    let test = try ImageSet(FashionMNIST(folder: folder, .test), side: side)
    let batch = 128
    for (part, count, least) in [(FashionMNIST.Part.training, training.count, batch), (.test, test.count, 1)]
    where count < least {
      throw ImageDataError(
        FashionMNIST.files(folder, part).images,
        .mismatch("expected at least \(least) images to train or test a classifier with, found \(count)"))
    }
    let classifier = try GarmentClassifier(side: side, seed: seed)
    let parameters = classifier.store.entries
    let optimizer = try AdamW(parameters, AdamW.Settings(learningRate: 2e-3, weightDecay: 1e-2))
    let tensors = parameters.map(\.tensor)
    let steps = epochs * (training.count / batch)
    var sampler = BatchSampler(count: training.count, seed: seed)
    var step = 0
    for epoch in 1...epochs {
      var loss = 0.0
      for _ in 0..<training.count / batch {
        optimizer.settings.learningRate = 1e-3 * (1 + cos(.pi * Double(step) / Double(steps)))
        let (images, labels) = try training.batch(sampler.next(batch))
        let mirrored = step.isMultiple(of: 2) ? images : try images.flip(dims: [3])
        let batchLoss = try withPrecision(.bfloat16) {
          try classifier(mirrored).to(.float32).crossEntropyLoss(labels)
        }
        try optimizer.step(batchLoss.gradients(of: tensors))
        loss += try batchLoss.item()
        step += 1
      }
      guard loss.isFinite else {
        throw TorchError("the classifier's loss is not finite in epoch \(epoch): try another seed")
      }
      report(
        Progress(
          epoch: epoch, loss: loss / Double(training.count / batch),
          testAccuracy: try classifier.accuracy(on: test)))
    }
    return classifier
  }

  /// The share of images whose class is found.
  func accuracy(on set: ImageSet) throws -> Double {
    let correct = try withoutGradient {
      try set.mapBatches(of: Self.batch) { images, labels in
        try self(images).argmax(dim: 1).eq(labels).sum().item()
      }
    }
    return correct.reduce(0, +) / Double(set.count)
  }
}

// MARK: Files

extension GarmentClassifier {
  /// The classifier that comes with the package.
  ///
  /// - Throws: ``SafetensorsError`` if its file is missing or damaged.
  static func bundled() throws -> GarmentClassifier { try GarmentClassifier(path: bundledPath) }

  private static var bundledPath: String {
    "\(Bundle.module.resourcePath ?? ".")/fashion-mnist-classifier.safetensors"
  }

  /// A classifier's file, of which the weights have not been read.
  ///
  /// - Parameter path: nil for the classifier that comes with the package.
  /// - Throws: ``TorchError`` or ``SafetensorsError`` if it is not for images of that size, or is no such file.
  static func file(path: String?, for resolution: Int) throws -> SafetensorsFile {
    let file = try SafetensorsFile(path: path ?? bundledPath)
    let side = try side(of: file)
    guard side == resolution else {
      throw TorchError(
        "the classifier \(path ?? "that comes with pbtnas") is for images of \(side)x\(side), the networks make "
          + "\(resolution)x\(resolution); train one by `pbtnas train-classifier --side \(resolution)` and name its file as `gan.classifier`"
      )
    }
    return file
  }

  /// The width and height of the images that a file's classifier is for.
  private static func side(of file: SafetensorsFile) throws -> Int {
    guard file.metadata["format"] == format, let side = file.metadata["side"].flatMap(Int.init) else {
      throw TorchError("\(file.path): expected a classifier made by `pbtnas train-classifier`")
    }
    guard GANSizes.resolutions.contains(side) else {
      throw HeaderError.badText(path: file.path, key: "side", found: "\(side)", expected: "8, 16 or 32")
    }
    return side
  }

  /// Reads a classifier that ``write(to:testAccuracy:seed:)`` has written.
  ///
  /// - Throws: ``SafetensorsError`` or ``TorchError`` if the file is not such a one.
  public convenience init(path: String) throws {
    try self.init(SafetensorsFile(path: path))
  }

  /// Reads the weights of a classifier's file.
  convenience init(_ file: SafetensorsFile) throws {
    try self.init(
      side: Self.side(of: file), in: ParameterStore(for: file, memoryFormat: .channelsLast))
    for entry in store.entries { try file.load(entry.name, into: entry.tensor) }
  }

  /// Writes the weights, in float32, with what is known of them.
  ///
  /// - Throws: ``TorchError`` if the accuracy is not finite; ``SafetensorsError`` if the file cannot be
  ///   written.
  public func write(to path: String, testAccuracy: Double, seed: UInt64) throws {
    guard testAccuracy.isFinite else {
      throw TorchError("\(path): a classifier's test accuracy is \(testAccuracy); expected a number in 0...1")
    }
    let metadata = [
      "format": Self.format, "side": String(side), "test_accuracy": String(testAccuracy),
      "seed": String(seed),
    ]
    try SafetensorsFile.write(
      store.entries.map { (name: $0.name, tensor: $0.tensor) }, metadata: metadata, to: path)
  }
}
