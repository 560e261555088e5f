import Foundation
import GRDB
import PBTNAS

/// A row of any query, beside ``Record/Row``, which is a member's.
private typealias DatabaseRow = GRDB.Row

/// A run's record in SQLite: settings, every member of every interval with its origin and result, and events.
///
/// A change of state is one transaction, so that the record is readable and consistent whenever the process ends. A power
/// failure may take the last transactions back, as if the process had ended before them; ``settle()`` rules that out for
/// all that came before it.
public final class Record: Sendable {
  let database: DatabaseQueue
  private let path: String

  /// A member in an interval.
  public struct Row: Codable, FetchableRecord, PersistableRecord, Hashable, Sendable {
    /// The table of members.
    public static let databaseTableName = "member"
    /// The interval, counted from 1.
    public var interval: Int
    /// The slot.
    public var member: Int
    /// The option of every gene, as JSON.
    var genome: String
    /// The checkpoint that training starts from, by its name in the run's folder.
    var startCheckpoint: String
    /// How it came about, if it is an ``Offspring``, as JSON.
    var offspring: String?
    /// How many of its tensors no parent could give.
    public var freshTensors: Int
    /// The digest of ``startCheckpoint``; nil where the network could not be made, and in records that were begun before
    /// there were digests.
    var startDigest: String?
    /// Whether training and evaluation are over.
    public var isFinished: Bool
    /// The fitness; nil before the end, and where it is not finite.
    public var fitness: Double?
    /// The checkpoint after training, by its name in the run's folder.
    var resultCheckpoint: String?
    /// The digest of ``resultCheckpoint``.
    var resultDigest: String?
    /// Further figures, as JSON.
    var metrics: String?
    /// Seconds of training and evaluation.
    public var seconds: Double?
    /// Why it failed; nil where it did not.
    public var failure: String?
    /// The values of the hyperparameters that are searched, as JSON; nil where none are.
    var hyperparameters: String?
    /// What it did to the attachments that all members share, as JSON; nil where it did nothing.
    var sharing: String?
  }

  /// Opens a record, and makes it if it does not exist.
  ///
  /// - Throws: ``RunError/recordDamaged(file:reason:)``, or SQLite's error.
  public init(path: String) throws {
    self.path = path
    try Self.requireFile(path)
    var configuration = Configuration()
    // A log of its own for what is new: a transaction costs no wait for the disk, and others can read meanwhile.
    configuration.journalMode = .wal
    // Others may read meanwhile; they hold up only what `settle` does.
    configuration.busyMode = .timeout(2)
    database = try Self.told(path) {
      let database = try DatabaseQueue(path: path, configuration: configuration)
      try Self.migrator.migrate(database)
      return database
    }
  }

  /// Opens a record to read it: one of a search that is running, or on a disk that cannot be written to.
  ///
  /// - Throws: ``RunError/recordDamaged(file:reason:)``, or SQLite's error.
  public init(reading path: String) throws {
    self.path = path
    try Self.requireFile(path)
    database = try Self.told(path) {
      let database = try openToRead(path)
      let tables = try database.unsafeRead { db in
        try String.fetchSet(db, sql: "SELECT name FROM sqlite_master WHERE type = 'table'")
      }
      if tables.isSuperset(of: ["run", "member", "event"]) { return database }
      // The process that was to make them may have ended before.
      guard tables.isSubset(of: ["grdb_migrations"]) else {
        throw RunError.recordDamaged(file: path, reason: "it has no tables run, member and event")
      }
      let empty = try DatabaseQueue()
      try Self.migrator.migrate(empty)
      return empty
    }
  }

  /// Makes sure that the record, and what SQLite keeps beside it, are regular files or not there: SQLite would wait for
  /// what is written to a pipe.
  private static func requireFile(_ path: String) throws {
    for suffix in ["", "-journal", "-wal", "-shm"] {
      var status = stat()
      guard stat(path + suffix, &status) != 0 || status.st_mode & S_IFMT == S_IFREG else {
        throw RunError.recordDamaged(file: path, reason: "\(path + suffix) is no regular file")
      }
    }
  }

  /// The error that says that the record is damaged.
  func damaged(_ reason: String) -> RunError { .recordDamaged(file: path, reason: reason) }

  /// Does something with a record, where it turns out whether its file is one.
  private static func told<Result>(_ path: String, _ body: () throws -> Result) throws -> Result {
    do {
      return try body()
    } catch let error as DatabaseError where damages.contains(error.resultCode) {
      throw RunError.recordDamaged(file: path, reason: error.message ?? error.resultCode.description)
    } catch let error as DecodingError {
      throw RunError.recordDamaged(file: path, reason: "a value of the wrong form: \(brief(error))")
    } catch let error as RowDecodingError {
      throw RunError.recordDamaged(file: path, reason: "a value of the wrong type: \(error)")
    }
  }

  /// What SQLite finds where a file is no database, or no record.
  private static let damages: [ResultCode] = [
    .SQLITE_NOTADB, .SQLITE_CORRUPT, .SQLITE_ERROR, .SQLITE_MISMATCH, .SQLITE_CONSTRAINT, .SQLITE_TOOBIG,
  ]

  /// Where a value is that cannot be read, and why, in a few words.
  static func brief(_ error: DecodingError) -> String {
    let context: DecodingError.Context? =
      switch error {
      case .typeMismatch(_, let context), .valueNotFound(_, let context), .keyNotFound(_, let context),
        .dataCorrupted(let context):
        context
      @unknown default: nil
      }
    let place = context?.codingPath.map(\.stringValue).joined(separator: ".") ?? ""
    return (place.isEmpty ? "" : "`\(place)`: ") + (context?.debugDescription ?? "unknown")
  }

  /// Looks at the record with one query, which by itself sees one state of it.
  ///
  /// GRDB's `read` would wrap it in five statements that are compiled anew each time, which took longer than most queries.
  func look<Result>(_ query: (Database) throws -> Result) throws -> Result {
    try Self.told(path) { try database.unsafeRead(query) }
  }

  /// Looks at the record with several queries, which see one state of it.
  func lookAtOneState<Result>(_ queries: (Database) throws -> Result) throws -> Result {
    try Self.told(path) { try database.read(queries) }
  }

  /// Makes a change of one statement, which by itself is a transaction.
  private func write(_ change: (Database) throws -> Void) throws {
    try Self.told(path) { try database.writeWithoutTransaction(change) }
  }

  /// Makes several changes, all or none. The statements around them are compiled once.
  func change(_ changes: (Database) throws -> Void) throws {
    try write { db in
      try db.cachedStatement(sql: "BEGIN IMMEDIATE").execute()
      do {
        try changes(db)
        try db.cachedStatement(sql: "COMMIT").execute()
      } catch {
        // A full disk may have ended the transaction already; why it failed is what counts.
        if db.isInsideTransaction { try? db.rollback() }
        throw error
      }
    }
  }

  /// Brings all transactions to the disk, so that what they made superfluous may be removed.
  ///
  /// - Returns: false if somebody who reads an older state of the record keeps it from that.
  func settle() throws -> Bool {
    do {
      try write { db in _ = try db.checkpoint(.full) }
      return true
    } catch let error as DatabaseError where error.resultCode == .SQLITE_BUSY {
      return false
    }
  }
}

// MARK: Values of the run

extension Record {
  /// Keeps a value under a key.
  func set(_ key: String, _ value: some Encodable) throws {
    try write { db in try Self.set(key, value, in: db) }
  }

  private static func set(_ key: String, _ value: some Encodable, in db: Database) throws {
    let statement = try db.cachedStatement(
      sql: "INSERT INTO run (key, value) VALUES (?, ?) ON CONFLICT (key) DO UPDATE SET value = excluded.value"
    )
    try statement.execute(arguments: [key, json(value)])
  }

  /// The value under a key; nil if there is none.
  func get<Value: Decodable>(_ key: String, as type: Value.Type = Value.self) throws -> Value? {
    let text = try look { db in
      try String.fetchOne(db, sql: "SELECT value FROM run WHERE key = ?", arguments: [key])
    }
    do {
      return try text.map { try Self.parse($0) }
    } catch let error as DecodingError {
      throw damaged("the run's `\(key)`: \(Self.brief(error))")
    }
  }

  /// Notes an event.
  func note(_ event: RunEvent) throws {
    try write { db in try Self.insert([event], into: db) }
  }

  private static func insert(_ events: [RunEvent], into db: Database) throws {
    let statement = try db.cachedStatement(sql: "INSERT INTO event (time, kind, details) VALUES (?, ?, ?)")
    for event in events {
      try statement.execute(arguments: [Date().timeIntervalSince1970, event.kind, json(event)])
    }
  }

  /// All events of a kind, in their order.
  public func events(kind: String) throws -> [RunEvent] {
    try look { db in
      try String.fetchAll(db, sql: "SELECT details FROM event WHERE kind = ? ORDER BY id", arguments: [kind])
        .map { try Self.parse($0) }
    }
  }

  /// How many events there are of a kind.
  func count(ofEvents kind: String) throws -> Int {
    try look { db in
      try Int.fetchOne(db, sql: "SELECT count(*) FROM event WHERE kind = ?", arguments: [kind]) ?? 0
    }
  }
}

// MARK: Members

extension Record {
  /// The members of an interval, by member number.
  ///
  /// - Throws: ``RunError/recordDamaged(file:reason:)`` if they are not all there, or say what cannot be.
  public func members(interval: Int) throws -> [Row] {
    let rows = try look { db in
      let statement = try db.cachedStatement(sql: "SELECT * FROM member WHERE interval = ? ORDER BY member")
      return try Row.fetchAll(statement, arguments: [interval])
    }
    return try checkedInterval(rows)
  }

  /// The members of all intervals.
  public func allMembers() throws -> [Row] {
    try checked(look { db in try Row.order(Column("interval"), Column("member")).fetchAll(db) })
  }

  /// The best fitness of every interval, in their order; nil where no member has one.
  func bestFitness() throws -> [Double?] {
    guard let intervals = try lastInterval() else { return [] }
    let found = try look { db in
      try DatabaseRow.fetchAll(db, sql: "SELECT interval, max(fitness) FROM member GROUP BY interval")
        .map { (Int.fromDatabaseValue($0[0]), Double.fromDatabaseValue($0[1])) }
    }
    var best = [Double?](repeating: nil, count: intervals)
    for case (let interval?, let fitness?) in found where (1...intervals).contains(interval) {
      guard fitness.isFinite else { throw damaged("interval \(interval) has the fitness \(fitness)") }
      best[interval - 1] = fitness
    }
    return best
  }

  /// How many offspring there were in all intervals, and how many of their tensors no parent could give.
  func offspringTotals() throws -> (count: Int, freshTensors: Int) {
    try look { db in
      let row = try DatabaseRow.fetchOne(db, sql: "SELECT count(offspring), sum(freshTensors) FROM member")
      let numbers = row.map { row in [0, 1].map { Int.fromDatabaseValue(row[$0]) ?? 0 } }
      return (numbers?[0] ?? 0, numbers?[1] ?? 0)
    }
  }

  /// The checkpoints and shared attachments that an interval needs once its members are known.
  ///
  /// - Parameter generations: of how many intervals the first checkpoints count, this one's included.
  func checkpoints(neededIn interval: Int, generations: Int = 1) throws -> Set<String> {
    let checkpoints = try look { db in
      let statement = try db.cachedStatement(
        sql: """
          SELECT startCheckpoint FROM member WHERE interval > ? AND interval <= ?
          UNION SELECT resultCheckpoint FROM member WHERE interval = ? AND resultCheckpoint IS NOT NULL
          """)
      return try String.fetchSet(statement, arguments: [interval - generations, interval, interval])
    }
    let intervals = max(1, interval - generations + 1)...interval
    return checkpoints.union(try sharedAttachments(neededIn: intervals))
  }

  /// Who made a checkpoint: the member in whose interval it was trained, or that it was made for. Of a shared
  /// attachment, the member that added it.
  func maker(of checkpoint: String) throws -> Row? {
    if let name = RunFolder.attachment(named: checkpoint) { return try sharer(of: name) }
    let row = try lookAtOneState { db in
      try Row.filter(Column("resultCheckpoint") == checkpoint).fetchOne(db)
        ?? Row.filter(Column("startCheckpoint") == checkpoint).order(Column("interval")).fetchOne(db)
    }
    return try row.map { try checked([$0])[0] }
  }

  /// Notes that a checkpoint has other bytes than before.
  func replaceDigest(of checkpoint: String, by digest: String) throws {
    try change { db in
      for side in ["start", "result"] {
        try db.execute(
          sql: "UPDATE member SET \(side)Digest = ? WHERE \(side)Checkpoint = ?",
          arguments: [digest, checkpoint])
      }
    }
  }

  /// Begins an interval: all its members at once, with the events that tell how they came about.
  ///
  /// - Parameter measured: what the run took until then; nil before the first interval.
  func begin(_ rows: [Row], _ events: [RunEvent] = [], measured: RunClock.Measured? = nil) throws {
    try change { db in
      for row in rows { try row.insert(db) }
      try Self.insert(events, into: db)
      if let measured { try Self.set("measured", measured, in: db) }
    }
  }

  /// Changes members of an interval, all at once.
  func update(_ rows: [Row]) throws {
    try change { db in for row in rows { try row.update(db) } }
  }

  /// Notes what became of a member in its interval, with the event that tells it.
  func finish(_ row: Row, _ event: RunEvent) throws {
    try change { db in
      try row.update(db)
      try Self.insert([event], into: db)
    }
  }
}

// MARK: JSON in columns

extension Record {
  static func json(_ value: some Encodable) throws -> String {
    String(decoding: try WorkerProtocol.encoder().encode(value), as: UTF8.self)
  }

  static func parse<Value: Decodable>(_ text: String) throws -> Value {
    try WorkerProtocol.decoder().decode(Value.self, from: Data(text.utf8))
  }
}

extension Record.Row {
  /// A member that is yet to be trained.
  init(
    interval: Int, member: Int, genome: Genome, hyperparameters: [String: Double] = [:], start: KnownFile,
    offspring: Offspring? = nil, freshTensors: Int = 0
  ) throws {
    self.init(
      interval: interval, member: member, genome: try Record.json(genome), startCheckpoint: start.name,
      offspring: try offspring.map { try Record.json($0) }, freshTensors: freshTensors,
      startDigest: start.digest, isFinished: false,
      hyperparameters: hyperparameters.isEmpty ? nil : try Record.json(hyperparameters))
  }

  /// The option of every gene.
  public func decodedGenome() throws -> Genome { try Record.parse(genome) }

  /// The values of the hyperparameters that are searched, by name; empty where none are.
  public func decodedHyperparameters() throws -> [String: Double] {
    try hyperparameters.map { try Record.parse($0) } ?? [:]
  }

  /// How it came about, if it replaced another member before this interval.
  public func decodedOffspring() throws -> Offspring? { try offspring.map { try Record.parse($0) } }

  /// Further figures by name.
  public func decodedMetrics() throws -> [String: Double] { try metrics.map { try Record.parse($0) } ?? [:] }

  /// The checkpoint after the interval: what training made, or what it began with where that failed.
  var end: KnownFile { result ?? start }

  /// What training began with.
  var start: KnownFile { KnownFile(name: startCheckpoint, digest: startDigest) }

  /// What training made; nil before it has, and where it failed.
  var result: KnownFile? { resultCheckpoint.map { KnownFile(name: $0, digest: resultDigest) } }

  /// Whether an error says that its network cannot be made, and it never was.
  func wasNeverMade(_ error: any Error) -> Bool {
    if case RunError.member = error { startDigest == nil && resultCheckpoint == nil } else { false }
  }

  /// The fitness; NaN where there is none.
  public var fitnessOrNaN: Double { fitness ?? .nan }
}
