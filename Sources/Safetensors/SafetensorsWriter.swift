import Files
import Foundation

/// Writes a safetensors file from front to back. The file appears under its name only when it is complete: until
/// ``finish(waitsForDisk:)`` it has a temporary name beside it, and a writer that is dropped before removes that.
public final class SafetensorsWriter {
  /// A tensor to be written.
  public struct Tensor: Hashable, Sendable {
    /// Its name.
    public let name: String
    /// The element type.
    public let dtype: DType
    /// The lengths of its dimensions.
    public let shape: [Int]

    /// Announces a tensor.
    public init(name: String, dtype: DType, shape: [Int]) {
      self.name = name
      self.dtype = dtype
      self.shape = shape
    }
  }

  private let path: String
  private let temporaryPath: String
  private let descriptor: Int32
  private let expected: Int
  private let observe: ((UnsafeRawBufferPointer) -> Void)?
  private var written = 0
  private var isFinished = false

  /// Starts a file.
  ///
  /// - Parameters:
  ///   - tensors: what will be written, in this order.
  ///   - metadata: texts for the header's `__metadata__`.
  ///   - observe: is told all bytes of the file in their order, before they are written: for a digest.
  /// - Throws: ``SafetensorsError`` if the file cannot be made.
  public init(
    path: String, tensors: [Tensor], metadata: [String: String],
    observe: ((UnsafeRawBufferPointer) -> Void)? = nil
  ) throws {
    var end = 0
    var names: Set<String> = []
    let infos = try tensors.map { tensor in
      guard names.insert(tensor.name).inserted else {
        throw SafetensorsError(path, .tensor(tensor.name, "two tensors have this name"))
      }
      let start = end
      end += tensor.shape.reduce(tensor.dtype.byteCount, *)
      return TensorInfo(name: tensor.name, dtype: tensor.dtype, shape: tensor.shape, range: start..<end)
    }
    let header = Header(metadata: metadata, tensors: infos).encoded()
    self.path = path
    self.observe = observe
    temporaryPath = Self.temporaryPath(for: path)
    expected = end
    descriptor = createNewFile(temporaryPath)
    guard descriptor >= 0 else { throw SafetensorsError.system(temporaryPath, "creating") }
    try header.withUnsafeBytes { try writeAll($0) }
  }

  /// The name that a file has while this process writes it.
  static func temporaryPath(for path: String) -> String { "\(path).part-\(getpid())" }

  deinit {
    if descriptor >= 0 { close(descriptor) }
    if !isFinished { unlink(temporaryPath) }
  }

  /// Appends the next tensor's elements, or a part of them: little-endian, row-major.
  public func write(_ bytes: UnsafeRawBufferPointer) throws(SafetensorsError) {
    try writeAll(bytes)
    written += bytes.count
  }

  /// How many bytes of a mapped file are handled at a time: few enough to be in the processor's cache when they are
  /// written after having been observed.
  private static let chunkLength = 1 << 18

  /// Appends the next tensor's elements as they are in another file.
  public func copy(_ tensor: TensorInfo, of file: SafetensorsFile) throws(SafetensorsError) {
    let count = observe == nil ? file.appendBytes(of: tensor, to: descriptor) : 0
    written += count
    // Written from memory where somebody wants to see the bytes, and where the system has not copied them; that also
    // finds out what was in the way.
    try file.withBytes(of: tensor) { bytes throws(SafetensorsError) in
      for start in stride(from: count, to: bytes.count, by: Self.chunkLength) {
        try write(
          UnsafeRawBufferPointer(rebasing: bytes[start..<min(start + Self.chunkLength, bytes.count)]))
      }
    }
  }

  /// Brings the file to the disk and gives it its name, in place of one that has it.
  ///
  /// - Parameter waitsForDisk: whether file and name must outlast a power failure that follows at once. Without, the system
  ///   brings them to the disk when it likes to: for files that can be made again.
  /// - Throws: ``SafetensorsError`` if not exactly the announced bytes were written, or the disk fails; then an older file of the name
  ///   is still there.
  public func finish(waitsForDisk: Bool = true) throws(SafetensorsError) {
    guard written == expected else {
      throw SafetensorsError(path, .wroteWrongSize(expected: expected, found: written))
    }
    if waitsForDisk, fsync(descriptor) != 0 {
      throw .system(temporaryPath, "fsync", bytesWanted: expected)
    }
    guard rename(temporaryPath, path) == 0 else { throw .system(path, "rename") }
    isFinished = true
    if waitsForDisk { try syncFolder() }
  }

  /// Brings the file's new name to the disk.
  private func syncFolder() throws(SafetensorsError) {
    let folder = (path as NSString).deletingLastPathComponent
    let folderDescriptor = open(folder.isEmpty ? "." : folder, O_RDONLY | O_CLOEXEC)
    guard folderDescriptor >= 0 else { throw .system(folder, "opening") }
    defer { close(folderDescriptor) }
    guard fsync(folderDescriptor) == 0 else { throw .system(folder, "fsync") }
  }

  private func writeAll(_ bytes: UnsafeRawBufferPointer) throws(SafetensorsError) {
    observe?(bytes)
    var rest = bytes
    while !rest.isEmpty {
      let count = Foundation.write(descriptor, rest.baseAddress, rest.count)
      if count < 0 {
        if errno == EINTR { continue }
        throw .system(temporaryPath, "writing", bytesWanted: expected)
      }
      rest = UnsafeRawBufferPointer(rebasing: rest[count...])
    }
  }
}
