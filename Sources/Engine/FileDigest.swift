import CXXHash
import Files
import Foundation
import Synchronization

/// A file of a run as the record knows it.
struct KnownFile: Hashable, Sendable {
  /// Its name in the run's folder.
  var name: String
  /// What its bytes' digest has to be; nil if that was never noted.
  var digest: String?
}

extension KnownFile {
  /// An attachment, whose name is its digest.
  init(attachment name: String) {
    self.init(name: RunFolder.attachment(name), digest: AttachmentFolder.digest(in: name))
  }
}

/// Finds damaged files: a file's digest is XXH3 of 128 bits (xxhash.com), which misses no accident but would not stop a forger.
///
/// A file is read once: as long as size, inode and time of change stay, what was found holds.
final class FileDigests: Sendable {
  /// What changes when a file does.
  private struct Stamp: Hashable, Sendable {
    var inode: UInt64
    var size: Int
    var seconds: Int
    var nanoseconds: Int
  }

  private let known = Mutex<[String: (stamp: Stamp, digest: String)]>([:])

  /// A file's digest, from memory if it has not changed.
  ///
  /// - Throws: ``FileError`` or ``FileAccessError`` if it cannot be read.
  func digest(of path: String) throws -> String {
    let stamp = try Self.stamp(path)
    if let known = known.withLock({ $0[path] }), known.stamp == stamp { return known.digest }
    let digest = try Self.compute(path)
    known.withLock { $0[path] = (stamp, digest) }
    return digest
  }

  /// What is wrong with a file that must have a digest; nil if nothing is.
  func damage(of path: String, expected: String?) -> String? {
    do {
      let found = try digest(of: path)
      guard let expected, found != expected else { return nil }
      return "its digest is \(found), expected \(expected)"
    } catch {
      let reason = (error as? FileError)?.reason ?? (error as? FileAccessError)?.explanation ?? "\(error)"
      return "it cannot be read: \(reason)"
    }
  }

  /// Notes the digest of a file that was computed while it was written.
  ///
  /// - Throws: ``FileError`` if it is not there.
  func note(_ digest: String, of path: String) throws {
    let stamp = try Self.stamp(path)
    known.withLock { $0[path] = (stamp, digest) }
  }

  /// Forgets files that are no more.
  func forget(except kept: Set<String>) {
    known.withLock { known in known = known.filter { kept.contains($0.key) } }
  }

  private static func stamp(_ path: String) throws -> Stamp {
    var status = stat()
    guard stat(path, &status) == 0 else { throw FileError.last(path, "opening") }
    return Stamp(
      inode: UInt64(status.st_ino), size: Int(status.st_size), seconds: status.st_mtim.tv_sec,
      nanoseconds: status.st_mtim.tv_nsec)
  }

  /// How many bytes are read at a time: enough to cost no time, few enough for the processor's cache.
  private static let longestRead = 1 << 18

  /// A file's digest, read from the disk.
  ///
  /// - Throws: ``FileError`` or ``FileAccessError`` if it cannot be read.
  static func compute(_ path: String) throws -> String {
    let (descriptor, size) = try openRegularFile(path)
    defer { close(descriptor) }
    let digest = RunningDigest()
    // Read and not mapped: a file that shrinks meanwhile would end the process.
    let buffer = UnsafeMutableRawBufferPointer.allocate(
      byteCount: min(max(size, 1), longestRead), alignment: 64)
    defer { buffer.deallocate() }
    while true {
      let count = read(descriptor, buffer.baseAddress, buffer.count)
      if count < 0 {
        if errno == EINTR { continue }
        throw FileError.last(path, "reading")
      }
      if count == 0 { break }
      digest.add(UnsafeRawBufferPointer(rebasing: buffer[..<count]))
    }
    return digest.text
  }
}

/// The digest of bytes that come one after the other.
final class RunningDigest {
  private let state = XXH3_createState()

  init() { XXH3_128bits_reset(state) }

  deinit { XXH3_freeState(state) }

  /// Goes on with more bytes.
  func add(_ bytes: UnsafeRawBufferPointer) { XXH3_128bits_update(state, bytes.baseAddress, bytes.count) }

  /// The digest of all bytes so far, in hexadecimal.
  var text: String {
    let hash = XXH3_128bits_digest(state)
    return String(format: "%016lx%016lx", hash.high64, hash.low64)
  }
}

/// What the operating system would not do with a file.
struct FileError: DiskError, Hashable, CustomStringConvertible {
  let path: String
  /// What was tried, such as "renaming".
  let action: String
  /// The system's number of the reason.
  let code: Int32

  /// The error of the system call that has just failed.
  static func last(_ path: String, _ action: String) -> FileError {
    FileError(path: path, action: action, code: errno)
  }

  /// Why, in the system's words.
  var reason: String { String(cString: strerror(code)) }

  var description: String { "\(path): \(action) failed: \(reason)" }

  var isDiskFull: Bool { [ENOSPC, EDQUOT].contains(code) }
}
