import Foundation
import GRDB
import PBTNAS

// What the record says is checked where it is read: a record from elsewhere, or a damaged one, may hold any
// number, and what is read here is used as an index, as a size or as a file's name.
extension Record {
  /// The last interval whose members are known; nil before the first.
  ///
  /// - Throws: ``RunError/recordDamaged(file:reason:)`` unless every interval has the same members, without
  ///   gaps.
  public func lastInterval() throws -> Int? {
    let numbers = try look { db in
      try GRDB.Row.fetchOne(
        db,
        sql: """
          SELECT count(*), min(interval), max(interval), count(DISTINCT interval), min(member), max(member),
            total(typeof(interval) <> 'integer' OR typeof(member) <> 'integer')
          FROM member
          """
      ).map { row in (0..<7).map { Int.fromDatabaseValue(row[$0]) } }
    }
    guard let numbers, numbers[0] != 0 else { return nil }
    guard let rows = numbers[0], let last = numbers[2], let members = numbers[5],
      Self.intervals.contains(last), Self.members.contains(members), numbers[6] == 0, numbers[1] == 1,
      numbers[3] == last, numbers[4] == 0, rows == last * (members + 1)
    else { throw damaged("its intervals and members are not numbered without gaps") }
    return last
  }

  /// The largest numbers that settings allow.
  private static let intervals = 1...1_000_000
  private static let members = 0...999_999

  /// How many members every interval has.
  private func memberCount() throws -> Int {
    try look { db in try Int.fetchOne(db, sql: "SELECT count(*) FROM member WHERE interval = 1") ?? 0 }
  }

  /// A member in an interval.
  ///
  /// - Throws: ``RunError/recordDamaged(file:reason:)`` if there is none.
  func member(_ member: Int, interval: Int) throws -> Row {
    let rows = try members(interval: interval)
    guard rows.indices.contains(member) else {
      throw damaged("there is no member \(member) in interval \(interval)")
    }
    return rows[member]
  }

  /// The members of an interval, if they are all there.
  func checkedInterval(_ rows: [Row]) throws -> [Row] {
    let count = try memberCount()
    guard rows.isEmpty || (rows.map(\.member) == Array(0..<count)) else {
      throw damaged("interval \(rows[0].interval) has not the members 0...\(count - 1)")
    }
    return try checked(rows, members: count)
  }

  /// Rows that can be used.
  func checked(_ rows: [Row]) throws -> [Row] { try checked(rows, members: memberCount()) }

  private func checked(_ rows: [Row], members: Int) throws -> [Row] {
    guard !rows.isEmpty else { return rows }
    let space = try searchSpace()
    for row in rows {
      do {
        try row.check(members: members, space)
      } catch let error as DecodingError {
        throw damaged("member \(row.member) of interval \(row.interval): \(Self.brief(error))")
      } catch let fault as RowFault {
        throw damaged("member \(row.member) of interval \(row.interval): \(fault.reason)")
      }
    }
    return rows
  }
}

/// What is wrong with a row of the record.
private struct RowFault: Error {
  var reason: String
}

extension Record.Row {
  /// Makes sure that all its numbers can be used as they are meant.
  fileprivate func check(members: Int, _ space: SearchSpace?) throws {
    func require(_ holds: Bool, _ reason: @autoclosure () -> String) throws {
      if !holds { throw RowFault(reason: reason()) }
    }
    try require((0..<members).contains(member), "there are \(members) members")
    let genome = try decodedGenome()
    try Self.check(genome, space)
    _ = try (decodedHyperparameters(), decodedMetrics())
    try require(fitness?.isFinite ?? true, "its fitness is \(fitness ?? .nan)")
    try require((0...1_000_000_000).contains(freshTensors), "freshTensors is \(freshTensors)")
    let offspring = try decodedOffspring()
    let isNew = interval == 1 || offspring != nil
    let start = CheckpointName(startCheckpoint)
    // What another member has made, or one of a later interval, it cannot have started from.
    let isItsOwn = start?.member == member && start?.kind != .fresh
    let isEarlier = start.map { $0.interval < interval } ?? false
    let isForIt = start == CheckpointName(.start, member: member, interval: interval)
    try require(isItsOwn && (isNew ? isForIt : isEarlier), "its startCheckpoint is `\(startCheckpoint)`")
    let result = CheckpointName(.result, member: member, interval: interval).text
    try require(
      resultCheckpoint == nil || resultCheckpoint == result,
      "its resultCheckpoint is `\(resultCheckpoint ?? "")`")
    if let offspring { try check(offspring, genome, members: members) }
    if let name = try decodedSharing()?.shares.first(where: { AttachmentFolder.digest(in: $0) == nil }) {
      throw RowFault(reason: "it shares `\(name)`, which is no attachment's name")
    }
  }

  private func check(_ offspring: Offspring, _ genome: Genome, members: Int) throws {
    let genes = genome.choices.indices
    let changed = if case .freshLayer(let gene) = offspring.change { [gene] } else { [Int]() }
    guard interval > 1, offspring.member == member, offspring.genome == genome,
      offspring.parents.allSatisfy((0..<members).contains),
      (offspring.donatedGenes + changed).allSatisfy(genes.contains)
    else { throw RowFault(reason: "what its `offspring` says cannot be") }
  }

  private static func check(_ genome: Genome, _ space: SearchSpace?) throws {
    guard let space else { return }
    do throws(SearchSpaceError) {
      try space.check(genome)
    } catch {
      throw RowFault(reason: error.description)
    }
  }
}

// MARK: Values of the run

extension Record {
  /// The settings that the run began with; nil before it has.
  func settings() throws -> RunSettings? {
    guard let settings: RunSettings = try get("settings") else { return nil }
    let problems = settings.method.problems().map { "search.\($0.setting): \($0.message)" }
    let limits: [(String, Int, ClosedRange<Int>)] = [
      ("population", settings.method.populationSize, 1...Self.members.upperBound + 1),
      ("intervals", settings.method.intervals, Self.intervals),
      ("retries", settings.retries, RunSettings.retryLimits),
    ]
    let wrong = limits.filter { !$0.2.contains($0.1) }.map { "\($0.0) is \($0.1)" }
    if let problem = (problems + wrong).first { throw damaged("its settings are impossible: \(problem)") }
    return settings
  }

  /// The search space that the run began with; nil before it has.
  func searchSpace() throws -> SearchSpace? {
    guard let space: SearchSpace = try get("searchSpace") else { return nil }
    do {
      // One without genes searches hyperparameters alone.
      if !space.genes.isEmpty { try space.validate() }
    } catch {
      throw damaged("its search space is impossible: \(error)")
    }
    return space
  }

  /// The best network so far; nil while there is none.
  func best() throws -> BestNetwork? {
    guard let best: BestNetwork = try get("best") else { return nil }
    let row = try member(best.member, interval: best.interval)
    guard best.fitness.isFinite, try row.decodedGenome() == best.genome else {
      throw damaged("what `best` says is not what member \(best.member) of interval \(best.interval) had")
    }
    return best
  }

  /// What the run has found; nil before it has come to its end.
  func summary() throws -> RunSummary? {
    guard let summary: RunSummary = try get("summary") else { return nil }
    let row = try member(summary.bestMember, interval: summary.bestInterval)
    guard try lastInterval() == summary.intervals, try row.decodedGenome() == summary.bestGenome else {
      throw damaged("what `summary` says is not what its members had")
    }
    return summary
  }

  /// The most bytes that one member's training has written.
  func largestResult() throws -> Int {
    let found: Int = try get(Search.largestResultKey) ?? 0
    // Even a million of them add up to a number.
    guard (0...1 << 42).contains(found) else { throw damaged("`largestResult` is \(found)") }
    return found
  }

  /// What the run took until now.
  func measured() throws -> RunClock.Measured {
    let measured: RunClock.Measured = try get("measured") ?? RunClock.Measured()
    guard [measured.total, measured.useful].allSatisfy({ $0.isFinite && $0 >= 0 }) else {
      throw damaged("`measured` is \(measured)")
    }
    return measured
  }
}
