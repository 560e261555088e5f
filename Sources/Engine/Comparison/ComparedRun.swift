import Configuration
import Foundation
import PBTNAS

/// A finished search, as it is compared with others.
public struct ComparedRun: Hashable, Sendable {
  /// The run's folder.
  public let folder: String
  /// Its settings, as the engine knows them.
  public let settings: RunSettings
  /// The settings of what was trained, as text by their whole keys. Where the record does not have them, all of the
  /// settings file that the engine does not know.
  public let taskSettings: [String: String]
  /// The best fitness up to the end of each interval.
  public let bestSoFar: [Double]
  /// The best network's fitness on held-out draws; nil where that was not measured.
  public let heldOut: HeldOutEvaluation?

  /// The sections of a settings file that say how a search is run or done, and not what is trained.
  private static let engineSections: Set = ["task", "seed", "search", "workers", "storage"]

  /// Reads a run.
  ///
  /// - Throws: ``RunError`` if there is none, or it is not finished.
  public init(_ folder: RunFolder) throws {
    try folder.requireRun()
    let record = try Record(reading: folder.record)
    guard let settings = try record.settings(), try record.summary() != nil else {
      throw RunError.notFinished(folder: folder.path)
    }
    self.folder = folder.path
    self.settings = settings
    taskSettings = try settings.taskSettings ?? Self.taskSettings(inFile: folder.configuration)
    heldOut = try HeldOutEvaluation(record)
    var best = -Double.infinity
    bestSoFar = try record.bestFitness().map { fitness in
      best = max(best, fitness ?? best)
      return best
    }
  }

  private static func taskSettings(inFile file: String) throws -> [String: String] {
    guard FileManager.default.fileExists(atPath: file) else { return [:] }
    return try SettingsNode.read(file: file).leaves(except: engineSections)
  }

  /// The best fitness of the whole run.
  public var best: Double { bestSoFar.last ?? -.infinity }
}
