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
  private let bytes: Data
  private let dataOffset: Int

  /// Opens a file and checks its header.
  ///
  /// - Throws: ``SafetensorsError`` if the file cannot be read, is cut short, or its header contradicts itself or the file.
  public init(path: String) throws(SafetensorsError) {
    self.path = path
    do {
      bytes = try Data(contentsOf: URL(fileURLWithPath: path), options: .alwaysMapped)
    } catch {
      let code = (error as NSError).userInfo[NSUnderlyingErrorKey] as? NSError
      throw SafetensorsError(path, .system(call: "opening", code: Int32(code?.code ?? Int(ENOENT))))
    }
    guard bytes.count >= 8 else {
      throw SafetensorsError(path, .wrongSize(expected: 8, found: bytes.count))
    }
    let length = bytes.prefix(8).reversed().reduce(UInt64(0)) { $0 << 8 | UInt64($1) }
    guard length <= UInt64(min(bytes.count - 8, Header.longest)) else {
      throw SafetensorsError(path, .headerLength(length, fileSize: bytes.count))
    }
    dataOffset = 8 + Int(length)
    let header = try Header(json: bytes[8..<dataOffset], path: path)
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
  public var byteCount: Int { bytes.count }

  /// The tensor with a name; nil if there is none.
  public subscript(name: String) -> TensorInfo? { indices[name].map { tensors[$0] } }

  /// Calls `body` with a tensor's elements: little-endian, row-major, valid during the call.
  public func withBytes<Result>(
    of tensor: TensorInfo, _ body: (UnsafeRawBufferPointer) throws -> Result
  ) rethrows -> Result {
    try bytes.withUnsafeBytes { buffer in
      let start = dataOffset + tensor.range.lowerBound
      return try body(UnsafeRawBufferPointer(rebasing: buffer[start..<start + tensor.byteCount]))
    }
  }
}
