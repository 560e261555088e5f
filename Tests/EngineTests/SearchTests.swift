import Foundation
import PBTNAS
import Safetensors
import Synchronization
import Testing

@testable import Engine

@Suite struct SearchTests {
  @Test(arguments: Strategy.allCases)
  func theResultIsTheSameWithAnyNumberOfWorkersInAnyOrder(strategy: Strategy) async throws {
    let settings = RunSettings.test(strategy, seed: randomSeed())
    var outcomes: [TestRun.Outcome] = []
    for workers in [1, 1, 2, 4, 8] {
      let run = try TestRun()
      try await run.run(settings, InProcessExecutor(workers: workers, order: UInt64(outcomes.count)))
      outcomes.append(try run.outcome())
    }
    #expect(outcomes[0].members.count == 32)
    for outcome in outcomes { #expect(outcome == outcomes[0]) }
  }

  @Test func anotherSeedGivesAnotherResult() async throws {
    let (first, second) = (try TestRun(), try TestRun())
    try await first.run(.test(seed: 1), InProcessExecutor(workers: 2))
    try await second.run(.test(seed: 2), InProcessExecutor(workers: 2))
    #expect(try first.outcome() != second.outcome())
  }

  @Test func theMethodIsFollowed() async throws {
    let run = try TestRun()
    let settings = RunSettings.test(intervals: 5, seed: randomSeed())
    try await run.run(settings, InProcessExecutor(workers: 2))
    let record = try Record(path: run.folder.record)
    let seed = RunSeed(settings.seed)
    let space = ToyTrainer().searchSpace
    var population = try initialPopulation(space, size: 8, seed: seed)
    for interval in 1...5 {
      let members = try record.members(interval: interval)
      #expect(try members.map { try $0.decodedGenome() } == population)
      let fitness = members.map(\.fitnessOrNaN)
      let next = try nextGeneration(
        after: interval, population, fitness: fitness, in: space, settings.method, seed: seed)
      #expect(next.offspring.count == (interval < 5 ? 2 : 0))
      for offspring in next.offspring {
        population[offspring.member] = offspring.genome
        let row = try record.members(interval: interval + 1)[offspring.member]
        #expect(try row.decodedOffspring() == offspring)
      }
    }
  }

  @Test func theBestNetworkEverIsKept() async throws {
    let run = try TestRun()
    let summary = try await run.run(.test(intervals: 5, seed: randomSeed()), InProcessExecutor(workers: 2))
    let members = try Record(path: run.folder.record).allMembers()
    let best = try #require(members.max { $0.fitnessOrNaN < $1.fitnessOrNaN })
    #expect(summary.bestFitness == best.fitness)
    let checkpoint = try Checkpoint(path: run.folder.best)
    let genome = try best.decodedGenome()
    #expect(checkpoint.genome == genome)
    #expect(checkpoint.file.metadata["fitness"] == "\(summary.bestFitness)")
    #expect(checkpoint.file.metadata["architecture"]?.contains("g0=") == true)
    #expect(checkpoint.file.metadata["task"] == "toy")
    #expect(checkpoint.file.tensors.contains { $0.name.hasPrefix("average.net.") })
    #expect(!checkpoint.file.tensors.contains { $0.name.hasPrefix("optimizer.") })
    let evaluated = try ToyTrainer().evaluate(
      EvaluateJob(genome: checkpoint.genome, checkpoint: run.folder.best, seed: 0, artifacts: nil))
    #expect(evaluated.fitness == summary.bestFitness, "the weights must be those that were judged")
  }

  @Test func onlyCheckpointsThatAreNeededAreKept() async throws {
    let run = try TestRun()
    let most = Mutex(0)
    let executor = InProcessExecutor(workers: 1) { [folder = run.folder] job, _ in
      let files = FileManager.default.enumerator(atPath: folder.path)?.compactMap { $0 as? String } ?? []
      most.withLock { $0 = max($0, files.count { $0.hasSuffix(".safetensors") }) }
      return nil
    }
    var settings = RunSettings.test(population: 8, intervals: 12)
    settings.storage.slack = .none
    try await run.run(settings, executor)
    let expected = (0..<8).map { "interval-012/member-0\($0).safetensors" }
    #expect(try run.checkpointNames() == expected)
    // The starts of two intervals (the same file for who was not replaced), results, two offspring with their fresh
    // networks, and the best.
    let limit = 8 + 2 + 8 + 8 + 2 * 2 + 1
    #expect(most.withLock { $0 } <= limit)
  }

  @Test func theSummarySaysWhatWasFound() async throws {
    let run = try TestRun()
    let settings = RunSettings.test(intervals: 6, seed: 3)
    let summary = try await run.run(settings, InProcessExecutor(workers: 2))
    let text = try run.folder.readSummary()
    let space = ToyTrainer().searchSpace
    for (gene, option) in space.optionNames(of: summary.bestGenome) {
      #expect(text.contains("  \(gene): \(option)\n"))
    }
    let record = try Record(path: run.folder.record)
    let first = try record.members(interval: 1).map(\.fitnessOrNaN).max()
    #expect(summary.firstIntervalBestFitness == first)
    let fresh = try record.allMembers().reduce(0) { $0 + $1.freshTensors }
    for part in [
      "pbt-nas, seed 3: 8 members, 6 intervals", "Best fitness: \(summary.bestFitness)",
      "Best after the first interval: \(summary.firstIntervalBestFitness)", "Offspring: 10;",
      "no parent could give: \(fresh)", run.folder.path, "best.safetensors",
    ] {
      #expect(text.contains(part), "\(part) is not in:\n\(text)")
    }
    let best = try record.members(interval: summary.bestInterval)[summary.bestMember].decodedMetrics()
    let weight = String(format: "%.6g", try #require(best["mean_weight"]))
    #expect(text.contains("\nIts metrics in that interval:\n  mean_weight: \(weight)\n"), "\(text)")
    #expect(text.contains("  interval \(summary.bestInterval): member \(summary.bestMember), fitness"))
    #expect(text.contains("  interval 1: member"), "the lineage goes back to the first interval")
    #expect((0...1).contains(summary.engineShare) && summary.seconds > 0)
  }

  @Test func everythingThatHappensIsInTheRecord() async throws {
    let run = try TestRun()
    try await run.run(.test(), InProcessExecutor(workers: 2))
    let record = try Record(path: run.folder.record)
    let kinds = [
      "runStarted", "intervalStarted", "memberFinished", "intervalFinished", "offspringMade", "runFinished",
    ]
    let counts = try kinds.map { try record.events(kind: $0).count }
    #expect(counts == [1, 4, 32, 4, 6, 1])
    let reported = run.seen.filter {
      if case .progress = $0 { false } else if case .memberStarted = $0 { false } else { true }
    }
    let noted = try (kinds + ["bestImproved"]).flatMap { try record.events(kind: $0) }
    #expect(Set(reported) == Set(noted))
  }

  @Test func impossibleSettingsAreRefusedBeforeAnythingIsTrained() async throws {
    let run = try TestRun()
    var settings = RunSettings.test()
    settings.method.tau = 0.7
    let executor = InProcessExecutor(workers: 1)
    await #expect {
      try await run.run(settings, executor)
    } throws: {
      "\($0)" == "search.tau: expected a fraction above 0 and at most 0.5, got 0.7"
    }
    #expect(await executor.count == 0)
  }
}
