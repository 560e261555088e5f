import Foundation
import GRDB

/// Opens a database to read it. SQLite keeps a file beside a database whose log is apart, even for readers;
/// where it cannot be made, as on a disk that cannot be written to, a copy is read, which is gone from its
/// folder at once.
///
/// - Throws: SQLite's error, or one of the file system.
func openToRead(_ path: String) throws -> DatabaseQueue {
  var configuration = Configuration()
  configuration.readonly = true
  configuration.busyMode = .timeout(2)
  do {
    let database = try DatabaseQueue(path: path, configuration: configuration)
    // Only now are the files opened that lie beside it.
    try database.unsafeRead { db in _ = try Int.fetchOne(db, sql: "SELECT count(*) FROM sqlite_master") }
    return database
  } catch let error as DatabaseError
    where [.SQLITE_CANTOPEN, .SQLITE_READONLY].contains(error.resultCode)
    && FileManager.default.isReadableFile(atPath: path)
  {
    let manager = FileManager.default
    let copy = manager.temporaryDirectory.appendingPathComponent("pbtnas-record-\(UUID().uuidString)").path
    try manager.createDirectory(atPath: copy, withIntermediateDirectories: true)
    defer { try? manager.removeItem(atPath: copy) }
    // What is only in the log would be missing without it.
    for suffix in ["", "-wal"] where manager.fileExists(atPath: path + suffix) {
      try manager.copyItem(atPath: path + suffix, toPath: "\(copy)/record\(suffix)")
    }
    var configuration = Configuration()
    configuration.journalMode = .default
    let database = try DatabaseQueue(path: "\(copy)/record", configuration: configuration)
    try database.unsafeRead { db in _ = try Int.fetchOne(db, sql: "SELECT count(*) FROM sqlite_master") }
    return database
  }
}
