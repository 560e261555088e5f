import Synchronization

extension Executor {
  /// Does something for every member, as many at once as there are workers. The first error ends the rest.
  func concurrently<Result: Sendable>(
    _ members: some Collection<Int>, isolation: isolated (any Actor)? = #isolation,
    _ body: @escaping @Sendable (Int) async throws -> Result
  ) async throws -> [Result] {
    let outcome = Outcome<Result>(count: members.count)
    // A group that hands out results would wake the caller for each of them.
    await withDiscardingTaskGroup { group in
      for (index, member) in members.enumerated() {
        group.addTask {
          do {
            outcome.note(try await body(member), at: index)
          } catch {
            outcome.note(error)
            // Whoever still waits for a worker's answer would wait for the end of its training.
            await self.stop()
          }
        }
      }
    }
    return try outcome.get()
  }
}

/// What came of doing something for several members.
private final class Outcome<Result: Sendable>: Sendable {
  private let state: Mutex<(results: [Result?], error: (any Error)?)>

  init(count: Int) { state = Mutex((Array(repeating: nil, count: count), nil)) }

  func note(_ result: Result, at index: Int) { state.withLock { $0.results[index] = result } }

  func note(_ error: any Error) { state.withLock { $0.error = $0.error ?? error } }

  /// All results in their order, or the first error.
  func get() throws -> [Result] {
    try state.withLock { state in
      if let error = state.error { throw error }
      return state.results.compactMap { $0 }
    }
  }
}
