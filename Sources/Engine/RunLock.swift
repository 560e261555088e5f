import Foundation

/// Holds a run's folder for one engine at a time. The lock goes with the process, however that ends.
final class RunLock: Sendable {
  private let descriptor: Int32

  /// Takes the lock.
  ///
  /// - Throws: ``RunError/inUse(folder:)`` if another engine has it.
  init(_ folder: RunFolder) throws {
    descriptor = open(folder.lock, O_RDWR | O_CREAT | O_NOFOLLOW | O_CLOEXEC, 0o644)
    guard descriptor >= 0 else {
      throw RunError.cannotWrite(folder: folder.path, reason: String(cString: strerror(errno)))
    }
    // `deinit` closes it: closed here too, it could by then be another file's.
    guard flock(descriptor, LOCK_EX | LOCK_NB) == 0 else { throw RunError.inUse(folder: folder.path) }
  }

  /// Makes sure that the folder is still where it was when the lock was taken.
  ///
  /// - Throws: ``RunError/moved(folder:)``
  func check(_ folder: RunFolder) throws {
    var (held, found) = (stat(), stat())
    guard fstat(descriptor, &held) == 0, stat(folder.lock, &found) == 0, held.st_dev == found.st_dev,
      held.st_ino == found.st_ino
    else { throw RunError.moved(folder: folder.path) }
  }

  deinit {
    close(descriptor)
  }
}
