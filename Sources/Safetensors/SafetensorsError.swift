import Files
import Foundation

/// Why a safetensors file cannot be read or written.
public struct SafetensorsError: Error, Hashable, Sendable {
  /// What went wrong.
  public enum Reason: Hashable, Sendable {
    /// A call of the operating system failed.
    case system(call: String, code: Int32)
    /// Something else than a regular file has the name.
    case notRegularFile(found: String)
    /// There is no room left for the file.
    case diskFull(bytesWanted: Int)
    /// The file ends before what its header promises, or goes on after it.
    case wrongSize(expected: Int, found: Int)
    /// The length of the header, which the first 8 bytes say, cannot be right.
    case headerLength(UInt64, fileSize: Int)
    /// The header is not the JSON object that the format asks for.
    case header(String)
    /// A tensor's description is wrong.
    case tensor(String, String)
    /// The bytes written are not those announced.
    case wroteWrongSize(expected: Int, found: Int)
  }

  /// The file.
  public let path: String
  /// What went wrong.
  public let reason: Reason

  init(_ path: String, _ reason: Reason) {
    self.path = path
    self.reason = reason
  }

  /// The error of a file that cannot be opened.
  init(_ error: FileAccessError) {
    switch error.reason {
    case .system(let code): self.init(error.path, .system(call: "opening", code: code))
    case .notRegular(let kind): self.init(error.path, .notRegularFile(found: "\(kind)"))
    case .tooLarge: self.init(error.path, .system(call: "opening", code: EFBIG))
    }
  }

  /// The error of the system call that has just failed.
  static func system(_ path: String, _ call: String, bytesWanted: Int = 0) -> SafetensorsError {
    let code = errno
    return SafetensorsError(
      path,
      code == ENOSPC || code == EDQUOT
        ? .diskFull(bytesWanted: bytesWanted) : .system(call: call, code: code))
  }
}

extension SafetensorsError: CustomStringConvertible {
  /// The file, what was wrong, and what was expected, as a sentence.
  public var description: String { sentence.printable(2_000) }

  private var sentence: String {
    switch reason {
    case .system(let call, let code):
      "\(path): \(call) failed: \(String(cString: strerror(code)))"
    case .notRegularFile(let found):
      "\(path): cannot be read: it is \(found), expected a regular file"
    case .diskFull(let bytes):
      "\(path): no room left on the disk (\(bytes) bytes wanted); free some and go on"
    case .wrongSize(let expected, let found):
      "\(path): expected \(expected) bytes, as its header says, found \(found): the file was cut short or changed"
    case .headerLength(let length, let size):
      "\(path): its first 8 bytes say that the header has \(length) bytes, "
        + (length <= UInt64(max(0, size - 8))
          ? "expected at most \(Header.longest)"
          : "but the file has \(size): it was cut short, or is not a safetensors file")
    case .header(let message):
      "\(path): not a safetensors header: \(message)"
    case .tensor(let name, let message):
      "\(path): tensor `\(name)`: \(message)"
    case .wroteWrongSize(let expected, let found):
      "\(path): \(found) bytes of tensors were written where \(expected) were announced"
    }
  }
}
