import GRDB

extension Record {
  /// Append-only: a migration that has been released is never changed.
  static var migrator: DatabaseMigrator {
    var migrator = DatabaseMigrator()
    migrator.registerMigration("1: run, member, event") { db in
      try db.create(table: "run") { table in
        table.primaryKey("key", .text)
        table.column("value", .text).notNull()
      }
      try db.create(table: "member") { table in
        table.column("interval", .integer).notNull()
        table.column("member", .integer).notNull()
        table.primaryKey(["interval", "member"])
        table.column("genome", .text).notNull()
        table.column("startCheckpoint", .text).notNull()
        table.column("offspring", .text)
        table.column("freshTensors", .integer).notNull()
        table.column("isFinished", .boolean).notNull()
        table.column("fitness", .double)
        table.column("resultCheckpoint", .text)
        table.column("metrics", .text)
        table.column("seconds", .double)
        table.column("failure", .text)
      }
      try db.create(table: "event") { table in
        table.autoIncrementedPrimaryKey("id")
        table.column("time", .double).notNull()
        table.column("kind", .text).notNull()
        table.column("details", .text).notNull()
      }
    }
    migrator.registerMigration("2: digests of checkpoints") { db in
      try db.alter(table: "member") { table in
        table.add(column: "startDigest", .text)
        table.add(column: "resultDigest", .text)
      }
    }
    migrator.registerMigration("3: hyperparameters") { db in
      try db.alter(table: "member") { $0.add(column: "hyperparameters", .text) }
    }
    migrator.registerMigration("4: shared attachments") { db in
      try db.alter(table: "member") { $0.add(column: "sharing", .text) }
      // Most runs share nothing, and then need not look through their members.
      try db.create(
        index: "memberSharing", on: "member", columns: ["interval", "member"],
        condition: Column("sharing") != nil)
    }
    return migrator
  }
}
