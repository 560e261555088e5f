import Foundation
import PBTNAS
import Safetensors
import Synchronization
import Testing

@testable import Engine

/// A run's folder that goes when the test is over.
final class TestRun: Sendable {
  let folder: RunFolder
  let events = Mutex<[RunEvent]>([])

  init(_ path: String? = nil) throws {
    folder = RunFolder(path: path ?? NSTemporaryDirectory() + "engine-\(UUID().uuidString)")
    try FileManager.default.createDirectory(atPath: folder.path, withIntermediateDirectories: true)
  }

  deinit {
    // A folder that stays behind harms no test.
    try? FileManager.default.removeItem(atPath: folder.path)
  }

  /// What was reported so far.
  var seen: [RunEvent] { events.withLock { $0 } }

  /// - Parameter act: is called with every event, for which the search waits.
  func search(
    _ settings: RunSettings, _ executor: any Executor, resumes: Bool = false,
    act: @escaping @Sendable (RunEvent) -> Void = { _ in }
  ) throws -> Search {
    try Search(folder, settings, executor: executor, resumes: resumes) { event in
      self.events.withLock { $0.append(event) }
      act(event)
    }
  }

  @discardableResult
  func run(_ settings: RunSettings, _ executor: any Executor, resumes: Bool = false) async throws
    -> RunSummary
  {
    let result = await Self.result(of: try search(settings, executor, resumes: resumes))
    await waitForLock()
    return try result.get()
  }

  private static func result(of search: Search) async -> Result<RunSummary, any Error> {
    do { return .success(try await search.run()) } catch { return .failure(error) }
  }

  /// A run that nothing disturbs.
  static func undisturbed(
    _ settings: RunSettings, attaches: ToyTrainer.Attachments = .none
  ) async throws -> TestRun {
    let run = try TestRun()
    try await run.run(settings, InProcessExecutor(workers: 2, attaches: attaches))
    return run
  }

  /// A run that has stopped after some jobs, as on a full disk.
  static func stopped(
    _ settings: RunSettings, after jobs: Int, workers: Int = 2, attaches: ToyTrainer.Attachments = .none
  ) async throws -> TestRun {
    let run = try TestRun()
    let full = InProcessExecutor(workers: workers, attaches: attaches) { _, number in
      number >= jobs ? JobFailed("no room left", isDiskFull: true) : nil
    }
    await #expect(throws: (any Error).self) { try await run.run(settings, full) }
    return run
  }

  /// Waits for the last task of a search that is over, which may still be about to end: with it goes the lock.
  func waitForLock() async {
    // Asleep, not at once again: several that wait would keep a processor from those that they wait for.
    while (try? RunLock(folder)) == nil { try? await Task.sleep(for: .milliseconds(2)) }
  }

  /// All that a user could compare between two runs.
  func outcome() throws -> Outcome {
    let record = try Record(path: folder.record)
    let members = try record.allMembers().map { row in
      var row = row
      row.seconds = nil
      return row
    }
    let last = members.last?.interval ?? 0
    let checkpoints = try members.filter { $0.interval == last }.map {
      try Data(contentsOf: URL(fileURLWithPath: folder.absolute($0.end.name)))
    }
    return Outcome(
      members: members, best: try Data(contentsOf: URL(fileURLWithPath: folder.best)),
      checkpoints: checkpoints, attachments: Set(try attachmentNames()))
  }

  struct Outcome: Equatable {
    var members: [Record.Row]
    var best: Data
    var checkpoints: [Data]
    /// Their names are their contents' digests.
    var attachments: Set<String>
  }

  /// Attachments in the folder.
  func attachmentNames() throws -> [String] {
    let path = "\(folder.path)/attachments"
    guard FileManager.default.fileExists(atPath: path) else { return [] }
    return try FileManager.default.contentsOfDirectory(atPath: path).sorted()
  }

  /// Checkpoints in the folder.
  func checkpointNames() throws -> [String] {
    try FileManager.default.subpathsOfDirectory(atPath: "\(folder.path)/checkpoints")
      .filter { $0.contains("safetensors") }.sorted()
  }
}

extension RunSettings {
  /// Settings of a small run.
  static func test(
    _ strategy: Strategy = .pbtNAS, population: Int = 8, intervals: Int = 4, seed: UInt64 = 1,
    retries: Int = 2, hyperparameters: [Hyperparameter] = []
  ) -> RunSettings {
    let needed =
      strategy == .pbt ? [Hyperparameter(name: "rate", .range(low: 0.1, high: 2, scale: .log))] : []
    return RunSettings(
      task: "toy", seed: seed,
      method: MethodSettings(
        populationSize: population, intervals: intervals, strategy: strategy,
        hyperparameters: hyperparameters.isEmpty ? needed : hyperparameters),
      retries: retries)
  }
}

/// A seed that a failing test can be run with again.
func randomSeed(_ test: String = #function) -> UInt64 {
  let seed = UInt64.random(in: 0..<1 << 53)
  print("\(test): seed \(seed)")
  return seed
}
