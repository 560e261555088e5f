import Engine
import Files
import Foundation
import PBTNAS
import Safetensors
import Torch

/// What training changes, in a checkpoint file: a network's tensors, averaged copies, and the optimisers'
/// moments.
struct TrainingState {
  /// Parameters and buffers.
  let store: ParameterStore
  /// The averaged copies.
  let average: MovingAverage
  /// What trains the parameters.
  let optimizers: [AdamW]

  /// The header's text that names the task.
  private static let taskKey = "task"
  /// The header's text with the networks' sizes.
  static let sizesKey = "sizes"

  /// Writes everything; without optimiser state for a network that has not been trained.
  ///
  /// - Parameters:
  ///   - attachments: the names of files that belong to the checkpoint.
  ///   - texts: further texts of the header.
  func write(
    task: String, sizes: some Encodable, genome: Genome, withOptimizer: Bool,
    attachments: [String] = [], texts: [String: String] = [:], to path: String
  ) throws {
    // In a fixed order, so that equal networks make equal files.
    let encoder = JSONEncoder()
    encoder.outputFormatting = .sortedKeys
    let own = [Self.taskKey: task, Self.sizesKey: String(decoding: try encoder.encode(sizes), as: UTF8.self)]
    let metadata = try Checkpoint.metadata(
      genome: genome, buffers: store.entries.filter(\.isBuffer).map(\.name),
      attachments: attachments, own: texts.merging(own) { _, own in own })
    var tensors = store.entries.map { (name: $0.name, tensor: $0.tensor) } + averages
    if withOptimizer { tensors += optimizerState }
    try SafetensorsFile.write(tensors, metadata: metadata, to: path)
  }

  /// Reads a file of the same network. Optimiser state that is not in the file stays zero.
  func read(_ path: String) throws {
    let file = try SafetensorsFile(path: path)
    for entry in store.entries { try file.load(entry.name, into: entry.tensor) }
    for (name, tensor) in averages { try file.load(name, into: tensor) }
    for (name, tensor) in optimizerState where file[name] != nil { try file.load(name, into: tensor) }
  }

  /// The networks' sizes in a checkpoint of a task.
  ///
  /// - Throws: ``TorchError`` if it is of another task; ``HeaderError`` if no settings allow such sizes, or
  ///   the genome is not one of such networks.
  static func sizes<Sizes: NetworkSizes>(of checkpoint: Checkpoint, task: String) throws -> Sizes {
    let file = checkpoint.file
    let found = file.metadata[taskKey]
    guard found == task else {
      let other = found.map { "one of `\($0.printable(80))`" } ?? "a file that names none"
      throw TorchError("\(file.path): expected a checkpoint of the task `\(task)`, found \(other)")
    }
    guard let text = file.metadata[sizesKey] else {
      throw TorchError(
        "\(file.path): the header's `\(sizesKey)` is missing; expected the networks' sizes in JSON, as training writes them"
      )
    }
    guard let sizes = try? JSONDecoder().decode(Sizes.self, from: Data(text.utf8)) else {
      throw HeaderError.badText(
        path: file.path, key: sizesKey, found: text, expected: Sizes.textDescription)
    }
    try sizes.check(path: file.path)
    do {
      try sizes.genes.check(checkpoint.genome)
    } catch {
      throw HeaderError.badGenome(path: file.path, error)
    }
    return sizes
  }

  private var averages: [(name: String, tensor: Tensor)] {
    zip(average.parameters, average.averages).map { parameter, tensor in
      (name: TensorName.average(of: parameter.name).string, tensor: tensor)
    }
  }

  private var optimizerState: [(name: String, tensor: Tensor)] {
    optimizers.flatMap(\.state).map { part in
      (name: TensorName.optimizerState(of: part.parameter, key: part.key).string, tensor: part.tensor)
    }
  }
}
