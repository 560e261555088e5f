import Engine
import Foundation
import PBTNAS
import Safetensors

/// A trainer that does nothing: training gives a checkpoint a second name, and fitness follows from the seed.
final class NoOpTrainer: Trainer {
  let searchSpace = SearchSpace(
    genes: (0..<8).map { Gene(name: "g\($0)", options: ["a", "b", "c", "d"], owns: ["net.layer\($0)"]) })

  /// A network of eight layers with four weights each.
  func initialise(_ job: InitialiseJob) throws {
    let names = (0..<8).map { "net.layer\($0).weight" }
    let writer = try SafetensorsWriter(
      path: job.output, tensors: names.map { .init(name: $0, dtype: .float32, shape: [4]) },
      metadata: Checkpoint.metadata(genome: job.genome, buffers: []))
    for index in names.indices {
      let values = (0..<4).map { Float((job.seed >> UInt64(4 * index + $0)) & 15) / 16 }
      try values.withUnsafeBytes { try writer.write($0) }
    }
    try writer.finish(waitsForDisk: false)
  }

  func train(_ job: TrainJob, progress: (TrainingProgress) -> Void) throws -> TrainingResult {
    guard link(job.checkpoint, job.output) == 0 else {
      throw POSIXError(POSIXErrorCode(rawValue: errno) ?? .EIO)
    }
    return TrainingResult(
      fitness: Double(job.seed % 1_000_003), metrics: ["loss": 0.5], files: [], seconds: 0)
  }

  func evaluate(_ job: EvaluateJob, progress: (TrainingProgress) -> Void) throws -> TrainingResult {
    TrainingResult(fitness: Double(job.seed % 1_000_003), metrics: [:], files: [], seconds: 0)
  }
}
