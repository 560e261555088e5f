import CZlib
import Files
import Foundation

/// A file of the MNIST family's format: a big-endian header and bytes; compressed by gzip or not.
public struct IDXFile: Hashable, Sendable {
  /// The lengths of the dimensions, e.g. [60000, 28, 28].
  public let dimensions: [Int]
  /// The elements in row-major order.
  public let bytes: [UInt8]

  /// The most elements that a file may have: some six times as many as the training images of
  /// Fashion-MNIST.
  public static let mostElements = 1 << 28

  /// Reads a file.
  ///
  /// - Parameter rank: how many dimensions it must have.
  /// - Throws: ``ImageDataError`` if it cannot be read or is not such a file.
  public init(path: String, rank: Int) throws(ImageDataError) {
    let stream = try CompressedFile(path)
    let headerLength = 4 + 4 * rank
    let header = try stream.read(headerLength)
    guard header.count == headerLength else {
      throw ImageDataError(path, .truncated(expected: headerLength, found: header.count))
    }
    // Two zero bytes, 8 for unsigned bytes, the number of dimensions.
    guard Array(header[0..<4]) == [0, 0, 8, UInt8(rank)] else {
      throw ImageDataError(path, .notIDX(found: Array(header[0..<4]), rank: rank))
    }
    dimensions = (0..<rank).map { index in
      header[4 + 4 * index..<8 + 4 * index].reduce(0) { $0 << 8 | Int($1) }
    }
    let (size, overflow) = dimensions.reduce((1, false)) { product, length in
      let (value, overflow) = product.0.multipliedReportingOverflow(by: length)
      return (value, product.1 || overflow)
    }
    guard !overflow, size <= Self.mostElements else {
      throw ImageDataError(path, .tooLarge(dimensions: dimensions, limit: Self.mostElements))
    }
    bytes = try stream.read(size)
    guard bytes.count == size else {
      throw ImageDataError(path, .truncated(expected: size, found: bytes.count))
    }
    // A few bytes of gzip's format can stand for gigabytes: what goes on is not read any further.
    guard try stream.read(1).isEmpty else { throw ImageDataError(path, .tooLong(expected: size)) }
  }
}

/// A file that is read from front to back; zlib's reader passes files through that are not compressed.
private final class CompressedFile {
  private let path: String
  private let file: gzFile

  init(_ path: String) throws(ImageDataError) {
    self.path = path
    let descriptor: Int32
    do throws(FileAccessError) {
      descriptor = try openRegularFile(path).descriptor
    } catch {
      throw ImageDataError(path, .cannotOpen(error.explanation))
    }
    guard let file = gzdopen(descriptor, "rb") else {
      close(descriptor)
      throw ImageDataError(path, .cannotOpen("zlib has no memory for it"))
    }
    self.file = file
  }

  deinit { gzclose(file) }

  /// The next bytes; fewer only where the file ends.
  func read(_ count: Int) throws(ImageDataError) -> [UInt8] {
    var content: [UInt8] = []
    // Grows with what is there, not with what a header promises.
    var chunk = [UInt8](repeating: 0, count: min(count, 1 << 20))
    while content.count < count {
      let found = gzread(file, &chunk, UInt32(min(chunk.count, count - content.count)))
      if found < 0 { throw ImageDataError(path, .damaged(message().text)) }
      if found == 0 {
        // At the end of a cut file gzread gives what it has; the error shows only now.
        let (code, text) = message()
        if code != Z_OK { throw ImageDataError(path, .damaged(text)) }
        break
      }
      content.append(contentsOf: chunk[0..<Int(found)])
    }
    return content
  }

  private func message() -> (code: Int32, text: String) {
    var code: Int32 = 0
    let text = gzerror(file, &code).map { String(cString: $0) } ?? "unknown error"
    return (code, text)
  }
}

/// Why a data file cannot be used.
public struct ImageDataError: Error, Hashable, Sendable {
  /// What is wrong.
  public enum Reason: Hashable, Sendable {
    /// The operating system does not give the file, or it is no regular one.
    case cannotOpen(String)
    /// gzip's data is cut short or wrong.
    case damaged(String)
    /// The header is not the expected one.
    case notIDX(found: [UInt8], rank: Int)
    /// Fewer bytes than the header promises.
    case truncated(expected: Int, found: Int)
    /// More bytes than the header promises.
    case tooLong(expected: Int)
    /// The header promises more elements than any data set of this kind has.
    case tooLarge(dimensions: [Int], limit: Int)
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
    case .cannotOpen(let reason): "\(path): cannot be opened (\(reason)); \(again)"
    case .damaged(let message): "\(path): damaged gzip data (\(message)); \(again)"
    case .notIDX(let found, let rank):
      "\(path): starts with bytes \(found), expected [0, 0, 8, \(rank)] as in an idx file of bytes with \(rank) dimensions; "
        + again
    case .truncated(let expected, let found):
      "\(path): expected \(expected) bytes, found \(found): the file is cut short; \(again)"
    case .tooLong(let expected):
      "\(path): expected \(expected) bytes, as its header says, and found more; \(again)"
    case .tooLarge(let dimensions, let limit):
      "\(path): its header says that the dimensions are \(dimensions), expected at most \(limit) elements in all; \(again)"
    case .mismatch(let message): "\(path): \(message); \(again)"
    }
  }
}
