import Foundation
import PBTNAS
import Safetensors
import Synchronization
import Testing

@testable import Engine

/// What must hold in every file of a run, however the run ends.
@Suite struct WholeRunTests {
  @Test func everyOffspringsFileIsMadeOfItsParentsFilesExactly() async throws {
    let run = try TestRun()
    let settings = RunSettings.test(intervals: 6, seed: randomSeed())
    let problems = Mutex<[String]>([])
    let counts = Mutex((mixed: 0, kept: 0))
    // Told before the parents' checkpoints are removed, with the search at rest.
    let search = try Search(
      run.folder, settings, executor: InProcessExecutor(workers: 2), resumes: false
    ) { event in
      guard case .offspringMade(let offspring, let interval, _) = event else { return }
      do {
        let found = try Self.check(offspring, interval, in: run, settings.method)
        counts.withLock { $0 = ($0.mixed + found.mixed, $0.kept + found.kept) }
        problems.withLock { $0 += found.problems }
      } catch {
        problems.withLock { $0.append("\(error)") }
      }
    }
    _ = try await search.run()
    #expect(problems.withLock { $0 } == [])
    #expect(counts.withLock { $0.mixed > 0 && $0.kept > 50 })
  }

  /// Compares an offspring's file with its parents' by the rule as it is written down, not by the plan.
  private static func check(
    _ offspring: Offspring, _ interval: Int, in run: TestRun, _ method: MethodSettings
  ) throws -> (mixed: Int, kept: Int, problems: [String]) {
    let trainer = ToyTrainer()
    let rows = try Record(path: run.folder.record).members(interval: interval - 1)
    func end(_ member: Int) throws -> SafetensorsFile {
      try SafetensorsFile(path: run.folder.absolute(rows[member].end.name))
    }
    let base = try end(offspring.base)
    let donor = try end(try #require(offspring.donor))
    let freshPath = "\(run.folder.path)/again-\(interval)-\(offspring.member)"
    try trainer.initialise(
      InitialiseJob(genome: offspring.genome, seed: offspring.freshSeed, output: freshPath))
    let fresh = try SafetensorsFile(path: freshPath)
    let child = try SafetensorsFile(
      path: run.folder.absolute(run.folder.start(member: offspring.member, interval: interval)))
    let donated = offspring.donatedGenes.flatMap { trainer.searchSpace.genes[$0].owns }
    var result = (mixed: 0, kept: 0, problems: [String]())
    for tensor in child.tensors where tensor.name.hasPrefix("net.") {
      let isDonated = donated.contains { tensor.name.hasPrefix("\($0).") }
      let isWeight = !tensor.name.hasSuffix("running_mean")
      // What one parent lacks in this shape comes from the other; the writer's own tests cover that.
      guard let giver = (isDonated ? donor : base)[tensor.name], giver.shape == tensor.shape else { continue }
      if isDonated && isWeight {
        let old = donor.values(of: giver, as: Float.self)
        let new = fresh.values(of: try #require(fresh[tensor.name]), as: Float.self)
        // Products of float32 are exact in float64, so each `Float` rounds once.
        let expected = zip(old, new).map { old, new in
          let first = Float(Double(Float(method.lambda)) * Double(old))
          let second = Float(Double(Float(method.gamma)) * Double(new))
          return Float(Double(first) + Double(second)).bitPattern
        }
        result.mixed += 1
        if child.values(of: tensor, as: Float.self).map(\.bitPattern) != expected {
          result.problems.append("\(tensor.name) of \(offspring) is not lambda * donor + gamma * fresh")
        }
      } else {
        result.kept += 1
        if child.data(tensor.name) != (isDonated ? donor : base).data(tensor.name) {
          result.problems.append("\(tensor.name) of \(offspring) is not its parent's bit for bit")
        }
      }
    }
    return result
  }

  /// What a run leaves behind that ends at an event.
  enum End: CaseIterable {
    /// Its process is killed: everything that it wrote is there.
    case kill
    /// The power fails: what nobody waited for is not on the disk, neither the record's log nor the latest offspring.
    case powerFailure
  }

  @Test(arguments: End.allCases, [StorageSettings.Slack.none, StorageSettings.Slack()])
  func aRunThatEndsAtAnyEventGoesOnLikeOneThatDidNot(end: End, slack: StorageSettings.Slack) async throws {
    var settings = RunSettings.test(population: 4, intervals: 3, seed: randomSeed())
    settings.storage = StorageSettings(generations: slack == .none ? 1 : 2)
    settings.storage.slack = slack
    let run = try TestRun()
    let copies = Mutex<[(kind: String, run: TestRun)]>([])
    let failures = Mutex<[String]>([])
    let search = try Search(
      run.folder, settings, executor: InProcessExecutor(workers: 2), resumes: false
    ) { event in
      // These are told by the search itself, so that no transaction is open: a copy is what a kill would leave.
      if case .progress = event { return }
      if case .memberStarted = event { return }
      if case .runFinished = event { return }
      do {
        let copy = try TestRun()
        try Self.copy(run.folder.path, to: copy.folder.path)
        if end == .powerFailure { try Self.loseWhatNobodyWaitedFor(copy.folder.path) }
        copies.withLock { $0.append((event.kind, copy)) }
      } catch {
        failures.withLock { $0.append("\(error)") }
      }
    }
    _ = try await search.run()
    let expected = try run.outcome()
    #expect(failures.withLock { $0 } == [])
    let killed = copies.withLock { $0 }
    #expect(Set(killed.map(\.kind)).isSuperset(of: ["runStarted", "memberFinished", "offspringMade"]))
    for (kind, copy) in killed {
      try await copy.run(settings, InProcessExecutor(workers: 2), resumes: true)
      #expect(try copy.outcome() == expected, "\(end) at \(kind)")
      // What the record names is there, however far it was set back: only offspring were not waited for, and the best
      // network's file may be newer than the record.
      for case .checkpointDamaged(let file, let reason) in copy.seen where file != "best.safetensors" {
        let isOffspring = file.hasSuffix(".start.safetensors")
        #expect(end == .powerFailure && isOffspring, "\(end) at \(kind): \(file): \(reason)")
      }
    }
  }

  private static func loseWhatNobodyWaitedFor(_ folder: String) throws {
    let manager = FileManager.default
    for log in ["wal", "shm"] where manager.fileExists(atPath: "\(folder)/run.sqlite-\(log)") {
      try manager.removeItem(atPath: "\(folder)/run.sqlite-\(log)")
    }
    let starts = try manager.subpathsOfDirectory(atPath: folder).filter { $0.hasSuffix(".start.safetensors") }
    let latest = starts.map { URL(fileURLWithPath: $0).deletingLastPathComponent().lastPathComponent }.max()
    for start in starts where latest.map(start.contains) == true {
      try Data().write(to: URL(fileURLWithPath: "\(folder)/\(start)"))
    }
  }

  /// Copies a folder that workers write to; what they rename meanwhile is as if it were not written yet.
  static func copy(_ source: String, to target: String) throws {
    let manager = FileManager.default
    for name in try manager.subpathsOfDirectory(atPath: source) {
      var isFolder: ObjCBool = false
      guard manager.fileExists(atPath: "\(source)/\(name)", isDirectory: &isFolder) else { continue }
      if isFolder.boolValue {
        try manager.createDirectory(atPath: "\(target)/\(name)", withIntermediateDirectories: true)
      } else {
        do {
          try manager.copyItem(atPath: "\(source)/\(name)", toPath: "\(target)/\(name)")
        } catch  where !manager.fileExists(atPath: "\(source)/\(name)") {
          continue
        }
      }
    }
  }

  @Test func aMemberThatDivergedIsNeverAParent() async throws {
    let settings = RunSettings.test(intervals: 4, seed: randomSeed())
    let run = try TestRun()
    let executor = InProcessExecutor(workers: 2) { job, _ in
      guard case .train(let job) = job, job.output.hasSuffix("member-01.safetensors") else { return nil }
      return JobFailed("the loss is not a number")
    }
    try await run.run(settings, executor)
    let record = try Record(path: run.folder.record)
    for interval in 2...4 {
      let before = try record.members(interval: interval - 1)
      #expect(before[1].isFinished && before[1].fitness == nil)
      for row in try record.members(interval: interval) {
        guard let offspring = try row.decodedOffspring() else { continue }
        #expect(before[offspring.base].fitness != nil)
        if let donor = offspring.donor { #expect(before[donor].fitness != nil) }
      }
    }
  }
}
