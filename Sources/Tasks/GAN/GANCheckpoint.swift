import Engine
import PBTNAS
import Torch

/// A GAN's state in a checkpoint file: both networks, the generator's averages, and the optimisers' moments.
enum GANCheckpoint {
  /// The header's `task`.
  static let task = "gan"

  /// Writes everything; without optimiser state for a network that has not been trained.
  static func write(_ training: AdversarialTraining, genome: Genome, withOptimizer: Bool, to path: String)
    throws
  {
    try state(of: training).write(
      task: task, sizes: training.networks.sizes, genome: genome, withOptimizer: withOptimizer, to: path)
  }

  /// Reads a file into networks of the same genome and sizes. Optimiser state that is not in the file stays zero.
  static func read(_ path: String, into training: AdversarialTraining) throws {
    try state(of: training).read(path)
  }

  private static func state(of training: AdversarialTraining) -> TrainingState {
    TrainingState(
      store: training.networks.store, average: training.average,
      optimizers: [training.generatorOptimizer, training.discriminatorOptimizer])
  }
}

/// A generator read from a checkpoint, with its averaged weights: what a search leaves to be used.
public struct TrainedGenerator {
  /// The networks' sizes.
  public let sizes: GANSizes
  private let generator: GanGenerator

  /// Reads the averaged generator of a checkpoint.
  ///
  /// - Throws: ``SafetensorsError``, ``CheckpointError``, ``HeaderError`` or ``TorchError`` if the file is
  ///   not such a one.
  public init(path: String) throws {
    let checkpoint = try Checkpoint(path: path)
    sizes = try TrainingState.sizes(of: checkpoint, task: GANCheckpoint.task)
    let name = { (name: String, isBuffer: Bool) in
      isBuffer ? name : TensorName.average(of: name).string
    }
    let store = try ParameterStore(for: checkpoint.file, memoryFormat: .channelsLast, names: name)
    generator = try GanGenerator(store.root / "generator", genome: checkpoint.genome, sizes)
    for entry in store.entries {
      try checkpoint.file.load(name(entry.name, entry.isBuffer), into: entry.tensor)
    }
  }

  /// New images, [count, channels, resolution, resolution] in -1...1; the same for the same seed.
  ///
  /// - Throws: ``TorchError`` if there are to be none, or more than a million.
  public func sample(_ count: Int, seed: UInt64) throws -> Tensor {
    guard (1...1_000_000).contains(count) else {
      throw TorchError("\(count) images are asked for; expected a number from 1 to 1000000")
    }
    return try sampleImages(generator, sizes, count, seed: seed)
  }
}

/// Samples of a generator in evaluation mode, a batch at a time, [count, channels, resolution, resolution], on the CPU.
///
/// - Parameter report: is called with the number of samples made so far.
func sampleImages(
  _ generator: GanGenerator, _ sizes: GANSizes, _ count: Int, seed: UInt64, on device: Device = .cpu,
  report: (Int) -> Void = { _ in }
) throws -> Tensor {
  let random = try RandomGenerator(seed: seed)
  let latents = try Tensor.randn([count, sizes.latentLength], generator: random)
  let batch = 200
  return try withoutGradient {
    try Tensor.cat(
      stride(from: 0, to: count, by: batch).map { start in
        let length = min(batch, count - start)
        let part = try latents.narrow(dim: 0, start: start, length: length)
        let images = try generator(part.to(device), training: false).to(.cpu)
        report(start + length)
        return images
      })
  }
}

extension Picture {
  /// A grid of images [N, channels, side, side] in -1...1, as square as can be, magnified so that each is about 64 pixels wide.
  public static func grid(of images: Tensor) throws -> Picture {
    guard images.shape.count == 4, images.shape[2] == images.shape[3] else {
      throw PictureShapeError("images of the shape \(images.shape); expected [count, channels, side, side]")
    }
    let (count, channels, side) = (images.shape[0], images.shape[1], images.shape[2])
    let bytes = try ((images + 1) * 127.5).clamp(min: 0, max: 255).permute(dims: [0, 2, 3, 1])
      .add(0.5).to(.uint8).array(of: UInt8.self)
    return try grid(
      of: bytes, count: count, width: side, height: side, channels: channels,
      columns: Int(Double(count).squareRoot().rounded(.up)), scale: max(1, 64 / max(1, side)))
  }
}
