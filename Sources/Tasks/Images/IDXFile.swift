import CZlib
import Foundation

/// A file of the MNIST family's format: a big-endian header and bytes; compressed by gzip or not.
public struct IDXFile: Hashable, Sendable {
  /// The lengths of the dimensions, e.g. [60000, 28, 28].
  public let dimensions: [Int]
  /// The elements in row-major order.
  public let bytes: [UInt8]

  /// Reads a file.
  ///
  /// - Parameter rank: how many dimensions it must have.
  /// - Throws: ``ImageDataError`` if it cannot be read or is not such a file.
  public init(path: String, rank: Int) throws(ImageDataError) {
    let content = try Self.uncompressed(path)
    guard content.count >= 4 + 4 * rank else {
      throw ImageDataError(path, .truncated(expected: 4 + 4 * rank, found: content.count))
    }
    // Two zero bytes, 8 for unsigned bytes, the number of dimensions.
    guard Array(content[0..<4]) == [0, 0, 8, UInt8(rank)] else {
      throw ImageDataError(path, .notIDX(found: Array(content[0..<4]), rank: rank))
    }
    dimensions = (0..<rank).map { index in
      content[4 + 4 * index..<8 + 4 * index].reduce(0) { $0 << 8 | Int($1) }
    }
    let (size, overflow) = dimensions.reduce((1, false)) { product, length in
      let (value, overflow) = product.0.multipliedReportingOverflow(by: length)
      return (value, product.1 || overflow)
    }
    let found = content.count - 4 - 4 * rank
    guard !overflow, size == found else {
      throw ImageDataError(path, .truncated(expected: overflow ? .max : size, found: found))
    }
    bytes = Array(content[(4 + 4 * rank)...])
  }

  /// A file's bytes; zlib's reader passes files through that are not compressed.
  private static func uncompressed(_ path: String) throws(ImageDataError) -> [UInt8] {
    guard let file = gzopen(path, "rb") else { throw ImageDataError(path, .cannotOpen(code: errno)) }
    defer { gzclose(file) }
    var content: [UInt8] = []
    var chunk = [UInt8](repeating: 0, count: 1 << 20)
    while true {
      let count = gzread(file, &chunk, UInt32(chunk.count))
      if count < 0 {
        var code: Int32 = 0
        let message = gzerror(file, &code).map { String(cString: $0) } ?? "unknown error"
        throw ImageDataError(path, .damaged(message))
      }
      if count == 0 { break }
      content.append(contentsOf: chunk[0..<Int(count)])
    }
    // At the end of a cut file gzread gives what it has; the error shows only now.
    var code: Int32 = 0
    let message = gzerror(file, &code).map { String(cString: $0) } ?? ""
    if code != Z_OK { throw ImageDataError(path, .damaged(message)) }
    return content
  }
}

/// Why a data file cannot be used.
public struct ImageDataError: Error, Hashable, Sendable {
  /// What is wrong.
  public enum Reason: Hashable, Sendable {
    /// The operating system does not give the file.
    case cannotOpen(code: Int32)
    /// gzip's data is cut short or wrong.
    case damaged(String)
    /// The header is not the expected one.
    case notIDX(found: [UInt8], rank: Int)
    /// More or fewer bytes than the header promises.
    case truncated(expected: Int, found: Int)
    /// The parts of the data set do not fit together.
    case mismatch(String)
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

extension ImageDataError: CustomStringConvertible {
  /// The file, what is wrong and how to mend it, as a sentence.
  public var description: String {
    let again = "run scripts/setup to fetch the data again, or name another folder"
    return switch reason {
    case .cannotOpen(let code):
      "\(path): cannot be opened (\(String(cString: strerror(code)))); \(again)"
    case .damaged(let message): "\(path): damaged gzip data (\(message)); \(again)"
    case .notIDX(let found, let rank):
      "\(path): starts with bytes \(found), expected [0, 0, 8, \(rank)] as in an idx file of bytes with \(rank) dimensions; "
        + again
    case .truncated(let expected, let found):
      "\(path): expected \(expected) bytes, found \(found): the file is cut short or too long; \(again)"
    case .mismatch(let message): "\(path): \(message); \(again)"
    }
  }
}
