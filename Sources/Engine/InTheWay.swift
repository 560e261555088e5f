import Files
import Foundation

/// Moves aside what has a file's name but is no regular file, such as a folder, a named pipe or a link. A
/// folder in its place could not be replaced, and nothing is removed that the engine did not make.
///
/// - Returns: what it was and its new name beside the old one; nil where nothing was in the way.
/// - Throws: ``FileError``
func moveAside(_ path: String) throws -> (kind: FileKind, name: String)? {
  guard let kind = FileKind(of: path), kind != .regular else { return nil }
  let (folder, name) = ((path as NSString).deletingLastPathComponent, (path as NSString).lastPathComponent)
  var number = 1
  // In front, so that it is no name of the engine's, which pruning removes.
  while FileKind(of: "\(folder)/in-the-way-\(number).\(name)") != nil { number += 1 }
  let new = "in-the-way-\(number).\(name)"
  // Another worker may have moved it at the same time.
  guard rename(path, "\(folder)/\(new)") == 0 || errno == ENOENT else {
    throw FileError.last(path, "moving it aside")
  }
  return (kind, new)
}

extension Search {
  /// Moves aside what is in the way of a file that is about to be written.
  ///
  /// - Returns: what was done, as a clause to follow others; empty where there was nothing.
  func clearWay(for name: String) throws -> String {
    guard let (kind, new) = try moveAside(folder.absolute(name)) else { return "" }
    return "; \(kind) had the name \(name), and was moved aside to \(new) in the same folder"
  }

  /// Moves aside what is in the way of a checkpoint that a member's job is about to write, and reports it.
  func clearWay(for name: String, _ member: Int, _ interval: Int) throws {
    guard let (kind, new) = try moveAside(folder.absolute(name)) else { return }
    let warning = "\(kind) had the name \(name), and was moved aside to \(new) in the same folder"
    try tell(.memberWarned(member: member, interval: interval, warning: warning))
  }
}
