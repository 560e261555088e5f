import Configuration
import Foundation
import PBTNAS

/// A finished search, as it is compared with others.
public struct ComparedRun: Hashable, Sendable {
  /// The run's folder.
  public let folder: String
  /// Its settings, as the engine knows them.
  public let settings: RunSettings
  /// The settings of what was trained, as text by their whole keys: all of the settings file that the engine
  /// does not know.
  public let taskSettings: [String: String]
  /// The best fitness up to the end of each interval.
  public let bestSoFar: [Double]

  /// The sections of a settings file that say how a search is run or done, and not what is trained.
  private static let engineSections: Set = ["task", "seed", "search", "workers", "storage"]

  /// Reads a run.
  ///
  /// - Throws: ``RunError`` if there is none, or it is not finished.
  public init(_ folder: RunFolder) throws {
    try folder.requireRun()
    let record = try Record(path: folder.record)
    guard let settings: RunSettings = try record.get("settings"),
      let summary: RunSummary = try record.get("summary")
    else { throw RunError.notFinished(folder: folder.path) }
    self.folder = folder.path
    self.settings = settings
    let hasFile = FileManager.default.fileExists(atPath: folder.configuration)
    taskSettings =
      hasFile ? try SettingsNode.read(file: folder.configuration).leaves(except: Self.engineSections) : [:]
    let members = Dictionary(grouping: try record.allMembers(), by: \.interval)
    var best = -Double.infinity
    bestSoFar = (1...max(1, summary.intervals)).map { interval in
      best = max(best, members[interval]?.compactMap(\.fitness).max() ?? best)
      return best
    }
  }

  /// The best fitness of the whole run.
  public var best: Double { bestSoFar.last ?? -.infinity }
}
