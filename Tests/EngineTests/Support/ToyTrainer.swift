import Foundation
import PBTNAS
import Safetensors

@testable import Engine

/// A trainer of made-up networks in this process. Everything follows from genome, checkpoint and seed.
///
/// Gene 0 decides whether a layer exists and how wide it is; gene 1 owns nothing but decides, with gene 0, about a layer that no gene owns:
/// so an offspring can need a tensor that neither parent has.
final class ToyTrainer: Trainer {
  let searchSpace = SearchSpace(
    genes: [
      Gene(name: "g0", options: ["none", "small", "wide"], owns: ["net.g0"]),
      Gene(name: "g1", options: ["a", "b"], owns: []),
      Gene(name: "g2", options: ["x", "y", "z"], owns: ["net.g2", "net.skip2"]),
      Gene(name: "g3", options: ["x", "y"], owns: ["net.g3"]),
    ], hyperparameters: ["rate", "momentum"])

  /// Whether training leaves attachments, of which a network keeps the last three.
  enum Attachments: Sendable {
    case none
    case some
    /// All members share them: each adds one and releases all but the last twelve.
    case shared
    /// As ``some``, but the jobs whose output's path has a text in it lose theirs.
    case lost(String)
    /// The same of ``shared``.
    case lostShared(String)
  }

  /// What an evaluation shows of a network where a job wants it.
  enum Shows: Sendable {
    case nothing
    /// A text file.
    case text
    /// Nothing, since it has no pencil.
    case problem
  }

  /// The words of an attachment: enough to be larger than a checkpoint many times.
  private static let attachmentLength = 4096

  private let attaches: Attachments
  private let shows: Shows
  var showsBest: Bool { if case .nothing = shows { false } else { true } }

  init(attaches: Attachments = .none, shows: Shows = .nothing) {
    self.attaches = attaches
    self.shows = shows
  }

  private typealias Values = [String: (dtype: DType, shape: [Int], values: [Float])]

  private static func layers(_ genome: Genome) -> [(name: String, width: Int)] {
    let choices = genome.choices
    var layers = [("net.stem", 4), ("net.g2", 3), ("net.skip2", 2 + choices[2]), ("net.g3", 5)]
    if choices[0] > 0 { layers.append(("net.g0", 2 * choices[0])) }
    if choices[0] > 0 && choices[1] == 1 { layers.append(("net.extra", 3)) }
    return layers
  }

  func initialise(_ job: InitialiseJob) throws {
    var tensors: Values = [:]
    for (layer, width) in Self.layers(job.genome) {
      for (name, shape) in [("\(layer).weight", [width, 3]), ("\(layer).bias", [3])] {
        var random = SeededGenerator(seed: job.seed ^ Self.hash(name))
        let values = (0..<shape.reduce(1, *)).map { _ in Float(2 * random.uniform() - 1) }
        tensors[name] = (.float32, shape, values)
        tensors["average.\(name)"] = (.float32, shape, values)
      }
      tensors["\(layer).running_mean"] = (.float32, [width], Array(repeating: 0, count: width))
    }
    try Self.write(tensors, genome: job.genome, to: job.output)
  }

  func train(_ job: TrainJob, progress: (TrainingProgress) -> Void) throws -> TrainingResult {
    var tensors = try Self.read(job.checkpoint)
    let (seed, attachments, shares, releases) = try attach(job)
    for name in tensors.keys.sorted() where name.hasPrefix("net.") {
      Self.train(
        name, in: &tensors, seed: seed, rate: Float(job.hyperparameters?["rate"] ?? 1),
        momentum: Float(job.hyperparameters?["momentum"] ?? 0.9))
    }
    progress(TrainingProgress(fraction: 0.5, samplesPerSecond: 100))
    try Self.write(tensors, genome: job.genome, attachments: attachments, to: job.output)
    var result = try evaluate(
      EvaluateJob(genome: job.genome, checkpoint: job.output, seed: job.evaluationSeed, artifacts: nil))
    (result.shares, result.releases) = (shares, releases)
    return result
  }

  func evaluate(_ job: EvaluateJob, progress: (TrainingProgress) -> Void) throws -> TrainingResult {
    let tensors = try Self.read(job.checkpoint)
    progress(TrainingProgress(fraction: 0.25, samplesPerSecond: 50))
    let weights = tensors.keys.sorted().filter { $0.hasPrefix("net.") }.flatMap { tensors[$0]?.values ?? [] }
    let distance = weights.reduce(0) { $0 + abs(Double($1) - 0.2) } / Double(weights.count)
    var result = TrainingResult(
      fitness: 0.02 * Double(job.genome.choices.reduce(0, +)) - distance,
      metrics: ["mean_weight": Double(weights.reduce(0, +))], files: [], seconds: 0.001)
    switch (shows, job.artifacts) {
    case (.text, let path?):
      result.files = ["\(path).txt"]
      try "fitness \(result.fitness)".write(toFile: result.files[0], atomically: true, encoding: .utf8)
    case (.problem, _?): result.artifactsProblem = "there is no pencil"
    default: break
    }
    return result
  }

  /// Reads the attachments and adds one.
  ///
  /// - Returns: a seed that follows from the job's and from every byte of the attachments, the names that
  ///   belong to the result, and what it says of shared ones.
  private func attach(
    _ job: TrainJob
  ) throws -> (seed: UInt64, attachments: [String], shares: [String]?, releases: [String]?) {
    if case .none = attaches { return (job.seed, [], nil, nil) }
    guard let path = job.attachments else { throw JobFailed("no folder for attachments") }
    let folder = AttachmentFolder(path: path)
    let shared = Array((job.sharedAttachments ?? []).joined())
    let old = try Checkpoint(path: job.checkpoint).attachments + shared
    let seed = try old.reduce(job.seed) { seed, name in
      try Data(contentsOf: URL(fileURLWithPath: folder.path(of: name))).withUnsafeBytes { bytes in
        bytes.bindMemory(to: UInt64.self).reduce(seed) { ($0 ^ $1) &* 0x100_0000_01B3 }
      }
    }
    // There are many more of those that are shared, and everybody reads them all.
    let isShared =
      switch attaches {
      case .shared, .lostShared: true
      case .none, .some, .lost: false
      }
    let length = isShared ? Self.attachmentLength / 8 : Self.attachmentLength
    let name = try folder.add(extension: "toy") { path in
      var random = SeededGenerator(seed: seed)
      let words = (0..<length).map { _ in random.next() }
      try words.withUnsafeBytes { try Data($0).write(to: URL(fileURLWithPath: path)) }
    }
    switch attaches {
    case .lost(let text) where job.output.contains(text),
      .lostShared(let text) where job.output.contains(text):
      try FileManager.default.removeItem(atPath: folder.path(of: name))
    default: break
    }
    if isShared { return (seed, [], [name], shared.dropLast(12)) }
    return (seed, (old + [name]).suffix(3), nil, nil)
  }

  private static func train(
    _ name: String, in tensors: inout Values, seed: UInt64, rate: Float, momentum: Float
  ) {
    guard let (dtype, shape, untrained) = tensors[name] else { return }
    var values = untrained
    defer { tensors[name] = (dtype, shape, values) }
    if name.hasSuffix("running_mean") {
      values = values.map { $0 + 0.25 }
      return
    }
    var random = SeededGenerator(seed: seed ^ hash(name))
    let state = "optimizer.\(name).exp_avg"
    let old = tensors[state]?.values ?? Array(repeating: 0, count: values.count)
    let moments = old.map { momentum * $0 + Float(random.uniform() - 0.45) * 0.1 }
    values = zip(values, moments).map { $0 - rate * $1 }
    let average = tensors["average.\(name)"]?.values ?? values
    tensors["average.\(name)"] = (dtype, shape, zip(average, values).map { 0.5 * $0 + 0.5 * $1 })
    tensors[state] = (dtype, shape, moments)
    tensors["optimizer.\(name).step"] = (
      .float32, [], [(tensors["optimizer.\(name).step"]?.values[0] ?? 0) + 1]
    )
  }

  private static func hash(_ name: String) -> UInt64 {
    name.utf8.reduce(0xCBF2_9CE4_8422_2325) { ($0 ^ UInt64($1)) &* 0x100_0000_01B3 }
  }

  private static func write(
    _ tensors: Values, genome: Genome, attachments: [String] = [], to path: String
  ) throws {
    try writeCheckpoint(
      tensors.sorted { $0.key < $1.key }.map {
        ToyTensor(name: $0.key, shape: $0.value.shape, values: $0.value.values)
      },
      genome: genome, attachments: attachments, to: path)
  }

  private static func read(_ path: String) throws -> Values {
    let file = try Checkpoint(path: path).file
    return Dictionary(
      uniqueKeysWithValues: file.tensors.map { tensor in
        (tensor.name, (tensor.dtype, tensor.shape, file.values(of: tensor, as: Float.self)))
      })
  }
}

/// A float32 tensor of a test.
struct ToyTensor {
  var name: String
  var shape: [Int]
  var values: [Float]
}

/// Writes a checkpoint; tensors whose names end in `running_mean` are its buffers.
func writeCheckpoint(
  _ tensors: [ToyTensor], genome: Genome, attachments: [String] = [], to path: String
) throws {
  let buffers = tensors.map(\.name).filter { $0.hasSuffix("running_mean") }
  let writer = try SafetensorsWriter(
    path: path, tensors: tensors.map { .init(name: $0.name, dtype: .float32, shape: $0.shape) },
    metadata: try Checkpoint.metadata(
      genome: genome, buffers: buffers, attachments: attachments, own: ["task": "toy"]))
  for tensor in tensors { try tensor.values.withUnsafeBytes { try writer.write($0) } }
  try writer.finish()
}

extension SafetensorsFile {
  /// A tensor's elements.
  func values<Element: BitwiseCopyable>(of tensor: TensorInfo, as type: Element.Type) -> [Element] {
    withBytes(of: tensor) { bytes in
      (0..<bytes.count / MemoryLayout<Element>.size).map {
        bytes.loadUnaligned(fromByteOffset: $0 * MemoryLayout<Element>.size, as: Element.self)
      }
    }
  }

  /// A tensor's bytes.
  func data(_ name: String) -> Data? { self[name].map { withBytes(of: $0) { Data($0) } } }
}
