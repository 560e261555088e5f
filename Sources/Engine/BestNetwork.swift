import Foundation
import PBTNAS
import Safetensors

/// The best network of a run.
public struct BestNetwork: Codable, Hashable, Sendable {
  /// The member that had it.
  public var member: Int
  /// At the end of which interval.
  public var interval: Int
  /// Its fitness.
  public var fitness: Double
  /// Its genome.
  public var genome: Genome
  /// The digest of its file.
  var digest: String?

  /// Writes the network to a file of its own: a checkpoint without optimiser state and attachments, with
  /// fitness and the options' names in its header.
  func write(checkpoint path: String, space: SearchSpace, to target: String) throws {
    let source = try Checkpoint(path: path)
    let tensors = source.networkTensors
    let writer = try SafetensorsWriter(
      path: target, tensors: tensors.map { .init(name: $0.name, dtype: $0.dtype, shape: $0.shape) },
      metadata: source.productTexts(fitness: fitness, space))
    for tensor in tensors { try writer.copy(tensor, of: source.file) }
    try writer.finish()
  }
}

extension Checkpoint {
  /// The header's texts of a network that is handed over: without attachments, with fitness and the options' names.
  func productTexts(fitness: Double, _ space: SearchSpace) -> [String: String] {
    var texts = file.metadata
    texts[Self.attachmentsKey] = nil
    texts["fitness"] = String(fitness)
    texts["architecture"] = space.optionNames(of: genome).map { "\($0.gene)=\($0.option)" }
      .joined(separator: " ")
    return texts
  }
}
