import Foundation

/// A file system of 1 MiB, which only root can mount.
public final class SmallDisk {
  /// Where it is mounted.
  public let path: String
  private var ballast: String { "\(path)/ballast" }

  /// Whether this process may mount one.
  public static var isPossible: Bool {
    do {
      _ = try SmallDisk()
      return true
    } catch {
      return false
    }
  }

  private struct Refused: Error {}

  /// Mounts one of its own.
  public init() throws {
    path = NSTemporaryDirectory() + "disk-\(UUID().uuidString)"
    try FileManager.default.createDirectory(atPath: path, withIntermediateDirectories: true)
    guard mount("tmpfs", path, "tmpfs", 0, "size=1024k") == 0 else {
      rmdir(path)
      throw Refused()
    }
  }

  deinit {
    umount2(path, Int32(MNT_DETACH))
    rmdir(path)
  }

  /// Takes all room but this.
  public func fill(leaving kibibytes: Int) throws {
    try Data(count: (1024 - 8 - kibibytes) * 1024).write(to: URL(fileURLWithPath: ballast))
  }

  /// Gives the room back.
  public func free() throws { try FileManager.default.removeItem(atPath: ballast) }
}
