import Foundation
import PBTNAS
import Safetensors

/// Makes an offspring's checkpoint as its plan says: parents mapped into memory in, one sequential pass out.
///
/// It may be lost by a power failure where its parents, of which it can be made again, stay: not where every network has one.
///
/// - Parameters:
///   - base: the base parent's checkpoint.
///   - donor: the donor's; nil where the offspring has none.
///   - fresh: a freshly initialised checkpoint of the offspring's genome.
/// - Returns: the names of the tensors that neither parent could give, and the file's digest; nil where the file is just a
///   second name of the base parent's.
/// - Throws: ``CheckpointError`` if the checkpoints contradict each other, ``SafetensorsError`` if writing fails.
public func writeOffspring(
  _ offspring: Offspring, in space: SearchSpace, _ settings: MethodSettings, base: Checkpoint,
  donor: Checkpoint?, fresh: Checkpoint, to path: String
) throws -> (missing: [String], digest: String?) {
  guard fresh.genome == offspring.genome else {
    throw CheckpointError(fresh.file.path, .wrongGenome(expected: offspring.genome, found: fresh.genome))
  }
  let plan = inherit(
    offspring, in: space, settings, base: base.contents, donor: donor?.contents, fresh: fresh.contents)
  let sources = Sources(base: base.file, donor: donor?.file, fresh: fresh.file)
  let parts = try plan.entries.map { (entry: $0, tensors: try sources.tensors(for: $0)) }
  var metadata = base.file.metadata
  for key in ["genome", "buffers"] { metadata[key] = fresh.file.metadata[key] }
  if plan.entries.map(\.tensor.name) == base.file.tensors.map(\.name), metadata == base.file.metadata,
    plan.entries.allSatisfy({ $0.source == .base }), linkFile(base.file.path, as: path)
  {
    return (plan.missing, nil)
  }
  let digest = RunningDigest()
  let writer = try SafetensorsWriter(
    path: path,
    tensors: parts.map {
      .init(name: $0.entry.tensor.name, dtype: $0.tensors[0].info.dtype, shape: $0.tensors[0].info.shape)
    },
    metadata: metadata, observe: digest.add)
  for part in parts {
    try write(part.tensors, part.entry.source, to: writer)
  }
  try writer.finish(waitsForDisk: offspring.change == .shrinkPerturbAll)
  return (plan.missing, digest.text)
}

/// Gives a file a second name, in place of whatever has it: the same bytes take no room and no time.
///
/// - Returns: whether the file system can do that.
private func linkFile(_ path: String, as name: String) -> Bool {
  unlink(name)
  return link(path, name) == 0
}

/// A tensor in its file.
private struct StoredTensor {
  let file: SafetensorsFile
  let info: TensorInfo

  func withBytes<Result>(_ body: (UnsafeRawBufferPointer) throws -> Result) rethrows -> Result {
    try file.withBytes(of: info, body)
  }
}

/// Where the plan's tensors lie.
private struct Sources {
  let base: SafetensorsFile
  let donor: SafetensorsFile?
  let fresh: SafetensorsFile

  /// The tensors that an entry is made of, the one with its element type first.
  func tensors(for entry: InheritancePlan.Entry) throws -> [StoredTensor] {
    let files: [SafetensorsFile?] =
      switch entry.source {
      case .base, .baseTensor, .noise: [base]
      case .donor: [donor]
      case .fresh: [fresh]
      case .shrinkPerturb: [donor, fresh]
      }
    let name =
      if case .baseTensor(let name) = entry.source { name } else { entry.tensor.name }
    let tensors = files.compactMap { file in
      file.flatMap { file in file[name].map { StoredTensor(file: file, info: $0) } }
    }
    let types = tensors.map(\.info.dtype)
    let computes =
      switch entry.source {
      case .base, .baseTensor, .donor, .fresh: false
      case .shrinkPerturb, .noise: true
      }
    guard tensors.count == files.count, Set(types).count == 1,
      !computes || types[0].isFloatingPoint
    else {
      throw CheckpointError(fresh.path, .elementType(tensor: name, types))
    }
    return tensors
  }
}

/// How many elements are computed at a time: small enough for the processor's cache.
private let chunkLength = 16_384

private func write(_ tensors: [StoredTensor], _ source: TensorSource, to writer: SafetensorsWriter) throws {
  switch source {
  case .base, .baseTensor, .donor, .fresh:
    try writer.copy(tensors[0].info, of: tensors[0].file)
  case .shrinkPerturb(let lambda, let gamma):
    try tensors[0].withBytes { donor in
      try tensors[1].withBytes { fresh in
        switch tensors[0].info.dtype {
        case .float64: try shrinkPerturb(donor, fresh, lambda, gamma, Float64Element.self, to: writer)
        case .bfloat16: try shrinkPerturb(donor, fresh, lambda, gamma, BFloat16Element.self, to: writer)
        case .float16: try shrinkPerturb(donor, fresh, lambda, gamma, Float16Element.self, to: writer)
        default: try shrinkPerturb(donor, fresh, lambda, gamma, Float32Element.self, to: writer)
        }
      }
    }
  case .noise(let seed):
    try tensors[0].withBytes { bytes in
      switch tensors[0].info.dtype {
      case .float64: try noise(bytes, seed, Float64Element.self, to: writer)
      case .bfloat16: try noise(bytes, seed, BFloat16Element.self, to: writer)
      case .float16: try noise(bytes, seed, Float16Element.self, to: writer)
      default: try noise(bytes, seed, Float32Element.self, to: writer)
      }
    }
  }
}

/// `lambda * donor + gamma * fresh`, elementwise: three operations, each rounded to float32 (float64 for tensors of that type) and never
/// fused, then rounded to the tensor's type. So a test in any language gets the same bits.
private func shrinkPerturb<Element: StoredElement>(
  _ donor: UnsafeRawBufferPointer, _ fresh: UnsafeRawBufferPointer, _ lambda: Double, _ gamma: Double,
  _ element: Element.Type, to writer: SafetensorsWriter
) throws {
  let (lambda, gamma) = (Element.Value(lambda), Element.Value(gamma))
  let size = MemoryLayout<Element.Bits>.size
  let count = donor.count / size
  let buffer = UnsafeMutableRawBufferPointer.allocate(byteCount: chunkLength * size, alignment: 64)
  defer { buffer.deallocate() }
  for start in stride(from: 0, to: count, by: chunkLength) {
    let length = min(chunkLength, count - start)
    for index in 0..<length {
      let offset = (start + index) * size
      let a = Element.value(donor.loadUnaligned(fromByteOffset: offset, as: Element.Bits.self))
      let b = Element.value(fresh.loadUnaligned(fromByteOffset: offset, as: Element.Bits.self))
      let sum = lambda * a + gamma * b
      buffer.storeBytes(of: Element.bits(sum), toByteOffset: index * size, as: Element.Bits.self)
    }
    try writer.write(UnsafeRawBufferPointer(rebasing: buffer[..<(length * size)]))
  }
}

private func noise<Element: StoredElement>(
  _ bytes: UnsafeRawBufferPointer, _ seed: UInt64, _ element: Element.Type, to writer: SafetensorsWriter
) throws {
  let size = MemoryLayout<Element.Bits>.size
  var weights = (0..<bytes.count / size).map {
    Element.value(bytes.loadUnaligned(fromByteOffset: $0 * size, as: Element.Bits.self))
  }
  weights.withUnsafeMutableBufferPointer { addWeightNoise(to: $0, seed: seed, largest: Element.largest) }
  let bits = weights.map { Element.bits($0) }
  try bits.withUnsafeBytes { try writer.write($0) }
}

/// An element type of files that can be computed with.
protocol StoredElement {
  associatedtype Bits: FixedWidthInteger
  associatedtype Value: BinaryFloatingPoint
  static func value(_ bits: Bits) -> Value
  static func bits(_ value: Value) -> Bits
  /// The largest finite number.
  static var largest: Double { get }
}

extension StoredElement {
  static var largest: Double { Double(Value.greatestFiniteMagnitude) }
}

enum Float32Element: StoredElement {
  @inline(__always) static func value(_ bits: UInt32) -> Float { Float(bitPattern: bits) }
  @inline(__always) static func bits(_ value: Float) -> UInt32 { value.bitPattern }
}

enum Float64Element: StoredElement {
  @inline(__always) static func value(_ bits: UInt64) -> Double { Double(bitPattern: bits) }
  @inline(__always) static func bits(_ value: Double) -> UInt64 { value.bitPattern }
}

enum Float16Element: StoredElement {
  @inline(__always) static func value(_ bits: UInt16) -> Float { Float(Float16(bitPattern: bits)) }
  @inline(__always) static func bits(_ value: Float) -> UInt16 { Float16(value).bitPattern }
  static var largest: Double { Double(Float16.greatestFiniteMagnitude) }
}

/// The upper half of a float32; rounded to the nearest, ties to even.
enum BFloat16Element: StoredElement {
  @inline(__always) static func value(_ bits: UInt16) -> Float { Float(bitPattern: UInt32(bits) << 16) }
  @inline(__always) static func bits(_ value: Float) -> UInt16 {
    let bits = value.bitPattern
    if value.isNaN { return UInt16(truncatingIfNeeded: bits >> 16) | 0x40 }
    return UInt16(truncatingIfNeeded: (bits &+ 0x7FFF &+ (bits >> 16 & 1)) >> 16)
  }
}
