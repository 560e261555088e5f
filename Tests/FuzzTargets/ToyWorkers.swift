import Engine
import Foundation
import PBTNAS
import Safetensors

/// Workers in this process whose networks are one small tensor.
struct ToyWorkers: Executor {
  /// Asked before each job; what it throws is the job's end.
  var before: @Sendable (Job) throws -> Void = { _ in }

  static let settings = RunSettings(
    task: "toy", method: MethodSettings(populationSize: 4, intervals: 3), retries: 0)

  func start(lost: @Sendable (WorkerLost) throws -> Void) -> Announcement {
    Announcement(
      searchSpace: SearchSpace(
        genes: [
          Gene(name: "width", options: ["small", "large"], owns: ["net.layer"]),
          Gene(name: "depth", options: ["1", "2", "3"], owns: []),
        ]))
  }

  func stop() {}

  func run(
    _ job: Job, started: @escaping @Sendable () -> Void,
    progress: @escaping @Sendable (TrainingProgress) -> Void
  ) throws -> FinishedJob {
    try before(job)
    started()
    let now = ContinuousClock.now
    return FinishedJob(result: try perform(job), start: now, end: now)
  }

  private func perform(_ job: Job) throws -> TrainingResult? {
    switch job {
    case .initialise(let job):
      try write(job.genome, seed: job.seed, to: job.output)
      return nil
    case .train(let job):
      _ = try Checkpoint(path: job.checkpoint)
      try write(job.genome, seed: job.seed, to: job.output)
      return result(of: job.genome, seed: job.seed)
    case .evaluate(let job):
      _ = try Checkpoint(path: job.checkpoint)
      return result(of: job.genome, seed: job.seed)
    }
  }

  private func result(of genome: Genome, seed: UInt64) -> TrainingResult {
    TrainingResult(fitness: Double(seed % 1000) / 1000, metrics: ["loss": 0.5], files: [], seconds: 0.1)
  }

  private func write(_ genome: Genome, seed: UInt64, to path: String) throws {
    let length = genome.choices.first == 0 ? 2 : 4
    let writer = try SafetensorsWriter(
      path: path, tensors: [.init(name: "net.layer.weight", dtype: .float32, shape: [length])],
      metadata: Checkpoint.metadata(genome: genome, buffers: []))
    let values = (0..<length).map { Float((seed >> (8 * UInt64($0))) & 255) / 255 }
    try values.withUnsafeBytes { try writer.write($0) }
    try writer.finish()
  }
}
