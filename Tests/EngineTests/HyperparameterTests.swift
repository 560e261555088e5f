import Foundation
import PBTNAS
import Synchronization
import Testing

@testable import Engine

@Suite struct HyperparameterTests {
  private static let searched = [
    Hyperparameter(name: "rate", .range(low: 0.1, high: 2, scale: .log)),
    Hyperparameter(name: "momentum", .list([0.5, 0.9, 0.99])),
  ]

  private func settings(_ strategy: Strategy = .pbt, seed: UInt64 = 1) -> RunSettings {
    .test(strategy, seed: seed, hyperparameters: Self.searched)
  }

  @Test(
    "every member trains with the values that the record shows, and offspring explore from their base's",
    arguments: [Strategy.pbt, .pbtNAS, .mutation, .randomSearch])
  func reachTheTrainer(strategy: Strategy) async throws {
    let told = Mutex<[String: [String: Double]]>([:])
    let executor = InProcessExecutor(workers: 2) { job, _ in
      if case .train(let job) = job { told.withLock { $0[job.output] = job.hyperparameters } }
      return nil
    }
    let (run, settings) = (try TestRun(), settings(strategy, seed: randomSeed()))
    let summary = try await run.run(settings, executor)
    let record = try Record(path: run.folder.record)
    var explored = 0
    for interval in 1...settings.method.intervals {
      let rows = try record.members(interval: interval)
      let earlier = try record.members(interval: interval - 1)
      for row in rows {
        let values = try row.decodedHyperparameters()
        #expect(Set(values.keys) == ["rate", "momentum"])
        let output = run.folder.absolute(run.folder.result(member: row.member, interval: interval))
        #expect(told.withLock { $0[output] } == values)
        if let offspring = try row.decodedOffspring() {
          #expect(offspring.hyperparameters == values)
          #expect(row.genome == earlier[offspring.base].genome || strategy != .pbt)
          explored += try values == earlier[offspring.base].decodedHyperparameters() ? 0 : 1
        } else if interval > 1 {
          #expect(values == (try earlier[row.member].decodedHyperparameters()))
        }
      }
    }
    #expect((explored > 0) == (strategy != .randomSearch))
    let best = try record.members(interval: summary.bestInterval)[summary.bestMember]
    #expect(summary.bestHyperparameters == (try best.decodedHyperparameters()))
    let shown = shownHyperparameters(try best.decodedHyperparameters())
    #expect(shown.hasPrefix("momentum 0.") && shown.contains(", rate "))
    // Once by itself, and once for every ancestor that had the same: survivors keep theirs.
    var (member, ancestors) = (summary.bestMember, 0)
    for interval in stride(from: summary.bestInterval, through: 1, by: -1) {
      let row = try record.members(interval: interval)[member]
      ancestors += try shownHyperparameters(row.decodedHyperparameters()) == shown ? 1 : 0
      member = try row.decodedOffspring()?.base ?? member
    }
    #expect(try run.folder.readSummary().components(separatedBy: shown).count == 1 + 1 + ancestors)
  }

  @Test("they change what training makes, and nothing of a search that has none")
  func matter() async throws {
    let with = try await TestRun.undisturbed(settings(.randomSearch)).outcome()
    let without = try await TestRun.undisturbed(.test(.randomSearch)).outcome()
    #expect(with.members.map(\.genome) == without.members.map(\.genome))
    #expect(with.members.map(\.fitness) != without.members.map(\.fitness))
    #expect(without.members.allSatisfy { $0.hyperparameters == nil })
  }

  @Test(
    "an interrupted run ends with the same values, fitness and weights", arguments: [Strategy.pbt, .pbtNAS])
  func resume(strategy: Strategy) async throws {
    let settings = settings(strategy, seed: randomSeed())
    let expected = try await TestRun.undisturbed(settings).outcome()
    for jobs in [3, 17, 25] {
      let run = try await TestRun.stopped(settings, after: jobs)
      try await run.run(settings, InProcessExecutor(workers: 1), resumes: true)
      #expect(try run.outcome() == expected)
    }
    let run = try await TestRun.stopped(settings, after: 20)
    var other = settings
    other.method.hyperparameters[0].resampleProbability = 0.3
    let error = await #expect(throws: RunError.self) {
      try await run.run(other, InProcessExecutor(workers: 1), resumes: true)
    }
    let name = other.method.hyperparameters[0].name
    #expect(error?.description.contains("the setting `search.hyperparameters.\(name)` (") == true)
    #expect(error?.description.contains("resample: 0.3) is not what it was") == true)
  }

  @Test(
    "a name that the trainer has not announced is refused before anything starts, with the nearest right one")
  func unknown() async throws {
    var settings = settings()
    settings.method.hyperparameters[1].name = "momentun"
    let run = try TestRun()
    let executor = InProcessExecutor(workers: 1)
    let error = await #expect(throws: RunError.self) { try await run.run(settings, executor) }
    #expect(
      error?.description
        == "search.hyperparameters.momentun: the trainer has no hyperparameter `momentun`; did you mean `momentum`?; "
        + "it takes rate, momentum")
    #expect(await executor.count == 0)
  }

  @Test("a trainer in another language announces names and is told values")
  func otherLanguage() async throws {
    let run = try TestRun()
    var settings = RunSettings.test(
      population: 4, intervals: 2,
      hyperparameters: [Hyperparameter(name: "step", .range(low: 0.5, high: 2, scale: .linear))])
    try await run.run(settings, PythonTrainer.executor(run))
    for row in try Record(path: run.folder.record).allMembers() {
      #expect(try row.decodedMetrics()["step"] == row.decodedHyperparameters()["step"])
    }
    settings.method.hyperparameters[0].name = "length"
    let other = try TestRun()
    let error = await #expect(throws: RunError.self) {
      try await other.run(settings, PythonTrainer.executor(other))
    }
    #expect(error?.description.contains("no hyperparameter `length`; it takes step") == true)
  }

  @Test("records from before there were hyperparameters are read without them")
  func oldRecords() throws {
    let method = settings().method
    #expect(try Record.parse(Record.json(method)) == method)
    let plain = MethodSettings(populationSize: 8, intervals: 4)
    let text = try Record.json(plain).replacing(#""hyperparameters":[],"#, with: "")
    #expect(!text.contains("hyperparameters"))
    #expect(try Record.parse(text) == plain)
    let generation = try nextGeneration(
      after: 1, [Genome](repeating: Genome([0]), count: 8), fitness: (0..<8).map(Double.init),
      in: SearchSpace(genes: [Gene(name: "g", options: ["a", "b"], owns: [])]), plain, seed: RunSeed(1))
    let old = try Record.json(generation).replacing(#""hyperparameters":{},"#, with: "")
    #expect(!old.contains("hyperparameters"))
    #expect(try Record.parse(old) == generation)
    // A trainer announces them beside its genes, or not at all.
    let space = SearchSpace(genes: [], hyperparameters: ["a.b"])
    #expect(try Record.json(space) == #"{"genes":[],"hyperparameters":["a.b"]}"#)
    #expect(try Record.parse(#"{"genes":[]}"#) == SearchSpace(genes: []))
  }
}
