import Files
import PBTNAS
import Safetensors

/// Why a checkpoint cannot be used.
public struct CheckpointError: Error, Hashable, Sendable {
  /// What is wrong.
  public enum Reason: Hashable, Sendable {
    /// The header lacks a text.
    case missingText(String)
    /// A text of the header cannot be read.
    case badText(String, String)
    /// The file has another format.
    case format(String)
    /// It is not the network that was asked for.
    case wrongGenome(expected: Genome, found: Genome)
    /// A tensor has not the same element type in all networks that share it, or one that cannot be computed with.
    case elementType(tensor: String, [DType])
    /// Training has lost a tensor.
    case missingTensor(String)
    /// Training has added a tensor.
    case extraTensor(String)
    /// Training has changed a tensor's shape.
    case shape(tensor: String, expected: [Int], found: [Int])
    /// Training has changed which tensors are buffers.
    case buffers([String])
    /// The header lists an attachment by a name that none can have.
    case attachmentName(String)
    /// A file that the header lists is missing or damaged.
    case attachment(String, damage: String)
    /// Somebody touched it while a job used it.
    case touched
  }

  /// The file.
  public let path: String
  /// What is wrong.
  public let reason: Reason

  init(_ path: String, _ reason: Reason) {
    self.path = path
    self.reason = reason
  }
}

extension CheckpointError: CustomStringConvertible {
  /// The file, what is wrong, and what was expected, as a sentence.
  public var description: String { sentence.printable(2_000) }

  private var sentence: String {
    switch reason {
    case .missingText(let key):
      "\(path): the header has no `\(key)`; a checkpoint's header needs format, genome and buffers"
    case .badText(let key, let text):
      "\(path): the header's `\(key)` is `\(text.prefix(80))`, which is not the JSON array expected"
    case .format(let found):
      "\(path): its format is `\(found)`, expected `\(Checkpoint.format)`"
    case .wrongGenome(let expected, let found):
      "\(path): the trainer wrote genome \(found.choices), where \(expected.choices) was asked for"
    case .elementType(let tensor, let types):
      "\(path): tensor `\(tensor)` has element types \(types.map(\.rawValue).joined(separator: ", ")) in the networks that share it; "
        + "expected one type in all, and a floating-point one for weights"
    case .missingTensor(let name):
      "\(path): tensor `\(name)` is missing; expected all tensors that the network had before training"
    case .extraTensor(let name):
      "\(path): there is a tensor `\(name)`; expected only those that the network had before training, and `optimizer.<parameter>.<key>`"
    case .shape(let tensor, let expected, let found):
      "\(path): tensor `\(tensor)` has shape \(found); expected \(expected), as before training"
    case .buffers(let names):
      "\(path): the header's `buffers` differ from those before training in \(names.joined(separator: ", "))"
    case .attachmentName(let name):
      "\(path): the header lists an attachment `\(name.prefix(80))`; "
        + "expected the 32 hexadecimal digits of its content's XXH3 digest, a dot and an extension"
    case .attachment(let name, let damage):
      "\(path): its attachment `\(name)` is not what the name says: \(damage)"
    case .touched:
      "\(path) was changed, or made again, while it was in use; expected nobody but the run to write there"
    }
  }
}
