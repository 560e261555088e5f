import Foundation
import PBTNAS
import Safetensors
import Synchronization
import Testing

@testable import Engine

@Suite struct ModelSoupTests {
  private static let hyperparameters = [Hyperparameter(name: "rate", .range(low: 0.1, high: 2, scale: .log))]

  private func values(_ path: String) throws -> [String: [Float]] {
    let file = try SafetensorsFile(path: path)
    return Dictionary(
      uniqueKeysWithValues: file.tensors.map { ($0.name, file.values(of: $0, as: Float.self)) })
  }

  @Test("a soup is made greedily of the members with the best one's genome, and is their mean")
  func greedy() async throws {
    let settings = RunSettings.test(.pbt, seed: randomSeed(), hyperparameters: Self.hyperparameters)
    let run = try await TestRun.undisturbed(settings)
    var steps: [SoupStep] = []
    let executor = InProcessExecutor(workers: 1)
    let summary = try await makeSoup(of: run.folder, executor: executor) { steps.append($0) }

    // The same once more, by what the method says.
    let rows = try Record(path: run.folder.record).members(interval: 4)
    let order = rows.indices.sorted { (rows[$0].fitness ?? 0, $1) > (rows[$1].fitness ?? 0, $0) }
    let members = try order.map { try values(run.folder.absolute(rows[$0].end.name)) }
    let trainer = ToyTrainer()
    let genome = try rows[0].decodedGenome()
    func mean(_ chosen: [Int]) -> [String: [Float]] {
      members[0].filter { !$0.key.hasPrefix("optimizer.") }.mapValuesWithKeys { name, first in
        first.indices.map { index in
          Float(chosen.reduce(0.0) { $0 + Double(members[$1][name]?[index] ?? .nan) } / Double(chosen.count))
        }
      }
    }
    func fitness(_ tensors: [String: [Float]]) throws -> Double {
      let (shapes, path) = (
        try SafetensorsFile(path: run.folder.absolute(rows[0].end.name)), "\(run.folder.path)/mean"
      )
      try writeCheckpoint(
        tensors.sorted { $0.key < $1.key }.map {
          ToyTensor(name: $0.key, shape: shapes[$0.key]?.shape ?? [], values: $0.value)
        }, genome: genome, to: path)
      return try trainer.evaluate(EvaluateJob(genome: genome, checkpoint: path, seed: 0, artifacts: nil))
        .fitness
    }
    var (chosen, best) = ([0], try #require(rows[order[0]].fitness))
    for candidate in 1..<8 {
      let found = try fitness(mean(chosen + [candidate]))
      #expect(steps[candidate] == SoupStep(member: order[candidate], fitness: found, isKept: found > best))
      if found > best { (chosen, best) = (chosen + [candidate], found) }
    }
    #expect(summary.candidates == order && summary.members == chosen.map { order[$0] })
    #expect(summary.gain == .init(best: try #require(rows[order[0]].fitness), soup: best))
    #expect(
      try summary.runBestFitness == Record(path: run.folder.record).get("best", as: BestNetwork.self)?.fitness
    )
    #expect(try values(run.folder.bestSoup) == mean(chosen))
    let file = try Checkpoint(path: run.folder.bestSoup)
    #expect(file.genome == genome && file.file.metadata["fitness"] == String(best))
    #expect(try run.folder.readSoup() == summary && summary.parts == nil)
    #expect(file.file.metadata["soup_parts"] == nil)
    #expect(await executor.count == 8 + 2)
    #expect(!FileManager.default.fileExists(atPath: "\(run.folder.path)/soup-trial.safetensors"))
    // Another soup is the same.
    let again = try await makeSoup(of: run.folder, executor: InProcessExecutor(workers: 1)) { _ in }
    #expect(again == summary)
  }

  @Test("of a network whose part is averaged, everything else is the best member's bit for bit")
  func parts() async throws {
    let settings = RunSettings.test(
      .pbt, population: 6, intervals: 2, seed: randomSeed(), hyperparameters: Self.hyperparameters)
    let run = try await TestRun.undisturbed(settings)
    var trials: [[String: [Float]]] = []
    let summary = try await makeSoup(
      of: run.folder, parts: ["net.g2", "net.g3.bias"], executor: InProcessExecutor(workers: 1)
    ) { step in
      trials.append((try? values("\(run.folder.path)/soup-trial.safetensors")) ?? [:])
    }
    #expect(summary.parts == ["net.g2", "net.g3.bias"])
    let ends = try Record(path: run.folder.record).members(interval: 2).map {
      run.folder.absolute($0.end.name)
    }
    let best = try values(ends[summary.candidates[0]])
    let averaged = [
      "net.g2.weight", "net.g2.bias", "net.g2.running_mean", "average.net.g2.weight", "average.net.g2.bias",
      "net.g3.bias", "average.net.g3.bias",
    ]
    // The second trial is of the best two.
    let second = try values(ends[summary.candidates[1]])
    for (name, found) in trials[1] {
      let (one, two) = (try #require(best[name]), try #require(second[name]))
      let mean = zip(one, two).map { Float((Double($0) + Double($1)) / 2) }
      #expect(found == (averaged.contains(name) ? mean : one), "\(name)")
      #expect(mean != one || name.hasSuffix("running_mean"))
    }
    #expect(Set(averaged).isSubset(of: trials[1].keys) && trials[1].keys.contains("net.g3.weight"))
    let file = try Checkpoint(path: run.folder.bestSoup)
    #expect(file.file.metadata["soup_parts"] == #"["net.g2","net.g3.bias"]"#)
    #expect(try run.folder.readSoup() == summary)
    let error = await #expect(throws: SoupError.self) {
      try await makeSoup(of: run.folder, parts: ["net.g9"], executor: InProcessExecutor(workers: 1)) { _ in }
    }
    #expect(error?.description.hasPrefix("--part net.g9: the network has no weights to average") == true)
    #expect(error?.description.contains("there are net.") == true)
    #expect(try run.folder.readSoup() == summary, "what is refused changes nothing")
  }

  @Test("singular vectors and integers are the best member's, whatever the others have")
  func notAveraged() throws {
    let run = try TestRun()
    func checkpoint(_ name: String, _ value: Float, _ count: Int64) throws -> Checkpoint {
      let path = "\(run.folder.path)/\(name)"
      let writer = try SafetensorsWriter(
        path: path,
        tensors: [
          .init(name: "n.weight_orig", dtype: .float32, shape: [1]),
          .init(name: "n.weight_u", dtype: .float32, shape: [1]),
          .init(name: "n.half", dtype: .bfloat16, shape: [1]),
          .init(name: "n.batches", dtype: .int64, shape: []),
        ],
        metadata: Checkpoint.metadata(genome: Genome([0]), buffers: ["n.weight_u", "n.batches"]))
      for _ in 0..<2 { try withUnsafeBytes(of: value) { try writer.write($0) } }
      try withUnsafeBytes(of: UInt16(value.bitPattern >> 16)) { try writer.write($0) }
      try withUnsafeBytes(of: count) { try writer.write($0) }
      try writer.finish()
      return try Checkpoint(path: path)
    }
    let parts = [try checkpoint("a", 1, 7), try checkpoint("b", 2, 8), try checkpoint("c", 6, 9)]
    try writeSoup(of: parts, to: "\(run.folder.path)/soup")
    let soup = try SafetensorsFile(path: "\(run.folder.path)/soup")
    func value<Element: BitwiseCopyable>(_ name: String, as type: Element.Type) throws -> Element {
      soup.values(of: try #require(soup[name]), as: type)[0]
    }
    #expect(try value("n.weight_orig", as: Float.self) == 3 && value("n.weight_u", as: Float.self) == 1)
    #expect(try value("n.half", as: UInt16.self) == UInt16(Float(3).bitPattern >> 16))
    #expect(try value("n.batches", as: Int64.self) == 7)
    let other = "\(run.folder.path)/other"
    try writeCheckpoint(
      [ToyTensor(name: "n.weight_orig", shape: [1], values: [0])], genome: Genome([0]), to: other)
    #expect(throws: CheckpointError.self) {
      try writeSoup(of: [parts[0], Checkpoint(path: other)], to: "\(run.folder.path)/soup")
    }
  }

  @Test("a run that is not finished, was pruned or whose trainer is another has no soup, and says why")
  func refused() async throws {
    let stopped = try await TestRun.stopped(.test(), after: 12)
    await #expect(throws: RunError.notFinished(folder: stopped.folder.path)) {
      try await makeSoup(of: stopped.folder, executor: InProcessExecutor(workers: 1)) { _ in }
    }
    let run = try await TestRun.undisturbed(.test())
    _ = try run.folder.prune()
    let error = await #expect(throws: SoupError.self) {
      try await makeSoup(of: run.folder, executor: InProcessExecutor(workers: 1)) { _ in }
    }
    #expect(error?.description.contains("before `pbtnas prune`") == true)
    #expect(!FileManager.default.fileExists(atPath: run.folder.bestSoup))
    let other = try await TestRun.undisturbed(.test())
    await #expect(throws: RunError.changed(what: "the trainer's search space")) {
      try await makeSoup(of: other.folder, executor: PythonTrainer.executor(other, workers: 1)) { _ in }
    }
  }

  @Test("a lost worker's evaluation is repeated, and the record says so")
  func lostWorker() async throws {
    let settings = RunSettings.test(.pbt, seed: 3, hyperparameters: Self.hyperparameters)
    let run = try await TestRun.undisturbed(settings)
    let expected = try await makeSoup(of: run.folder, executor: InProcessExecutor(workers: 1)) { _ in }
    let flaky = InProcessExecutor(workers: 1) { _, number in
      number % 3 == 1 ? WorkerLost(worker: 0, reason: "gone", lastWords: "") : nil
    }
    #expect(try await makeSoup(of: run.folder, executor: flaky) { _ in } == expected)
    let lost = try Record(path: run.folder.record).events(kind: "workerLost")
    // Every third job of 8 + 2 that get through.
    #expect(lost.count == 5)
    let reason = "worker 0 was lost: gone"
    for (event, member) in zip(lost, [1, 3, 5, 7, 0].map { expected.candidates[$0] }) {
      #expect(event == .workerLost(member: member, interval: 4, reason: reason, tryAgain: true))
    }
  }

  @Test("an evaluation whose workers are lost too often ends the soup, and the record says so")
  func lostTooOften() async throws {
    let settings = RunSettings.test(.pbt, seed: 3, retries: 1, hyperparameters: Self.hyperparameters)
    let run = try await TestRun.undisturbed(settings)
    let broken = InProcessExecutor(workers: 1) { _, number in
      number >= 2 ? WorkerLost(worker: 0, reason: "gone", lastWords: "") : nil
    }
    await #expect(throws: WorkerLost.self) { try await makeSoup(of: run.folder, executor: broken) { _ in } }
    #expect(await broken.count == 4)
    let again = try Record(path: run.folder.record).events(kind: "workerLost").map { event in
      if case .workerLost(_, 4, _, let tryAgain) = event { tryAgain } else { nil as Bool? }
    }
    #expect(again == [true, false])
  }

  @Test("a soup that is stopped does not try again")
  func stopped() async throws {
    let settings = RunSettings.test(.pbt, seed: 3, hyperparameters: Self.hyperparameters)
    let run = try await TestRun.undisturbed(settings)
    let executor = InProcessExecutor(workers: 1)
    await #expect(throws: CancellationError.self) {
      try await makeSoup(of: run.folder, executor: executor) { _ in
        // Told between evaluations.
        let stopped = Mutex(false)
        Task {
          await executor.stop()
          stopped.withLock { $0 = true }
        }
        while !stopped.withLock({ $0 }) { usleep(1000) }
      }
    }
    #expect(await executor.count == 1)
    #expect(try Record(path: run.folder.record).events(kind: "workerLost").isEmpty)
  }
}

extension Dictionary {
  /// New values from keys and values.
  fileprivate func mapValuesWithKeys<New>(_ new: (Key, Value) -> New) -> [Key: New] {
    Dictionary<Key, New>(uniqueKeysWithValues: map { ($0.key, new($0.key, $0.value)) })
  }
}
