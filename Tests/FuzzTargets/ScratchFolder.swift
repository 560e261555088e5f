import Foundation
import Synchronization

/// A folder in `TMPDIR` for the files of one input, which goes when the input has been read.
struct ScratchFolder: ~Copyable {
  let path: String
  private static let count = Mutex(0)

  init() throws {
    let number = Self.count.withLock { count in
      count += 1
      return count
    }
    path = NSTemporaryDirectory() + "pbtnas-fuzz-\(getpid())-\(number)"
    try FileManager.default.createDirectory(atPath: path, withIntermediateDirectories: true)
  }

  deinit {
    // A folder that stays behind harms no reader.
    try? FileManager.default.removeItem(atPath: path)
  }

  /// Writes a file of this name; returns its path.
  func file(_ name: String, _ parts: UnsafeRawBufferPointer...) throws -> String {
    let path = "\(path)/\(name)"
    let descriptor = open(path, O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0o600)
    guard descriptor >= 0 else { throw CocoaError(.fileWriteUnknown) }
    defer { close(descriptor) }
    for part in parts where !part.isEmpty {
      guard write(descriptor, part.baseAddress, part.count) == part.count else {
        throw CocoaError(.fileWriteUnknown)
      }
    }
    return path
  }

  /// Calls `body` with the path of a file that holds an input.
  static func withFile(_ name: String, _ input: UnsafeRawBufferPointer, _ body: (String) throws -> Void) {
    do {
      let folder = try ScratchFolder()
      try body(folder.file(name, input))
    } catch {
      // A reader may refuse any input, but has to be able to say why.
      _ = String(describing: error)
    }
  }

  /// Calls `body` with the path of a safetensors file. An input that starts with a brace is a header without
  /// its length and the elements: a fuzzer seldom changes a length along with the text that it measures.
  static func withSafetensors(_ input: UnsafeRawBufferPointer, _ body: (String) throws -> Void) {
    guard input.first == UInt8(ascii: "{") else { return withFile("input.safetensors", input, body) }
    do {
      let folder = try ScratchFolder()
      let length = UInt64(input.count).littleEndian
      let path = try withUnsafeBytes(of: length) { try folder.file("input.safetensors", $0, input) }
      try addElements(to: path)
      try body(path)
    } catch {
      _ = String(describing: error)
    }
  }
}
