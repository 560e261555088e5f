import Foundation
import GRDB

/// Why a run cannot start or go on.
public enum RunError: Error, Hashable, Sendable {
  /// The folder holds a run already.
  case exists(folder: String)
  /// The folder holds no run.
  case noRun(folder: String)
  /// The folder of a new run has files in it already.
  case notEmpty(folder: String)
  /// The run has not come to its end.
  case notFinished(folder: String)
  /// Another process works on the run.
  case inUse(folder: String)
  /// The folder cannot be written to.
  case cannotWrite(folder: String, reason: String)
  /// The record is no database any more.
  case recordDamaged(file: String, reason: String)
  /// A link, a file or something else is in place of one of the run's own folders.
  case notAFolder(path: String)
  /// The run's folder was moved or removed while it was in use.
  case moved(folder: String)
  /// A file that belongs to the run is not there, or cannot be read.
  case incomplete(file: String, mend: String)
  /// There is no room left for the record or another file of the engine.
  case diskFull(folder: String)
  /// The checkpoints would need more room than the settings allow.
  case diskLimit(folder: String, limit: Int, used: Int, needed: Int)
  /// The trainer's search space or the settings are not those that the run began with.
  case changed(what: String)
  /// The settings are impossible.
  case settings([String])
  /// A checkpoint is gone or damaged and cannot be made again.
  case lost(checkpoint: String, reason: String)
  /// The best network's file is gone or damaged.
  case bestDamaged(file: String, reason: String)
  /// The best network has no finite fitness on held-out draws.
  case diverged(file: String, evaluation: Int)
  /// A member's network could not be made.
  case member(Int, interval: Int, reason: String)
  /// Too few members are left as parents, since others failed.
  case tooManyFailed(folder: String, failed: Int, of: Int, member: Int, reason: String)
  /// No worker can be started, or none any more.
  case noWorker(folder: String, reason: String)
}

extension RunError {
  /// An error as it is to be told: where the record or a file found no room, what was to be written there
  /// helps nobody.
  static func told(_ error: any Error, folder: String) -> any Error {
    switch error {
    case let error as DatabaseError
    where error.resultCode == .SQLITE_FULL || error.extendedResultCode == .SQLITE_IOERR_SHMSIZE:
      RunError.diskFull(folder: folder)
    case let error as DatabaseError
    where [.SQLITE_IOERR, .SQLITE_READONLY, .SQLITE_CANTOPEN, .SQLITE_BUSY].contains(error.resultCode):
      // A used-up quota, too, is no more than an error of reading or writing to SQLite.
      RunError.cannotWrite(
        folder: folder, reason: "the run's record: \(error.message ?? error.extendedResultCode.description)")
    case is CocoaError where meansFullDisk(error), is FileError where meansFullDisk(error):
      RunError.diskFull(folder: folder)
    case let error as WorkerLost where [.starting, .replacingTheLast].contains(error.moment):
      RunError.noWorker(folder: folder, reason: error.description)
    default: error
    }
  }
}

extension RunError: CustomStringConvertible {
  /// What is wrong and how to mend it, as a sentence.
  public var description: String {
    switch self {
    case .exists(let folder):
      "\(folder) holds a run already; go on with it by `pbtnas resume \(folder)`, or name another folder by --output"
    case .noRun(let folder):
      "\(folder) holds no run: expected a folder made by `pbtnas run`, with a run.sqlite in it"
    case .notEmpty(let folder):
      "\(folder) is not empty and holds no run; name a folder by --output that is empty or does not exist"
    case .notFinished(let folder):
      "the run in \(folder) is not finished; go on with it by `pbtnas resume \(folder)`"
    case .inUse(let folder): "another process is working on \(folder); wait for it, or stop it"
    case .cannotWrite(let folder, let reason): "\(folder) cannot be written to: \(reason)"
    case .recordDamaged(let file, let reason):
      "\(file): the run's record is damaged (\(reason)); put back a copy of it, or start a new run: the networks in the "
        + "folder are files of their own"
    case .notAFolder(let path):
      "\(path) is a link or no folder; expected a folder of the run's own, since the run removes files there that "
        + "it no longer needs: put the folder itself there; a new run on another disk is started with --output"
    case .moved(let folder):
      "\(folder) was moved or removed while the search was running; resume it by `pbtnas resume` with the folder "
        + "where it is now"
    case .incomplete(let file, let mend): "\(file) cannot be read; \(mend)"
    case .diskFull(let folder):
      "\(folder): no room left on the disk for the run's record or files; free some and go on by `pbtnas resume \(folder)`"
    case .diskLimit(let folder, let limit, let used, let needed):
      "\(folder): checkpoints take \(shownBytes(used)) and would need \(shownBytes(needed)) more, which is over storage.disk_limit, "
        + "\(shownBytes(limit)); raise it in \(folder)/config.yml and go on by `pbtnas resume \(folder)`"
    case .changed(let what):
      "\(what) is not what it was when the run began; put it back as it was, or start a new run"
    case .settings(let problems): problems.joined(separator: "\n")
    case .lost(let checkpoint, let reason):
      "\(checkpoint) cannot be made again: \(reason)"
    case .bestDamaged(let file, let reason):
      "\(file): \(reason); `pbtnas resume` with the run's folder makes it again"
    case .diverged(let file, let evaluation):
      "\(file) has no finite fitness in held-out evaluation \(evaluation), so there is no mean; nothing was kept"
    case .member(let member, let interval, let reason):
      "the network of member \(member) for interval \(interval) could not be made: \(reason)"
    case .tooManyFailed(let folder, let failed, let count, let member, let reason):
      "\(failed) of \(count) members failed, and two with a finite fitness are needed as parents; member \(member): "
        + "\(reason); mend that and go on by `pbtnas resume \(folder)`, which trains them again"
    case .noWorker(let folder, let reason):
      "no worker can be started: \(reason); mend that (\(folder)/logs has all that workers said) and try again; a search "
        + "goes on by `pbtnas resume \(folder)`"
    }
  }
}
