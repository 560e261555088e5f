import Foundation

/// Why a file is not opened or read.
public struct FileAccessError: Error, Hashable, Sendable {
  /// What is wrong.
  public enum Reason: Hashable, Sendable {
    /// A call of the operating system failed.
    case system(code: Int32)
    /// Something else than a regular file has the name.
    case notRegular(FileKind)
    /// The file has more bytes than it may have.
    case tooLarge(limit: Int)
  }

  /// The file.
  public let path: String
  /// What is wrong.
  public let reason: Reason
}

extension FileAccessError: CustomStringConvertible {
  /// What is wrong, without the path.
  public var explanation: String {
    switch reason {
    case .system(let code): String(cString: strerror(code))
    case .notRegular(let kind): "it is \(kind), expected a regular file"
    case .tooLarge(let limit): "it has more than \(limit) bytes"
    }
  }

  /// The file and what is wrong, as a sentence.
  public var description: String { "\(path): cannot be read: \(explanation)" }
}

/// What can have a name in a folder.
public enum FileKind: String, Hashable, Sendable, CustomStringConvertible {
  /// Bytes on a disk.
  case regular = "a regular file"
  /// A folder.
  case folder = "a folder"
  /// A symbolic link.
  case link = "a symbolic link"
  /// A FIFO.
  case pipe = "a named pipe"
  /// A socket.
  case socket = "a socket"
  /// A device of characters or blocks.
  case device = "a device"

  /// The kind that a file's status tells.
  init(_ status: stat) {
    self =
      switch status.st_mode & S_IFMT {
      case S_IFREG: .regular
      case S_IFDIR: .folder
      case S_IFLNK: .link
      case S_IFIFO: .pipe
      case S_IFSOCK: .socket
      default: .device
      }
  }

  /// The kind of what has a name, without following a link; nil if nothing has it.
  public init?(of path: String) {
    var status = stat()
    guard lstat(path, &status) == 0 else { return nil }
    self.init(status)
  }

  /// The kind in words, with its article.
  public var description: String { rawValue }
}

/// Opens a regular file to read it, also through links. Anything else that has the name is refused at once:
/// opening a named pipe would wait until someone writes into it, and a device may never end.
///
/// - Returns: the open file, which the caller closes, and how many bytes it has.
public func openRegularFile(_ path: String) throws(FileAccessError) -> (descriptor: Int32, size: Int) {
  let descriptor = open(path, O_RDONLY | O_NONBLOCK | O_NOCTTY | O_CLOEXEC)
  guard descriptor >= 0 else {
    let code = errno
    // A socket cannot be opened at all.
    if code == ENXIO, let kind = FileKind(of: path), kind != .regular {
      throw FileAccessError(path: path, reason: .notRegular(kind))
    }
    throw FileAccessError(path: path, reason: .system(code: code))
  }
  do {
    return (descriptor, try regularSize(descriptor, path))
  } catch {
    close(descriptor)
    throw error
  }
}

private func regularSize(_ descriptor: Int32, _ path: String) throws(FileAccessError) -> Int {
  var status = stat()
  guard fstat(descriptor, &status) == 0 else {
    throw FileAccessError(path: path, reason: .system(code: errno))
  }
  let kind = FileKind(status)
  guard kind == .regular else { throw FileAccessError(path: path, reason: .notRegular(kind)) }
  // Some network file systems would otherwise give up reads that take a while.
  guard fcntl(descriptor, F_SETFL, fcntl(descriptor, F_GETFL) & ~O_NONBLOCK) == 0 else {
    throw FileAccessError(path: path, reason: .system(code: errno))
  }
  return Int(status.st_size)
}

/// Reads a regular file.
///
/// - Parameter limit: how many bytes it may have at most; no more are read, however it grows meanwhile.
public func readRegularFile(_ path: String, limit: Int) throws(FileAccessError) -> Data {
  let (descriptor, size) = try openRegularFile(path)
  defer { close(descriptor) }
  guard size <= limit else { throw FileAccessError(path: path, reason: .tooLarge(limit: limit)) }
  // A few of the kernel's files look regular but wait for news, such as /proc/kmsg.
  _ = fcntl(descriptor, F_SETFL, fcntl(descriptor, F_GETFL) | O_NONBLOCK)
  var content = Data()
  // Files of some file systems, such as /proc, have more bytes than their size says.
  var chunk = [UInt8](repeating: 0, count: min(max(size, 1 << 12), 1 << 20))
  while true {
    let count = read(descriptor, &chunk, chunk.count)
    if count < 0, errno == EINTR { continue }
    guard count >= 0 else { throw FileAccessError(path: path, reason: .system(code: errno)) }
    if count == 0 { return content }
    guard content.count + count <= limit else {
      throw FileAccessError(path: path, reason: .tooLarge(limit: limit))
    }
    content.append(contentsOf: chunk[..<count])
  }
}

/// Creates a file to write it, in place of one with the name. A link that has the name is removed and never
/// followed, so that nothing is written to where it leads.
///
/// - Returns: the open file, which the caller closes, or -1 with `errno` set.
public func createNewFile(_ path: String) -> Int32 {
  unlink(path)
  return open(path, O_WRONLY | O_CREAT | O_EXCL | O_NOFOLLOW | O_CLOEXEC, 0o644)
}
