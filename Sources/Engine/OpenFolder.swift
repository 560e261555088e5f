import Foundation

/// An open folder whose entries are listed and removed without ever following a symbolic link. A run's folder
/// may come from elsewhere: a link in it could lead to files that are not the run's.
final class OpenFolder {
  private let path: String
  private let descriptor: Int32

  private init(path: String, descriptor: Int32) {
    (self.path, self.descriptor) = (path, descriptor)
  }

  deinit { close(descriptor) }

  /// Opens a folder under the name that the user gave, which may be a link.
  ///
  /// - Returns: nil if there is none.
  /// - Throws: ``RunError/notAFolder(path:)`` or ``FileError``.
  static func open(_ path: String) throws -> OpenFolder? {
    try OpenFolder(path: path, Foundation.open(path, O_RDONLY | O_DIRECTORY | O_CLOEXEC))
  }

  /// Opens a folder in this one.
  ///
  /// - Returns: nil if there is none.
  /// - Throws: ``RunError/notAFolder(path:)`` for a link or a file in its place; ``FileError``.
  func folder(_ name: String) throws -> OpenFolder? {
    try OpenFolder(
      path: "\(path)/\(name)",
      openat(descriptor, name, O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC))
  }

  private convenience init?(path: String, _ descriptor: Int32) throws {
    guard descriptor >= 0 else {
      switch errno {
      case ENOENT: return nil
      case ENOTDIR, ELOOP: throw RunError.notAFolder(path: path)
      default: throw FileError.last(path, "opening")
      }
    }
    self.init(path: path, descriptor: descriptor)
  }

  /// The names of all entries.
  ///
  /// - Throws: ``FileError``
  func names() throws -> [String] {
    // A descriptor of its own: reading moves a position that copies would share.
    let copy = openat(descriptor, ".", O_RDONLY | O_DIRECTORY | O_CLOEXEC)
    guard copy >= 0, let stream = fdopendir(copy) else { throw FileError.last(path, "listing") }
    defer { closedir(stream) }
    var names: [String] = []
    while true {
      errno = 0
      guard let entry = readdir(stream) else { break }
      let name = withUnsafeBytes(of: &entry.pointee.d_name) {
        String(decoding: $0.prefix { $0 != 0 }, as: UTF8.self)
      }
      if name != "." && name != ".." { names.append(name) }
    }
    guard errno == 0 else { throw FileError.last(path, "listing") }
    return names
  }

  /// Whether an entry is a regular file. A link to one is not.
  func isRegularFile(_ name: String) -> Bool {
    var status = stat()
    return fstatat(descriptor, name, &status, AT_SYMLINK_NOFOLLOW) == 0
      && status.st_mode & S_IFMT == S_IFREG
  }

  /// Removes an entry if it is a regular file; leaves anything else.
  ///
  /// - Throws: ``FileError``
  func removeFile(_ name: String) throws {
    guard isRegularFile(name) else { return }
    // Another process may have removed it first.
    guard unlinkat(descriptor, name, 0) == 0 || errno == ENOENT else {
      throw FileError.last("\(path)/\(name)", "removing")
    }
  }

  /// Removes a folder in this one if it is empty; leaves anything else.
  func removeEmptyFolder(_ name: String) { unlinkat(descriptor, name, AT_REMOVEDIR) }
}
