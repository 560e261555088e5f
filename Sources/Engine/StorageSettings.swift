import Configuration
import Foundation

/// How much of a run stays on the disk while it goes on.
public struct StorageSettings: Codable, Hashable, Sendable {
  /// Of how many intervals the first checkpoints are kept: 1 is what the search itself needs; with 2, a damaged one costs one interval of
  /// one member, where it would cost its whole history otherwise.
  public var generations: Int
  /// How many bytes a run's checkpoints may take; nil for as many as there is room for.
  public var diskLimit: Int?
  /// How much may be written before what is superfluous goes.
  var slack = Slack()

  /// Removing checkpoints waits for the disk. Where intervals are small, it is done once for several of them: until then there are
  /// fewer files than a folder is quick with, and fewer bytes than anybody would miss.
  struct Slack: Hashable, Sendable {
    var files = 1000
    var bytes = 16_000_000

    /// Superfluous checkpoints go at the end of every interval.
    static let none = Slack(files: 0, bytes: 0)
  }

  private enum CodingKeys: String, CodingKey {
    case generations
    case diskLimit
  }

  /// Makes settings.
  public init(generations: Int = 2, diskLimit: Int? = nil) {
    self.generations = generations
    self.diskLimit = diskLimit
  }

  /// Reads the section `storage`; problems are noted in `node`.
  init(from node: SettingsNode) {
    let defaults = StorageSettings()
    self.init(
      generations: node.int("generations", default: defaults.generations, in: 1...1000),
      diskLimit: node.byteCount("disk_limit"))
  }
}

/// A number of bytes with a unit, such as `1.5 GB`.
public func shownBytes(_ count: Int) -> String {
  let units = ["bytes", "kB", "MB", "GB", "TB"]
  var (value, unit) = (Double(count), 0)
  while value >= 1000 && unit < units.count - 1 { (value, unit) = (value / 1000, unit + 1) }
  return String(format: unit == 0 || value >= 100 ? "%.0f %@" : "%.1f %@", value, units[unit])
}
