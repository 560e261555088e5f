import Foundation
import TestSupport
import Testing

@testable import Files

@Suite(.timeLimit(.minutes(10))) struct RegularFileTests {
  private let folder: TemporaryFolder

  init() throws { folder = try TemporaryFolder() }

  private func refusal(_ path: String, limit: Int = 100) -> FileAccessError.Reason? {
    do throws(FileAccessError) {
      _ = try readRegularFile(path, limit: limit)
      return nil
    } catch {
      return error.reason
    }
  }

  @Test("a regular file is read up to its limit, also through a link")
  func regular() throws {
    try folder.write("ten bytes.", to: "file")
    try FileManager.default.createSymbolicLink(atPath: folder.file("link"), withDestinationPath: "file")
    for name in ["file", "link"] {
      #expect(try readRegularFile(folder.file(name), limit: 10) == Data("ten bytes.".utf8))
      #expect(refusal(folder.file(name), limit: 9) == .tooLarge(limit: 9))
    }
    try folder.write("", to: "empty")
    #expect(try readRegularFile(folder.file("empty"), limit: 0).isEmpty)
  }

  @Test("a file that has more bytes than its size says ends at the limit, too")
  func unknownSize() throws {
    // The system makes it up when it is read, and gives it a size of 0.
    let whole = try readRegularFile("/proc/self/status", limit: 1 << 20)
    #expect(whole.count > 100)
    #expect(refusal("/proc/self/status", limit: 100) == .tooLarge(limit: 100))
  }

  @Test("a named pipe, a socket, a device and a folder are refused at once, also through a link")
  func others() throws {
    #expect(mkfifo(folder.file("pipe"), 0o600) == 0)
    try FileManager.default.createSymbolicLink(atPath: folder.file("link"), withDestinationPath: "pipe")
    // The address of a socket is short: a name in the current folder.
    let descriptor = socket(AF_UNIX, Int32(SOCK_STREAM.rawValue), 0)
    defer { close(descriptor) }
    let name = "/tmp/pbtnas-\(getpid()).socket"
    defer { unlink(name) }
    var address = sockaddr_un()
    address.sun_family = sa_family_t(AF_UNIX)
    withUnsafeMutableBytes(of: &address.sun_path) { $0.copyBytes(from: name.utf8) }
    let isBound = withUnsafePointer(to: &address) {
      $0.withMemoryRebound(to: sockaddr.self, capacity: 1) {
        bind(descriptor, $0, socklen_t(MemoryLayout<sockaddr_un>.size)) == 0
      }
    }
    #expect(isBound)
    #expect(refusal(folder.file("pipe")) == .notRegular(.pipe))
    #expect(refusal(folder.file("link")) == .notRegular(.pipe))
    #expect(refusal(name) == .notRegular(.socket))
    #expect(refusal("/dev/zero") == .notRegular(.device))
    #expect(refusal(folder.path) == .notRegular(.folder))
    #expect(refusal(folder.file("none")) == .system(code: ENOENT))
    #expect(
      FileAccessError(path: "a/b", reason: .notRegular(.pipe)).description
        == "a/b: cannot be read: it is a named pipe, expected a regular file")
  }

  @Test("a new file takes the place of a link and leaves what the link leads to")
  func new() throws {
    try folder.write("precious", to: "target")
    try FileManager.default.createSymbolicLink(atPath: folder.file("new"), withDestinationPath: "target")
    let descriptor = createNewFile(folder.file("new"))
    #expect(descriptor >= 0 && write(descriptor, "new", 3) == 3)
    close(descriptor)
    #expect(try String(contentsOfFile: folder.file("new"), encoding: .utf8) == "new")
    #expect(try String(contentsOfFile: folder.file("target"), encoding: .utf8) == "precious")
    #expect(FileKind(of: folder.file("new")) == .regular)
  }
}
