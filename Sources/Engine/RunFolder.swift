import Foundation
import GRDB

/// Where the files of a run lie. All of a run is in one folder.
public struct RunFolder: Hashable, Sendable {
  /// The folder.
  public let path: String
  /// The same, for processes that need not have this one's current folder.
  let absolutePath: String

  /// Names a folder, which need not exist yet.
  public init(path: String) {
    self.path = path
    absolutePath = URL(fileURLWithPath: path).standardizedFileURL.path
  }

  /// The settings as they were given.
  public var configuration: String { "\(path)/config.yml" }
  /// Population, lineage, metrics and events.
  public var record: String { "\(path)/run.sqlite" }
  /// Workers' standard error.
  public var logs: String { "\(path)/logs" }
  /// The best network: its weights, with its genome in the header.
  public var best: String { "\(path)/\(Self.bestName)" }
  static let bestName = "best.safetensors"
  /// Where files that show what the best network does go, without extension.
  var bestArtifacts: String { "\(absolutePath)/best" }
  /// Where the best network is written before it takes the place of the one before.
  var newBest: String { "\(path)/new-best.safetensors" }
  /// The weights of the last members averaged, where `pbtnas soup` was called.
  public var bestSoup: String { "\(path)/\(Self.bestSoupName)" }
  static let bestSoupName = "best-soup.safetensors"
  /// What was found, in words.
  public var summary: String { "\(path)/summary.txt" }
  /// Marks that an engine is at work here.
  var lock: String { "\(path)/.lock" }
  private var baseFolderFile: String { "\(path)/\(Self.baseFolderName)" }
  private static let baseFolderName = "config.base"
  private var checkpoints: String { "\(path)/\(Self.checkpointFolder)" }
  private static let checkpointFolder = "checkpoints"

  // The record keeps checkpoints by their names in the folder, since a run may be moved, or be resumed from elsewhere.

  /// The path of a checkpoint for a worker, which need not have this process's current folder.
  func absolute(_ name: String) -> String {
    "\(absolutePath)/\(name)"
  }

  /// The name in the folder of a file that is in it; the path of any other.
  func name(of path: String) -> String {
    path.hasPrefix("\(absolutePath)/") ? String(path.dropFirst(absolutePath.count + 1)) : path
  }

  /// What a member starts an interval from, where that is not just what it had at the end of the one before.
  func start(member: Int, interval: Int) -> String {
    "\(Self.checkpointFolder)/\(name(interval: interval))/\(name(member: member)).start.safetensors"
  }

  /// The freshly initialised network that an offspring is mixed with; removed afterwards.
  func fresh(member: Int, interval: Int) -> String {
    "\(Self.checkpointFolder)/\(name(interval: interval))/\(name(member: member)).fresh.safetensors"
  }

  /// What a member has at the end of an interval.
  func result(member: Int, interval: Int) -> String {
    "\(Self.checkpointFolder)/\(name(interval: interval))/\(name(member: member)).safetensors"
  }

  /// Where a member's samples of an interval go, without extension.
  public func samples(member: Int, interval: Int) -> String {
    "\(path)/samples/\(name(interval: interval))/\(name(member: member))"
  }

  /// Makes the folder of a new run, with a copy of its settings file and the folder that relative paths in that start from.
  ///
  /// A folder where a run was to start but never had members is used again.
  ///
  /// - Throws: ``RunError`` if there is a run already, the folder holds something else, or it cannot be written to.
  public func create(configuration file: String) throws {
    let manager = FileManager.default
    if try holdsBegunRun() { throw RunError.exists(folder: path) }
    let found = (try? manager.contentsOfDirectory(atPath: path)) ?? []
    // A run removes files that it does not need any more: none but its own may be where it keeps them.
    guard found.isEmpty || found.contains(Self.baseFolderName) else { throw RunError.notEmpty(folder: path) }
    do {
      let settings = URL(fileURLWithPath: file)
      let text = try Data(contentsOf: settings)
      try manager.createDirectory(atPath: path, withIntermediateDirectories: true)
      // Not while another engine starts there.
      let lock = try RunLock(self)
      defer { withExtendedLifetime(lock) {} }
      try text.write(to: URL(fileURLWithPath: configuration), options: .atomic)
      let base = settings.deletingLastPathComponent().standardizedFileURL.path
      try Data(base.utf8).write(to: URL(fileURLWithPath: baseFolderFile), options: .atomic)
    } catch let error as RunError {
      throw error
    } catch {
      throw RunError.cannotWrite(folder: path, reason: error.localizedDescription)
    }
  }

  /// Makes the first of some folders that is not there yet.
  ///
  /// - Throws: ``RunError/cannotWrite(folder:reason:)``
  public static func makeFirstFree(_ paths: some Sequence<String>) throws -> RunFolder {
    for path in paths {
      let parent = URL(fileURLWithPath: path).deletingLastPathComponent().path
      try? FileManager.default.createDirectory(atPath: parent, withIntermediateDirectories: true)
      if mkdir(path, 0o777) == 0 { return RunFolder(path: path) }
      guard errno == EEXIST else {
        throw RunError.cannotWrite(folder: path, reason: String(cString: strerror(errno)))
      }
    }
    throw RunError.cannotWrite(folder: "runs", reason: "every name is taken")
  }

  /// Whether a run has members here: from then on, it goes on with its settings.
  func holdsBegunRun() throws -> Bool {
    guard FileManager.default.fileExists(atPath: record) else { return false }
    return try Record(path: record).lastInterval() != nil
  }

  /// The folder that relative paths in ``configuration`` start from: that of the file that it is a copy of.
  ///
  /// - Throws: ``RunError`` if this is no run's folder, or the file that says so is gone.
  public func baseFolder() throws -> String {
    guard let text = try? String(contentsOfFile: baseFolderFile, encoding: .utf8) else {
      try requireRun()
      throw RunError.incomplete(
        file: baseFolderFile,
        mend:
          "expected the folder that relative paths in \(configuration) start from: write its path into the file"
      )
    }
    // Whoever writes it by hand ends the line.
    return text.trimmingCharacters(in: .newlines)
  }

  /// Makes sure that there is a run, whose record can be opened.
  ///
  /// - Throws: ``RunError/noRun(folder:)``
  public func requireRun() throws {
    guard FileManager.default.fileExists(atPath: record) else { throw RunError.noRun(folder: path) }
  }

  /// What ``summary`` says.
  ///
  /// - Throws: ``RunError`` if there is no run, or none that is done.
  public func readSummary() throws -> String {
    try requireRun()
    if let text = try? String(contentsOfFile: summary, encoding: .utf8) { return text }
    let found: RunSummary? = try Record(path: record).get("summary")
    throw found == nil
      ? RunError.notFinished(folder: path)
      : .incomplete(file: summary, mend: "`pbtnas resume \(path)` writes it again")
  }

  /// Makes the folders that an interval writes into.
  func prepare(interval: Int) throws {
    for parent in [checkpoints, samples] {
      let folder = "\(parent)/\(name(interval: interval))"
      if mkdir(folder, 0o777) == 0 || errno == EEXIST { continue }
      try FileManager.default.createDirectory(atPath: folder, withIntermediateDirectories: true)
    }
  }

  /// The folder of what members draw, for workers too.
  var samples: String { "\(absolutePath)/samples" }

  /// Removes the folders of intervals in which no member drew anything, and the one around them if none ever did.
  func removeEmptySampleFolders() {
    // Whatever holds a file stays.
    for name in (try? FileManager.default.contentsOfDirectory(atPath: samples)) ?? [] {
      rmdir("\(samples)/\(name)")
    }
    rmdir(samples)
  }

  /// A file's size in bytes, by its name in the folder; 0 if it is not there.
  func size(of name: String) -> Int {
    var status = stat()
    return stat(absolute(name), &status) == 0 ? Int(status.st_size) : 0
  }

  /// All checkpoints and attachments, with what interrupted writers have left, by their names in the folder.
  func checkpointNames() throws -> [String] {
    guard FileManager.default.fileExists(atPath: checkpoints) else { return try attachmentNames() }
    return try FileManager.default.subpathsOfDirectory(atPath: checkpoints)
      .filter { $0.contains("/") }.map { "\(Self.checkpointFolder)/\($0)" } + attachmentNames()
  }

  /// How many bytes files take, by their names in the folder. One file with two names counts once.
  func bytes(of names: some Sequence<String>) -> Int {
    var seen: Set<ino_t> = []
    return names.reduce(0) { sum, name in
      var status = stat()
      // A file that a worker has just renamed is counted under its other name.
      guard lstat(absolute(name), &status) == 0, seen.insert(status.st_ino).inserted else { return sum }
      return sum + Int(status.st_size)
    }
  }

  /// Removes all checkpoints and attachments but these, and what interrupted writers have left.
  ///
  /// - Parameter kept: names as the record has them.
  func removeCheckpoints(except kept: Set<String>) throws {
    let manager = FileManager.default
    for name in try attachmentNames() where !kept.contains(name) { try remove(absolute(name)) }
    guard manager.fileExists(atPath: checkpoints) else { return }
    for interval in try manager.contentsOfDirectory(atPath: checkpoints) where interval.hasPrefix("interval-")
    {
      let names = try manager.contentsOfDirectory(atPath: "\(checkpoints)/\(interval)")
      let superfluous = names.filter { !kept.contains("\(Self.checkpointFolder)/\(interval)/\($0)") }
      for name in superfluous { try remove("\(checkpoints)/\(interval)/\(name)") }
      if superfluous.count == names.count { try manager.removeItem(atPath: "\(checkpoints)/\(interval)") }
    }
  }

  /// Removes a file, or whatever else has been put in its place.
  private func remove(_ path: String) throws {
    if unlink(path) == 0 || errno == ENOENT { return }
    try FileManager.default.removeItem(atPath: path)
  }

  /// Where soups are tried.
  var soupTrial: String { "\(absolutePath)/soup-trial.safetensors" }

  /// Removes what a writer that was killed has left beside ``best``.
  func removeLeftovers() throws {
    let manager = FileManager.default
    // Only there if a soup, or the writing of a best network, was interrupted.
    unlink(soupTrial)
    unlink(newBest)
    for name in try manager.contentsOfDirectory(atPath: path)
    where name.hasPrefix("best") && name.contains(".part-") || name.contains(".safetensors.part-") {
      try manager.removeItem(atPath: "\(path)/\(name)")
    }
  }

  private func name(interval: Int) -> String { String(format: "interval-%03d", interval) }
  private func name(member: Int) -> String { String(format: "member-%02d", member) }
}

/// Holds a run's folder for one engine at a time. The lock goes with the process, however that ends.
final class RunLock: Sendable {
  private let descriptor: Int32

  /// Takes the lock.
  ///
  /// - Throws: ``RunError/inUse(folder:)`` if another engine has it.
  init(_ folder: RunFolder) throws {
    descriptor = open(folder.lock, O_RDWR | O_CREAT | O_CLOEXEC, 0o644)
    guard descriptor >= 0 else {
      throw RunError.cannotWrite(folder: folder.path, reason: String(cString: strerror(errno)))
    }
    guard flock(descriptor, LOCK_EX | LOCK_NB) == 0 else {
      close(descriptor)
      throw RunError.inUse(folder: folder.path)
    }
  }

  deinit {
    close(descriptor)
  }
}

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
  /// An error as it is to be told: where the record or a file found no room, what was to be written there helps nobody.
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
