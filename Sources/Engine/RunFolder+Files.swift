import Foundation

// What a run's folder holds of checkpoints and attachments, and how they are removed. Only regular files go,
// and only those with names that the engine gives; no link is followed and nothing is removed with what is in
// it.
extension RunFolder {
  /// All checkpoints and attachments, with what interrupted writers have left, by their names in the folder.
  ///
  /// - Throws: ``RunError/notAFolder(path:)`` if a link or a file is in place of a folder.
  func checkpointNames() throws -> [String] {
    var names: [String] = []
    try eachFolder { folder, prefix, isOwn in
      names += try folder.names().sorted().filter { isOwn($0) && folder.isRegularFile($0) }.map {
        "\(prefix)/\($0)"
      }
    }
    return names
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
  /// - Throws: ``RunError/notAFolder(path:)`` if a link or a file is in place of a folder; then nothing was
  ///   removed.
  func removeCheckpoints(except kept: Set<String>) throws {
    let superfluous = Set(try checkpointNames()).subtracting(kept)
    try eachFolder { folder, prefix, isOwn in
      for name in try folder.names() where isOwn(name) && superfluous.contains("\(prefix)/\(name)") {
        try folder.removeFile(name)
      }
    }
    guard let checkpoints = try OpenFolder.open(absolutePath)?.folder(CheckpointName.root) else { return }
    for name in try checkpoints.names() where CheckpointName.interval(ofFolder: name) != nil {
      checkpoints.removeEmptyFolder(name)
    }
  }

  /// Calls `body` with each folder of checkpoints or attachments, its name in the run's folder, and what
  /// tells whether a file in it has a name that the engine gives.
  private func eachFolder(
    _ body: (_ folder: OpenFolder, _ prefix: String, _ isOwn: (String) -> Bool) throws -> Void
  ) throws {
    guard let root = try OpenFolder.open(absolutePath) else { return }
    if let attachments = try root.folder(Self.attachmentFolder) {
      try body(attachments, Self.attachmentFolder, AttachmentFolder.isOwn)
    }
    guard let checkpoints = try root.folder(CheckpointName.root) else { return }
    for name in try checkpoints.names().sorted() where CheckpointName.interval(ofFolder: name) != nil {
      guard let folder = try checkpoints.folder(name) else { continue }
      try body(folder, "\(CheckpointName.root)/\(name)", CheckpointName.isOwn)
    }
  }

  /// Removes a checkpoint, if it is a regular file.
  func remove(_ checkpoint: CheckpointName) throws {
    try OpenFolder.open(absolutePath)?.folder(CheckpointName.root)?
      .folder(CheckpointName.folder(interval: checkpoint.interval))?.removeFile(checkpoint.file)
  }

  /// Removes the folders of intervals in which no member drew anything, and the one around them if none ever
  /// did.
  func removeEmptySampleFolders() throws {
    guard let root = try OpenFolder.open(absolutePath), let samples = try root.folder(Self.sampleFolder)
    else {
      return
    }
    // Whatever holds a file stays.
    for name in try samples.names() where CheckpointName.interval(ofFolder: name) != nil {
      samples.removeEmptyFolder(name)
    }
    root.removeEmptyFolder(Self.sampleFolder)
  }

  /// Where soups are tried.
  var soupTrial: String { "\(absolutePath)/\(Self.soupTrialName)" }
  private static let soupTrialName = "soup-trial.safetensors"

  /// Removes what a writer that was killed has left beside ``best``.
  func removeLeftovers() throws {
    guard let root = try OpenFolder.open(absolutePath) else { return }
    // Only there if the writing of a best network, or a soup, was interrupted.
    let trials = [Self.newBestName, Self.soupTrialName]
    for name in try root.names() {
      let isPart =
        ["best.", "best-soup.", "new-best.", "soup-trial."].contains { name.hasPrefix($0) }
        && name.contains(".part-")
      if isPart || trials.contains(name) { try root.removeFile(name) }
    }
  }
}
