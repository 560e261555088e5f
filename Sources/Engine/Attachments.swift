import Foundation

/// The folder of a run's attachments: files that checkpoints list under `attachments` in their headers
/// because they are too large to be written with each, such as the parts of a replay buffer.
///
/// An attachment never changes, and its name is its content's digest (XXH3 of 128 bits, 32 hexadecimal
/// digits) with an extension, so that a damaged one is found by its name alone, and checkpoints of a common
/// descent share it. The engine keeps an attachment as long as a kept checkpoint lists it.
///
/// What all members use is listed in no checkpoint: ``TrainingResult/shares`` adds it, and
/// ``TrainJob/sharedAttachments`` hands it out.
public struct AttachmentFolder: Hashable, Sendable {
  /// The folder; it need not exist before something is added.
  public let path: String

  /// Names a folder.
  public init(path: String) {
    self.path = path
  }

  /// Where an attachment lies.
  public func path(of name: String) -> String { "\(path)/\(name)" }

  /// Adds an attachment, in place of one with the same content. Anything else that has its name, such as a
  /// folder, is moved aside.
  ///
  /// - Parameters:
  ///   - fileExtension: the extension of its name, of lower-case letters and digits.
  ///   - write: writes the file to the path that it is given, complete and safely on the disk.
  /// - Returns: the attachment's name, to be listed in a checkpoint.
  /// - Throws: what `write` throws, and errors of the file system; one also if the folder around this one is
  ///   gone.
  public func add(extension fileExtension: String, _ write: (_ path: String) throws -> Void) throws -> String
  {
    // The run's folder is not made again: where it is gone, it has been moved.
    guard mkdir(path, 0o777) == 0 || errno == EEXIST else { throw FileError.last(path, "making the folder") }
    // Nobody lists this name, so it goes with the next pruning if the process ends here.
    let temporary = path(of: "\(Self.unfinishedPrefix)\(UUID().uuidString)")
    do {
      try write(temporary)
      let name = "\(try FileDigests.compute(temporary)).\(fileExtension)"
      if let (kind, moved) = try moveAside(self.path(of: name)) {
        // Workers' standard error is the run's log.
        let message = "\(self.path(of: name)): \(kind) had this name, and was moved aside to \(moved)\n"
        try? FileHandle.standardError.write(contentsOf: Data(message.utf8))
      }
      guard rename(temporary, path(of: name)) == 0 else { throw FileError.last(path(of: name), "renaming") }
      try syncNames()
      return name
    } catch {
      unlink(temporary)
      throw error
    }
  }

  /// How the names of attachments begin that are not finished.
  private static let unfinishedPrefix = "new-"

  /// Whether a file in the folder is one that trainers make: an attachment, or one that is not finished.
  static func isOwn(_ name: String) -> Bool {
    digest(in: name) != nil || name.hasPrefix(unfinishedPrefix)
  }

  /// Brings the folder's names to the disk, before a checkpoint lists one of them.
  private func syncNames() throws {
    let descriptor = open(path, O_RDONLY | O_CLOEXEC)
    guard descriptor >= 0 else { throw FileError.last(path, "opening") }
    defer { close(descriptor) }
    guard fsync(descriptor) == 0 else { throw FileError.last(path, "writing to the disk") }
  }

  /// The digest that an attachment's name promises; nil for a name that none has.
  static func digest(in name: String) -> String? {
    let parts = name.split(separator: ".", omittingEmptySubsequences: false)
    guard parts.count == 2, parts[0].count == 32, parts[0].allSatisfy({ "0123456789abcdef".contains($0) }),
      !parts[1].isEmpty, parts[1].allSatisfy({ $0.isASCII && ($0.isLowercase || $0.isNumber) })
    else { return nil }
    return String(parts[0])
  }
}

extension RunFolder {
  static let attachmentFolder = "attachments"

  /// An attachment's name in the run's folder.
  static func attachment(_ name: String) -> String { "\(attachmentFolder)/\(name)" }

  /// The attachment that has a name in the run's folder; nil if it is none.
  static func attachment(named name: String) -> String? {
    let prefix = attachment("")
    return name.hasPrefix(prefix) ? String(name.dropFirst(prefix.count)) : nil
  }

  /// The files that checkpoints list.
  var attachments: AttachmentFolder { AttachmentFolder(path: absolute(Self.attachmentFolder)) }

  /// The attachments that checkpoints list, by their names in the run's folder.
  ///
  /// A checkpoint that cannot be read lists none: it is made again, with its attachments, before it is used.
  func attachments(of checkpoints: some Sequence<String>) -> Set<String> {
    // Most runs have no attachments, and need not have their checkpoints opened.
    guard FileManager.default.fileExists(atPath: attachments.path) else { return [] }
    let lists = Set(checkpoints).filter { Self.attachment(named: $0) == nil }.map {
      (try? Checkpoint(path: absolute($0)))?.attachments ?? []
    }
    return Set(lists.joined().map(Self.attachment))
  }

  /// How many bytes training wrote: a checkpoint, the attachments that the one it started from does not
  /// list, and those that it shares.
  func bytes(written result: Checkpoint, startedFrom start: Checkpoint, sharing shared: [String]) -> Int {
    let added = result.attachments.filter { !start.attachments.contains($0) } + shared
    return bytes(of: added.map(Self.attachment)) + result.file.byteCount
  }

  /// How many bytes training is expected to write that starts from a checkpoint and has not been seen to
  /// write more: one like it, with an attachment like its last, and one like the last that was shared.
  func bytes(expectedFrom start: String, sharing shared: [String]) -> Int {
    let last = [(try? Checkpoint(path: absolute(start)))?.attachments.last, shared.last]
    return size(of: start) + last.compactMap { $0 }.reduce(0) { $0 + size(of: Self.attachment($1)) }
  }
}

extension FileDigests {
  /// The first of a checkpoint's attachments, and of those that its training shares, that is missing or not
  /// what its name says, with what is wrong with it; nil if there is none.
  func damagedAttachment(of checkpoint: Checkpoint, sharing shared: [String], in folder: AttachmentFolder)
    -> (
      name: String, damage: String
    )?
  {
    for name in checkpoint.attachments + shared {
      if let damage = damage(of: folder.path(of: name), expected: AttachmentFolder.digest(in: name)) {
        return (name, damage)
      }
    }
    return nil
  }
}
