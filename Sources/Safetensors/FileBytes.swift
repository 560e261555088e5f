import Files
import Foundation

/// A file's bytes, mapped into memory and read when they are asked for.
final class FileBytes: @unchecked Sendable {
  /// All bytes.
  let bytes: UnsafeRawBufferPointer
  /// The open file, for copies that the system makes by itself; nil for a small file, and where it was not to be kept.
  let descriptor: Int32?
  private let isMapped: Bool

  /// Below this many bytes reading costs less than a mapping, of whose end every thread of the process has to hear.
  private static let smallestMapped = 1 << 16

  /// Opens a file.
  ///
  /// - Parameter keepsDescriptor: whether the file stays open beside the mapping: a process may have so many open, and no
  ///   more.
  /// - Throws: ``SafetensorsError`` if it cannot be read.
  init(path: String, keepsDescriptor: Bool) throws(SafetensorsError) {
    let (descriptor, size): (Int32, Int)
    do throws(FileAccessError) {
      (descriptor, size) = try openRegularFile(path)
    } catch {
      throw SafetensorsError(error)
    }
    var isKept = false
    defer { if !isKept { close(descriptor) } }
    if size >= Self.smallestMapped {
      guard let start = mmap(nil, size, PROT_READ, MAP_PRIVATE, descriptor, 0), start != MAP_FAILED else {
        throw .system(path, "mapping")
      }
      bytes = UnsafeRawBufferPointer(start: start, count: size)
      self.descriptor = keepsDescriptor ? descriptor : nil
      isMapped = true
      isKept = keepsDescriptor
      return
    }
    self.descriptor = nil
    isMapped = false
    let buffer = UnsafeMutableRawBufferPointer.allocate(byteCount: size, alignment: 64)
    var count = 0
    while count < size {
      let found = read(descriptor, buffer.baseAddress?.advanced(by: count), size - count)
      if found < 0, errno == EINTR { continue }
      guard found > 0 else {
        let error: SafetensorsError =
          found < 0
          ? .system(path, "reading") : SafetensorsError(path, .wrongSize(expected: size, found: count))
        buffer.deallocate()
        throw error
      }
      count += found
    }
    bytes = UnsafeRawBufferPointer(buffer)
  }

  deinit {
    if isMapped {
      munmap(UnsafeMutableRawPointer(mutating: bytes.baseAddress), bytes.count)
    } else {
      bytes.deallocate()
    }
    if let descriptor { close(descriptor) }
  }
}
