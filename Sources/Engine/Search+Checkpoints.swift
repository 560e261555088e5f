import Foundation
import PBTNAS

// A run's checkpoints: they are known by their digests, made again if they are damaged, and removed when nothing needs them.
extension Search {
  /// A checkpoint that was just written, with its digest.
  func known(_ name: String) async throws -> KnownFile {
    let path = folder.absolute(name)
    return KnownFile(name: name, digest: try await aside { try self.digests.digest(of: path) })
  }

  /// Makes sure that checkpoints are what the record says. What is missing or damaged is made again from what it came from: everything
  /// follows from seeds, so that is the same file.
  ///
  /// - Returns: whether there was anything to mend.
  @discardableResult
  func repair(_ files: [KnownFile]) async throws -> Bool {
    let files = files.map(current)
    let damaged = await aside { files.filter { self.damage(of: $0) != nil } }
    guard !damaged.isEmpty else { return false }
    // One repair after another: two members may need the same ancestor.
    let earlier = repairs
    let repair = Task {
      // Its own task reports its error.
      _ = try? await earlier?.value
      for file in damaged {
        do {
          try await restore(file)
        } catch let error where Self.isMembersFault(error) && !isInterrupted {
          throw RunError.lost(checkpoint: folder.absolute(file.name), reason: String(describing: error))
        }
      }
    }
    repairs = repair
    try await repair.value
    return true
  }

  /// Makes sure that files which have been used were what the record says all the time, which includes that for which a
  /// job waited for a worker. A file that was damaged and made again meanwhile may have been read in between.
  ///
  /// - Parameters:
  ///   - checkpoint: whose attachments were used, too.
  ///   - begin: ``repairCount`` when the use began.
  /// - Throws: ``CheckpointError``
  func checkUntouched(
    _ files: [KnownFile], _ checkpoint: Checkpoint, since begin: Int
  ) throws(CheckpointError) {
    let attachments = checkpoint.attachments.map(KnownFile.init(attachment:))
    for file in (files + attachments).map(current) {
      let path = folder.absolute(file.name)
      // As long as nobody has touched it, that is one look at its folder's entry.
      if lastRepairs[file.name, default: 0] > begin || digests.damage(of: path, expected: file.digest) != nil
      {
        throw CheckpointError(path, .touched)
      }
    }
  }

  /// Does work with files that are what the record says. Where one of them was damaged or touched meanwhile, it is made
  /// again and the work done again, as often as a lost worker's job.
  func withSound<Result>(
    _ files: () throws -> [KnownFile], _ work: () async throws -> Result
  ) async throws -> Result {
    var left = settings.retries
    while true {
      try await repair(files())
      let begin = repairCount
      do {
        return try await work()
      } catch let error where Self.isMembersFault(error) && !isInterrupted && left > 0 {
        left -= 1
        // The fault may be that of a file which is whole again.
        let isRepaired = try await repair(files())
        let wasTouched = (error as? CheckpointError)?.reason == .touched
        let wasRepaired = try files().contains { lastRepairs[$0.name, default: 0] > begin }
        if !isRepaired && !wasTouched && !wasRepaired { throw error }
      }
    }
  }

  /// Makes the folders that an interval writes into.
  ///
  /// - Throws: ``RunError/moved(folder:)`` if the run's folder is not where it was when the search began.
  func prepare(_ interval: Int) throws {
    try lock.check(folder)
    try folder.prepare(interval: interval)
  }

  /// Makes sure that the best network's file is what the record says.
  func repairBest() async throws {
    guard let best, let digest = best.digest,
      let damage = digests.damage(of: folder.best, expected: digest)
    else { return }
    let moved = try clearWay(for: RunFolder.bestName)
    try tell(.checkpointDamaged(file: RunFolder.bestName, reason: damage + moved))
    let row = try record.member(best.member, interval: best.interval)
    try prepare(best.interval)
    let written = try await writeBest(best, from: row)
    try tell(.checkpointRestored(file: RunFolder.bestName, isIdentical: written.digest == digest))
  }

  /// Writes the best network's file, and then notes it.
  ///
  /// - Returns: the network with its file's digest.
  func writeBest(_ network: BestNetwork, from row: Record.Row) async throws -> BestNetwork {
    var network = network
    try await repair([row.end])
    let new = folder.newBest
    // Neither can be written where a folder has its name. What was in the way of the best network is in its
    // repair's event.
    for name in [RunFolder.newBestName, RunFolder.bestName] {
      try clearWay(for: name, network.member, network.interval)
    }
    try network.write(checkpoint: folder.absolute(row.end.name), space: space, to: new)
    network.digest = try digests.digest(of: new)
    // The record names the new file before it is there: if the process ends in between, it is written again from a
    // checkpoint that is still kept. The old file may come from one that is long gone.
    try record.set("best", network)
    _ = try record.settle()
    guard rename(new, folder.best) == 0 else { throw FileError.last(folder.best, "renaming") }
    best = network
    return network
  }

  /// What is wrong with a checkpoint, a file that belongs to it or a shared attachment; nil if nothing is.
  private nonisolated func damage(of file: KnownFile) -> String? {
    let path = folder.absolute(file.name)
    if let damage = digests.damage(of: path, expected: file.digest) { return damage }
    if RunFolder.attachment(named: file.name) != nil { return nil }
    do {
      try checkAttachments(of: try Checkpoint(path: path))
      return nil
    } catch {
      return String(describing: error)
    }
  }

  /// Makes sure that the files which belong to a checkpoint, and those that its training shares, are there
  /// and are what their names say.
  ///
  /// - Throws: ``CheckpointError``
  nonisolated func checkAttachments(
    of checkpoint: Checkpoint, sharing shared: [String] = []
  ) throws(CheckpointError) {
    if let (name, damage) = digests.damagedAttachment(
      of: checkpoint, sharing: shared, in: folder.attachments)
    {
      throw CheckpointError(checkpoint.file.path, .attachment(name, damage: damage))
    }
  }

  /// Makes a checkpoint again unless it is as it should be; its ancestors first, where that is needed.
  func restore(_ file: KnownFile) async throws {
    let file = current(file)
    guard let damage = damage(of: file) else { return }
    // Another one that its member added has been made again, and both have other names now.
    if RunFolder.attachment(named: file.name) != nil, try record.maker(of: file.name) == nil { return }
    try tell(.checkpointDamaged(file: file.name, reason: damage + clearWayForRepair(of: file)))
    repairCount += 1
    lastRepairs[file.name] = repairCount
    guard let maker = try record.maker(of: file.name) else {
      throw RunError.lost(
        checkpoint: folder.absolute(file.name), reason: "\(damage), and the record does not say who made it")
    }
    try prepare(maker.interval)
    let made: KnownFile
    if let name = RunFolder.attachment(named: file.name) {
      made = try await makeShared(name, by: maker)
    } else if maker.resultCheckpoint == file.name {
      made = try await trainAgain(maker).checkpoint
    } else if let offspring = try maker.decodedOffspring() {
      let ends = try record.members(interval: maker.interval - 1).map(\.end)
      (made, _) = try await make(offspring, from: ends, interval: maker.interval) {
        for parent in offspring.parents { try await restore(ends[parent]) }
      }
    } else {
      made = try await makeFirst(maker.member, maker.decodedGenome())
    }
    let isIdentical = file.digest == nil || made.digest == file.digest
    if made.digest != file.digest, let digest = made.digest {
      try record.replaceDigest(of: file.name, by: digest)
      newDigests[file.name] = digest
    }
    try tell(.checkpointRestored(file: file.name, isIdentical: isIdentical))
  }

  /// Moves aside what is in the way of a damaged file, and of the attachments that it lists where it can be
  /// read.
  ///
  /// - Returns: what was done, as a clause to follow others; empty where there was nothing.
  private func clearWayForRepair(of file: KnownFile) throws -> String {
    var moved = try clearWay(for: file.name)
    guard RunFolder.attachment(named: file.name) == nil,
      let checkpoint = try? Checkpoint(path: folder.absolute(file.name))
    else { return moved }
    for attachment in checkpoint.attachments.map(KnownFile.init(attachment:))
    where digests.damage(of: folder.absolute(attachment.name), expected: attachment.digest) != nil {
      moved += try clearWay(for: attachment.name)
    }
    return moved
  }

  /// A checkpoint with the digest that it has by now.
  func current(_ file: KnownFile) -> KnownFile {
    newDigests[file.name].map { KnownFile(name: file.name, digest: $0) } ?? file
  }

  /// Counts a checkpoint that was written, with its attachments.
  func noteWritten(bytes: Int) {
    written?.files += 1
    written?.bytes += bytes
  }

  /// Removes all checkpoints but these and their attachments.
  func keepOnly(_ names: Set<String>) throws {
    // A record that a power failure set back must not name files that are gone. Where it cannot be settled now, what is
    // superfluous goes with the next interval's.
    guard try record.settle() else { return }
    let kept = names.union(folder.attachments(of: names))
    digests.forget(except: Set(kept.map { folder.absolute($0) }))
    try folder.removeCheckpoints(except: kept)
    written = StorageSettings.Slack.none
  }

  /// Removes the checkpoints that an interval does not need any more once its members are known.
  ///
  /// - Parameter generations: of how many intervals the first checkpoints stay, this one's included.
  func keepCheckpoints(of interval: Int, generations: Int) throws {
    try keepOnly(try record.checkpoints(neededIn: interval, generations: generations))
  }

  /// Removes the checkpoints that an interval does not need, once that is worth the wait for the disk.
  func removeSuperfluous(in interval: Int) throws {
    let storage = settings.storage
    if let written, written.files < storage.slack.files, written.bytes < storage.slack.bytes { return }
    try keepCheckpoints(of: interval, generations: storage.generations)
  }

  /// Makes sure that files of about these sizes can be written within the limit on disk use; older generations go first.
  ///
  /// - Throws: ``RunError/diskLimit(folder:limit:used:needed:)``
  func makeRoom(for sizes: @autoclosure () -> [Int], in interval: Int) throws {
    guard let limit = settings.storage.diskLimit else { return }
    let needed = sizes().reduce(0, +)
    var used = try folder.bytes(of: folder.checkpointNames())
    for generations in [settings.storage.generations, 1] where used + needed > limit {
      try keepCheckpoints(of: interval, generations: generations)
      used = try folder.bytes(of: folder.checkpointNames())
    }
    guard used + needed > limit else { return }
    throw RunError.diskLimit(folder: folder.path, limit: limit, used: used, needed: needed)
  }

  /// How many bytes a member's training is expected to write: as many as the most that training has written.
  func expectedSize(of row: Record.Row) -> Int {
    // Without the list the estimate is lower, and whoever trains will say what is wrong with the record.
    let shared = (try? sharedAttachments(in: row.interval))?.names ?? []
    return max(largestResult, folder.bytes(expectedFrom: row.startCheckpoint, sharing: shared))
  }
}
