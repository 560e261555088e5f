import Foundation
import GRDB

/// The attachments that all members of a run share, such as a replay buffer that everybody fills.
///
/// The members of an interval all get the same list, whoever runs first: what those of earlier intervals
/// have added, in the order of intervals and members. What a member adds is in the next interval's list. A
/// name goes when every member with a result has released it. A member that failed or diverged adds and
/// releases nothing; what a member has added stays when it is replaced.
///
/// The list follows from the record alone, so that an interval can be trained again at any time. The engine
/// keeps the files of the intervals whose checkpoints it keeps.
struct SharedAttachments: Hashable, Sendable {
  /// Names by the interval in which they were added, the oldest first; within, by member.
  private(set) var generations: [[String]] = []

  /// What a member does to the list.
  struct Change: Codable, Hashable, Sendable {
    /// The names that it adds.
    var shares: [String]
    /// The names that it does not need any more.
    var releases: [String]

    /// What a training's result says; nil if it says nothing.
    init?(_ result: TrainingResult) {
      guard result.shares != nil || result.releases != nil else { return nil }
      (shares, releases) = (result.shares ?? [], result.releases ?? [])
    }
  }

  /// All names in their order.
  var names: [String] { Array(generations.joined()) }

  /// Goes on to the next interval's list.
  ///
  /// - Parameters:
  ///   - changes: those of the interval's members, in their order.
  ///   - trained: how many members have a result, with or without a change.
  mutating func apply(_ changes: [Change], trained: Int) {
    let old = Set(names)
    var releases: [String: Int] = [:]
    for change in changes { for name in Set(change.releases) { releases[name, default: 0] += 1 } }
    generations = generations.map { $0.filter { trained == 0 || releases[$0, default: 0] < trained } }
    var seen = old
    generations.append(changes.flatMap(\.shares).filter { seen.insert($0).inserted })
    generations.removeAll(where: \.isEmpty)
  }
}

extension Record {
  /// The attachments that the members of an interval share.
  func sharedAttachments(in interval: Int) throws -> SharedAttachments {
    let (rows, trained) = try lookAtOneState { db in
      let rows = try Row.filter(Column("sharing") != nil && Column("interval") < interval)
        .order(Column("interval"), Column("member")).fetchAll(db)
      guard !rows.isEmpty else { return (rows, [Int: Int]()) }
      let counts = try GRDB.Row.fetchAll(
        db,
        sql: "SELECT interval, count(resultCheckpoint) FROM member WHERE interval < ? GROUP BY interval",
        arguments: [interval])
      let numbers = counts.map { row in [0, 1].map { Int.fromDatabaseValue(row[$0]) ?? 0 } }
      return (rows, Dictionary(numbers.map { ($0[0], $0[1]) }, uniquingKeysWith: { first, _ in first }))
    }
    var list = SharedAttachments()
    for (interval, rows) in Dictionary(grouping: try checked(rows), by: \.interval).sorted(by: {
      $0.key < $1.key
    }) {
      list.apply(try rows.compactMap { try $0.decodedSharing() }, trained: trained[interval] ?? 0)
    }
    return list
  }

  /// The shared attachments that members of intervals need, with what those of the last have added so far, by
  /// their names in the run's folder.
  func sharedAttachments(neededIn intervals: ClosedRange<Int>) throws -> Set<String> {
    let lists = try intervals.map { try sharedAttachments(in: $0).names }
    let rows = try look { db in
      try Row.filter(Column("sharing") != nil && Column("interval") == intervals.upperBound).fetchAll(db)
    }
    let added = try checked(rows).compactMap { try $0.decodedSharing()?.shares }
    return Set((lists + added).joined().map { RunFolder.attachment($0) })
  }

  /// The member that added a shared attachment.
  func sharer(of name: String) throws -> Row? {
    let rows = try look { db in
      try Row.filter(Column("sharing") != nil && Column("sharing").like("%\(name)%"))
        .order(Column("interval"), Column("member")).fetchAll(db)
    }
    return try checked(rows).first { try $0.decodedSharing()?.shares.contains(name) == true }
  }

  /// Notes what a member that was trained again does to the shared attachments.
  func replaceSharing(of row: Row, by change: SharedAttachments.Change) throws {
    let text = try Self.json(change)
    try self.change { db in
      try db.execute(
        sql: "UPDATE member SET sharing = ? WHERE interval = ? AND member = ?",
        arguments: [text, row.interval, row.member])
    }
  }
}

extension Record.Row {
  /// What it did to the attachments that all members share; nil if nothing.
  func decodedSharing() throws -> SharedAttachments.Change? { try sharing.map { try Record.parse($0) } }
}

extension Search {
  /// The attachments that the members of an interval share.
  func sharedAttachments(in interval: Int) throws -> SharedAttachments {
    if let shared, shared.interval == interval { return shared.attachments }
    let attachments = try record.sharedAttachments(in: interval)
    shared = (interval, attachments)
    return attachments
  }

  /// Goes on to the list of the interval after one whose members are done, without asking the record.
  func advanceSharedAttachments(after interval: Int, _ members: [Record.Row]) throws {
    guard var (known, attachments) = shared, known == interval else { return shared = nil }
    attachments.apply(
      try members.compactMap { try $0.decodedSharing() },
      trained: members.count { $0.resultCheckpoint != nil })
    known += 1
    shared = (known, attachments)
  }

  /// The files of those, as they have to be.
  func sharedFiles(in interval: Int) throws -> [KnownFile] {
    try sharedAttachments(in: interval).names.map(KnownFile.init(attachment:))
  }

  /// Trains a member of an earlier interval again, from the same checkpoint and shared attachments.
  ///
  /// - Returns: what the trainer found, and the checkpoint.
  func trainAgain(_ row: Record.Row) async throws -> (result: TrainingResult, checkpoint: KnownFile) {
    try await restore(row.start)
    for file in try sharedFiles(in: row.interval) { try await restore(file) }
    let (result, checkpoint, _) = try await trainAndCheck(row)
    if let change = SharedAttachments.Change(result), try change != row.decodedSharing() {
      // Another version of a library computes otherwise. What is not there any more cannot be listed.
      try record.replaceSharing(of: row, by: change)
      shared = nil
    }
    return (result, checkpoint)
  }

  /// Makes a shared attachment again, by training the member that added it.
  ///
  /// - Returns: the attachment with its digest, or what has taken its place.
  func makeShared(_ name: String, by row: Record.Row) async throws -> KnownFile {
    let index = try row.decodedSharing()?.shares.firstIndex(of: name) ?? 0
    let shares = try await trainAgain(row).result.shares ?? []
    let made = shares.contains(name) ? name : shares.indices.contains(index) ? shares[index] : nil
    guard let made else { throw ProtocolViolation(found: "no `shares`", expected: "`\(name)` in `shares`") }
    return KnownFile(name: RunFolder.attachment(made), digest: AttachmentFolder.digest(in: made))
  }
}
