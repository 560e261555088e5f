import Foundation
import PBTNAS

/// What pruning removed, or would remove.
public struct Pruned: Hashable, Sendable {
  /// How many files.
  public var files: Int
  /// How many bytes that freed.
  public var bytes: Int
}

extension RunFolder {
  /// Removes the checkpoints that nobody needs any more: all of a run that is done, whose network is ``best``; else all that a resume does not
  /// start from. What is removed could be made again, since everything follows from seeds.
  ///
  /// - Parameter isRehearsal: whether to remove nothing and only count.
  /// - Throws: ``RunError`` if there is no run, or an engine works on it.
  public func prune(isRehearsal: Bool = false) throws -> Pruned {
    guard FileManager.default.fileExists(atPath: record) else { throw RunError.noRun(folder: path) }
    let lock = try RunLock(self)
    return try withExtendedLifetime(lock) {
      let record = try Record(path: record)
      let isFinished = try record.get("summary", as: RunSummary.self) != nil
      let rows = isFinished ? [] : try record.lastInterval().map { try record.members(interval: $0) } ?? []
      let kept = Set(rows.flatMap { [$0.startCheckpoint] + ($0.resultCheckpoint.map { [$0] } ?? []) })
      return try removeCheckpoints(except: kept, isRehearsal: isRehearsal)
    }
  }
}
