import Foundation
import GRDB
import PBTNAS
import Testing

@testable import Engine

@Suite struct RecordTests {
  @Test("settings of before mutation's parent could be chosen are those with a uniform one")
  func olderSettings() throws {
    let settings = MethodSettings(populationSize: 8, intervals: 4, strategy: .mutation)
    var members = try #require(
      JSONSerialization.jsonObject(with: JSONEncoder().encode(settings)) as? [String: Any])
    #expect(members.removeValue(forKey: "mutationParent") as? String == "uniform")
    let older = try JSONDecoder().decode(
      MethodSettings.self, from: JSONSerialization.data(withJSONObject: members))
    // Equal settings are one group of `compare`, and can be resumed with.
    #expect(older == settings && older.mutationParent == .uniform)
  }

  @Test("somebody who reads the record for a long time holds no search up, nor loses it a checkpoint")
  func readers() async throws {
    let settings = RunSettings.test(population: 4, intervals: 3, seed: randomSeed())
    let undisturbed = try await TestRun.undisturbed(settings)
    let run = try await TestRun.stopped(settings, after: 9)
    var configuration = Configuration()
    configuration.allowsUnsafeTransactions = true
    let reader = try DatabaseQueue(path: run.folder.record, configuration: configuration)
    try await reader.writeWithoutTransaction { db in
      try db.beginTransaction(.deferred)
      #expect(try Int.fetchOne(db, sql: "SELECT count(*) FROM member") ?? 0 > 0)
    }
    try await run.run(settings, InProcessExecutor(workers: 2), resumes: true)
    #expect(try run.outcome() == undisturbed.outcome())
    // The reader still sees what it saw.
    try await reader.writeWithoutTransaction { db in
      #expect(try Int.fetchOne(db, sql: "SELECT max(interval) FROM member") ?? 9 < 3)
      try db.rollback()
    }
  }
}
