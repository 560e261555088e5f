import Foundation

/// What pruning removed, or would remove.
public struct Pruned: Hashable, Sendable {
  /// The files, by their names in the run's folder.
  public var names: [String]
  /// How many bytes that freed.
  public var bytes: Int
}

extension RunFolder {
  /// Removes the checkpoints, with their attachments, that nobody needs any more: all of a run that is done,
  /// whose network is ``best``; else all that a resume does not start from. What is removed could be made
  /// again, since everything follows from seeds.
  ///
  /// Only regular files with names that the engine gives are removed, and no link is followed.
  ///
  /// - Parameter isDryRun: whether to remove nothing and only say what would go. Then nothing is written
  ///   either.
  /// - Throws: ``RunError`` if there is no run, an engine works on it, its record is damaged, or the best
  ///   network of a run that is done is: it can only be made again from what would be removed.
  public func prune(isDryRun: Bool = false) throws -> Pruned {
    try requireRun()
    if isDryRun { return try superfluous(Record(reading: record)).pruned }
    let lock = try RunLock(self)
    return try withExtendedLifetime(lock) {
      // Before it is opened to be written to, which would make an empty file a record.
      try checkHasMembers(Record(reading: record))
      let record = try Record(path: record)
      let (kept, pruned) = try superfluous(record)
      guard try record.settle() else { throw RunError.inUse(folder: path) }
      try removeCheckpoints(except: kept)
      return pruned
    }
  }

  /// What a resume needs, and what may go.
  private func superfluous(_ record: Record) throws -> (kept: Set<String>, pruned: Pruned) {
    try checkHasMembers(record)
    let isFinished = try record.summary() != nil
    if isFinished, let network = try record.best(),
      let damage = FileDigests().damage(of: best, expected: network.digest)
    {
      throw RunError.bestDamaged(file: best, reason: damage)
    }
    let interval = isFinished ? nil : try record.lastInterval()
    var kept = try interval.map { try record.checkpoints(neededIn: $0) } ?? []
    kept.formUnion(attachments(of: kept))
    let names = try checkpointNames()
    // What keeps another name frees nothing.
    let freed = bytes(of: names) - bytes(of: names.filter(kept.contains))
    return (kept, Pruned(names: names.filter { !kept.contains($0) }, bytes: freed))
  }
}
