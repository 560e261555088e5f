import Foundation

/// A safetensors file for reading. Its header is checked as a whole; the elements are mapped into memory and read when they
/// are asked for.
///
/// Format: 8 bytes of header length (little-endian), a JSON header, the elements of all tensors without gaps.
public final class SafetensorsFile: Sendable {
  /// Where the file lies.
  public let path: String
  /// The header's `__metadata__`.
  public let metadata: [String: String]
  /// All tensors, in the order of their bytes.
  public let tensors: [TensorInfo]
  private let indices: [String: Int]
  private let file: FileBytes
  private let dataOffset: Int

  /// Opens a file and checks its header.
  ///
  /// - Parameter keepsDescriptor: whether the file stays open, from which tensors are then copied to others without a way
  ///   through memory. A process that has hundreds of files at once does without.
  /// - Throws: ``SafetensorsError`` if the file cannot be read, is cut short, or its header contradicts itself or the file.
  public init(path: String, keepsDescriptor: Bool = true) throws(SafetensorsError) {
    self.path = path
    file = try FileBytes(path: path, keepsDescriptor: keepsDescriptor)
    let bytes = file.bytes
    guard bytes.count >= 8 else {
      throw SafetensorsError(path, .wrongSize(expected: 8, found: bytes.count))
    }
    let length = bytes.prefix(8).reversed().reduce(UInt64(0)) { $0 << 8 | UInt64($1) }
    guard length <= UInt64(min(bytes.count - 8, Header.longest)) else {
      throw SafetensorsError(path, .headerLength(length, fileSize: bytes.count))
    }
    dataOffset = 8 + Int(length)
    let header = try Header(json: UnsafeRawBufferPointer(rebasing: bytes[8..<dataOffset]), path: path)
    let expected = header.tensors.last?.range.upperBound ?? 0
    guard bytes.count - dataOffset == expected else {
      let (sum, overflow) = expected.addingReportingOverflow(dataOffset)
      throw SafetensorsError(path, .wrongSize(expected: overflow ? .max : sum, found: bytes.count))
    }
    metadata = header.metadata
    tensors = header.tensors
    indices = Dictionary(uniqueKeysWithValues: header.tensors.enumerated().map { ($1.name, $0) })
  }

  /// The size of the file in bytes.
  public var byteCount: Int { file.bytes.count }

  /// The tensor with a name; nil if there is none.
  public subscript(name: String) -> TensorInfo? { indices[name].map { tensors[$0] } }

  /// Calls `body` with a tensor's elements: little-endian, row-major, valid during the call.
  public func withBytes<Result, Failure: Error>(
    of tensor: TensorInfo, _ body: (UnsafeRawBufferPointer) throws(Failure) -> Result
  ) throws(Failure) -> Result {
    defer { withExtendedLifetime(file) {} }
    return try body(UnsafeRawBufferPointer(rebasing: file.bytes[place(of: tensor)]))
  }

  /// Where a tensor's elements lie in the file.
  private func place(of tensor: TensorInfo) -> Range<Int> {
    dataOffset + tensor.range.lowerBound..<dataOffset + tensor.range.upperBound
  }

  /// Appends a tensor's elements to another open file without bringing them into this process's memory.
  ///
  /// - Returns: how many bytes were copied; fewer than all where the system cannot copy so, or has no room.
  func appendBytes(of tensor: TensorInfo, to descriptor: Int32) -> Int {
    guard let source = file.descriptor else { return 0 }
    let place = place(of: tensor)
    var offset = off_t(place.lowerBound)
    while offset < place.upperBound {
      let count = sendfile(descriptor, source, &offset, place.upperBound - Int(offset))
      if count < 0, errno == EINTR { continue }
      if count <= 0 { break }
    }
    return Int(offset) - place.lowerBound
  }
}
