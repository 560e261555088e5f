import Configuration
import Files
import Foundation

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
  public var configuration: String { "\(path)/\(Self.configurationName)" }
  private static let configurationName = "config.yml"
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
  var newBest: String { "\(path)/\(Self.newBestName)" }
  static let newBestName = "new-best.safetensors"
  /// The weights of the last members averaged, where `pbtnas soup` was called.
  public var bestSoup: String { "\(path)/\(Self.bestSoupName)" }
  static let bestSoupName = "best-soup.safetensors"
  /// What was found, in words.
  public var summary: String { "\(path)/summary.txt" }
  /// Marks that an engine is at work here.
  var lock: String { "\(path)/\(Self.lockName)" }
  private static let lockName = ".lock"
  private var baseFolderFile: String { "\(path)/\(Self.baseFolderName)" }
  private static let baseFolderName = "config.base"
  private var checkpoints: String { "\(path)/\(CheckpointName.root)" }

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
    CheckpointName(.start, member: member, interval: interval).text
  }

  /// The freshly initialised network that an offspring is mixed with; removed afterwards.
  func fresh(member: Int, interval: Int) -> String {
    CheckpointName(.fresh, member: member, interval: interval).text
  }

  /// What a member has at the end of an interval.
  func result(member: Int, interval: Int) -> String {
    CheckpointName(.result, member: member, interval: interval).text
  }

  /// Where a member's samples of an interval go, without extension.
  public func samples(member: Int, interval: Int) -> String {
    "\(path)/samples/\(CheckpointName.folder(interval: interval))/\(CheckpointName.file(member: member))"
  }

  /// Makes the folder of a new run, with a copy of its settings file and the folder that relative paths in that start from.
  ///
  /// A folder where a run was to start but never had members is used again, also one whose start was killed
  /// half-way.
  ///
  /// - Throws: ``RunError`` if there is a run already, the folder holds something else, or it cannot be written to.
  public func create(configuration file: String) throws {
    if try holdsBegunRun() { throw RunError.exists(folder: path) }
    // A run removes files that it does not need any more: none but its own may be where it keeps them.
    guard try isUnused() else { throw RunError.notEmpty(folder: path) }
    do {
      let settings = URL(fileURLWithPath: file)
      let text = try readRegularFile(file, limit: SettingsNode.largestFile)
      try FileManager.default.createDirectory(atPath: path, withIntermediateDirectories: true)
      // Not while another engine starts there.
      let lock = try RunLock(self)
      defer { withExtendedLifetime(lock) {} }
      try removeUnfinishedWrites()
      try text.write(to: URL(fileURLWithPath: configuration), options: .atomic)
      let base = settings.deletingLastPathComponent().standardizedFileURL.path
      try Data(base.utf8).write(to: URL(fileURLWithPath: baseFolderFile), options: .atomic)
    } catch let error as RunError {
      throw error
    } catch let error as FileAccessError {
      throw RunError.cannotWrite(folder: path, reason: error.description)
    } catch {
      throw RunError.cannotWrite(folder: path, reason: error.localizedDescription)
    }
  }

  /// How the names of files begin that Foundation has not finished writing.
  private static let unfinishedPrefix = ".dat.nosync"

  /// Whether a new run may use the folder: it is not there or empty, a run was to start there, or such a
  /// start was killed. The lock is the first thing that a start leaves.
  private func isUnused() throws -> Bool {
    let names = try OpenFolder.open(path)?.names() ?? []
    if names.isEmpty || names.contains(Self.baseFolderName) { return true }
    return names.contains(Self.lockName)
      && names.allSatisfy {
        $0 == Self.lockName || $0 == Self.configurationName || $0.hasPrefix(Self.unfinishedPrefix)
      }
  }

  /// Removes what a start that was killed has left.
  private func removeUnfinishedWrites() throws {
    guard let folder = try OpenFolder.open(path) else { return }
    for name in try folder.names() where name.hasPrefix(Self.unfinishedPrefix) { try folder.removeFile(name) }
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

  /// Whether a run has members here: from then on, it is resumed with its settings.
  ///
  /// - Throws: ``RunError/recordDamaged(file:reason:)`` also where there are checkpoints but the record has
  ///   no members.
  func holdsBegunRun() throws -> Bool {
    guard FileManager.default.fileExists(atPath: record) else { return false }
    let record = try Record(reading: record)
    try checkHasMembers(record)
    return try record.lastInterval() != nil
  }

  /// Makes sure that a record without members is that of a run which never had any. An empty or an older file
  /// in its place would let all checkpoints go as superfluous.
  ///
  /// - Throws: ``RunError/recordDamaged(file:reason:)``
  func checkHasMembers(_ record: Record) throws {
    guard try record.lastInterval() == nil else { return }
    // The first networks are made before the first members are in the record, and can be made again.
    let found = try checkpointNames().first { name in
      guard let checkpoint = CheckpointName(ownedBy: name) else { return true }
      return checkpoint.interval != 1 || checkpoint.kind != .start
    }
    let products = [best, summary].first { FileManager.default.fileExists(atPath: $0) }
    if let found = found ?? products {
      throw record.damaged("it has no members, but there is \(found)")
    }
  }

  /// The folder that relative paths in ``configuration`` start from: that of the file that it is a copy of.
  ///
  /// - Throws: ``RunError`` if this is no run's folder, or the file that says so is gone.
  public func baseFolder() throws -> String {
    guard let text = Self.text(of: baseFolderFile) else {
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
    if let text = summaryText { return text }
    throw try Record(reading: record).summary() == nil
      ? RunError.notFinished(folder: path)
      : .incomplete(file: summary, mend: "`pbtnas resume \(path)` writes it again")
  }

  /// What the file ``summary`` holds; nil if it cannot be read.
  var summaryText: String? { Self.text(of: summary) }

  /// The text of a small file; nil if it cannot be read.
  private static func text(of path: String) -> String? {
    // Far more than a path or a summary has.
    guard let data = try? readRegularFile(path, limit: 1_000_000) else { return nil }
    return String(data: data, encoding: .utf8)
  }

  /// Makes the folders that an interval writes into.
  ///
  /// - Throws: ``RunError/notAFolder(path:)`` if something else is in their place; ``FileError``, also if the
  ///   run's folder is gone: it is never made again, since then it has been moved.
  func prepare(interval: Int) throws {
    for parent in [checkpoints, samples] {
      try makeFolder(parent)
      try makeFolder("\(parent)/\(CheckpointName.folder(interval: interval))")
    }
  }

  /// Makes the folder of what members draw.
  func makeSampleFolder() throws { try makeFolder(samples) }

  /// Makes a folder unless it is there.
  private func makeFolder(_ path: String) throws {
    if mkdir(path, 0o777) == 0 { return }
    guard errno == EEXIST else { throw FileError.last(path, "making the folder") }
    var status = stat()
    guard lstat(path, &status) == 0, status.st_mode & S_IFMT == S_IFDIR else {
      throw RunError.notAFolder(path: path)
    }
  }

  /// The folder of what members draw, for workers too.
  var samples: String { "\(absolutePath)/\(Self.sampleFolder)" }
  static let sampleFolder = "samples"

  /// A file's size in bytes, by its name in the folder; 0 if it is not there.
  func size(of name: String) -> Int {
    var status = stat()
    return stat(absolute(name), &status) == 0 ? Int(status.st_size) : 0
  }
}
