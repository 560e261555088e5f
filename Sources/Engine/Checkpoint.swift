import Foundation
import PBTNAS
import Safetensors

/// A member's weights in a safetensors file, as trainers write it.
///
/// Header texts: `format` = ``format``, `genome` = a JSON array of option indices, `buffers` = a JSON array of the names of tensors that are statistics,
/// not weights, and, where the network has any, `attachments` = a JSON array of names in the run's
/// ``AttachmentFolder``, in the trainer's order. Further texts are the trainer's own. An offspring has its
/// base parent's texts, and so its attachments.
public struct Checkpoint: Sendable {
  /// The value of the header's `format`.
  public static let format = "pbtnas-checkpoint-1"

  /// The file.
  public let file: SafetensorsFile
  /// The option of every gene.
  public let genome: Genome
  /// What the file holds.
  public let contents: CheckpointContents
  /// The files that belong to it, by their names in the run's ``AttachmentFolder``.
  public let attachments: [String]
  static let attachmentsKey = "attachments"

  /// Opens a checkpoint.
  ///
  /// - Throws: ``SafetensorsError``, or ``CheckpointError`` if the header's texts are not those of a checkpoint.
  public init(path: String) throws {
    file = try SafetensorsFile(path: path)
    let metadata = file.metadata
    func text(_ key: String) throws -> String {
      guard let text = metadata[key] else { throw CheckpointError(path, .missingText(key)) }
      return text
    }
    let format = try text("format")
    guard format == Self.format else { throw CheckpointError(path, .format(format)) }
    genome = try Self.decode(text("genome"), "genome", path)
    let buffers: Set<String> = try Self.decode(text("buffers"), "buffers", path)
    attachments =
      try metadata[Self.attachmentsKey].map { try Self.decode($0, Self.attachmentsKey, path) } ?? []
    if let name = attachments.first(where: { AttachmentFolder.digest(in: $0) == nil }) {
      throw CheckpointError(path, .attachmentName(name))
    }
    contents = CheckpointContents(
      tensors: file.tensors.map {
        TensorDescription(name: $0.name, shape: $0.shape, isFloatingPoint: $0.dtype.isFloatingPoint)
      }, buffers: buffers)
  }

  private static func decode<Value: Decodable>(_ text: String, _ key: String, _ path: String) throws -> Value
  {
    do {
      return try JSONDecoder().decode(Value.self, from: Data(text.utf8))
    } catch {
      throw CheckpointError(path, .badText(key, text))
    }
  }

  /// The header's texts of a checkpoint.
  ///
  /// - Parameters:
  ///   - attachments: the names of the files that belong to it, as ``AttachmentFolder/add(extension:_:)``
  ///     gave them.
  ///   - own: the trainer's further texts.
  public static func metadata(
    genome: Genome, buffers: [String], attachments: [String] = [], own: [String: String] = [:]
  ) throws -> [String: String] {
    let encoder = JSONEncoder()
    encoder.outputFormatting = [.sortedKeys, .withoutEscapingSlashes]
    var texts = own
    texts["format"] = format
    texts["genome"] = String(decoding: try encoder.encode(genome), as: UTF8.self)
    texts["buffers"] = String(decoding: try encoder.encode(buffers), as: UTF8.self)
    if !attachments.isEmpty {
      texts[attachmentsKey] = String(decoding: try encoder.encode(attachments), as: UTF8.self)
    }
    return texts
  }

  /// Checks that this can be what training made of another checkpoint: the same network, with whatever optimiser state its parameters need.
  ///
  /// - Throws: ``CheckpointError`` that names the first tensor which is missing, extra or has another shape or element type.
  func check(continues start: Checkpoint) throws(CheckpointError) {
    func wrong(_ reason: CheckpointError.Reason) -> CheckpointError { CheckpointError(file.path, reason) }
    guard genome == start.genome else {
      throw wrong(.wrongGenome(expected: start.genome, found: genome))
    }
    for expected in start.networkTensors {
      guard let found = file[expected.name] else { throw wrong(.missingTensor(expected.name)) }
      guard found.shape == expected.shape else {
        throw wrong(.shape(tensor: expected.name, expected: expected.shape, found: found.shape))
      }
      guard found.dtype == expected.dtype else {
        throw wrong(.elementType(tensor: expected.name, [expected.dtype, found.dtype]))
      }
    }
    for found in file.tensors {
      let known = Self.isOptimizerState(found.name) ? TensorName(found.name).parameter : found.name
      guard start.file[known] != nil else { throw wrong(.extraTensor(found.name)) }
    }
    guard contents.buffers == start.contents.buffers else {
      throw wrong(.buffers(contents.buffers.symmetricDifference(start.contents.buffers).sorted()))
    }
  }

  /// The tensors of the network, without the optimiser's, in their order.
  var networkTensors: [TensorInfo] { file.tensors.filter { !Self.isOptimizerState($0.name) } }

  private static func isOptimizerState(_ name: String) -> Bool {
    if case .optimizerState = TensorName(name) { true } else { false }
  }

  /// The first tensor of the network (not of the optimiser) with an element that is NaN or infinite; nil if all are finite.
  ///
  /// - Parameter start: what training began with: a buffer that had such elements there, such as a mask of infinities,
  ///   has them by design.
  public func firstNonFiniteTensor(since start: Checkpoint? = nil) -> String? {
    networkTensors.first { tensor in
      guard !isFinite(tensor) else { return false }
      guard let start, contents.buffers.contains(tensor.name), let before = start.file[tensor.name] else {
        return true
      }
      return start.isFinite(before)
    }?.name
  }

  private func isFinite(_ tensor: TensorInfo) -> Bool {
    file.withBytes(of: tensor) { Self.isFinite($0, tensor.dtype) }
  }

  private static func isFinite(_ bytes: UnsafeRawBufferPointer, _ dtype: DType) -> Bool {
    /// All ones in the exponent mark NaN and infinities.
    func holds<Word: FixedWidthInteger>(_ type: Word.Type, exponent: Word) -> Bool {
      (0..<bytes.count / MemoryLayout<Word>.size).allSatisfy { index in
        let word = bytes.loadUnaligned(fromByteOffset: index * MemoryLayout<Word>.size, as: Word.self)
        return word & exponent != exponent
      }
    }
    return switch dtype {
    case .float64: holds(UInt64.self, exponent: 0x7FF0_0000_0000_0000)
    case .float32: holds(UInt32.self, exponent: 0x7F80_0000)
    case .float16: holds(UInt16.self, exponent: 0x7C00)
    case .bfloat16: holds(UInt16.self, exponent: 0x7F80)
    case .int64, .int32, .int16, .int8, .uint8, .bool: true
    }
  }
}
