import Foundation

/// What pruning removed, or would remove.
public struct Pruned: Hashable, Sendable {
  /// How many files.
  public var files: Int
  /// How many bytes that freed.
  public var bytes: Int
}

extension RunFolder {
  /// Removes the checkpoints, with their attachments, that nobody needs any more: all of a run that is done,
  /// whose network is ``best``; else all that a resume does not start from. What is removed could be made
  /// again, since everything follows from seeds.
  ///
  /// - Parameter isRehearsal: whether to remove nothing and only count.
  /// - Throws: ``RunError`` if there is no run, an engine works on it, or the best network of a run that is done is
  ///   damaged: it can only be made again from what would be removed.
  public func prune(isRehearsal: Bool = false) throws -> Pruned {
    try requireRun()
    let lock = try RunLock(self)
    return try withExtendedLifetime(lock) {
      let record = try Record(path: record)
      let isFinished = try record.get("summary", as: RunSummary.self) != nil
      if isFinished, let network: BestNetwork = try record.get("best"),
        let damage = FileDigests().damage(of: best, expected: network.digest)
      {
        throw RunError.bestDamaged(file: best, reason: damage)
      }
      let interval = isFinished ? nil : try record.lastInterval()
      var kept = try interval.map { try record.checkpoints(neededIn: $0) } ?? []
      kept.formUnion(attachments(of: kept))
      let names = try checkpointNames()
      let remaining = names.filter(kept.contains)
      // Before anything is removed: what keeps another name frees nothing.
      let freed = bytes(of: names) - bytes(of: remaining)
      if !isRehearsal {
        guard try record.settle() else { throw RunError.inUse(folder: path) }
        try removeCheckpoints(except: kept)
      }
      return Pruned(files: names.count - remaining.count, bytes: freed)
    }
  }
}
