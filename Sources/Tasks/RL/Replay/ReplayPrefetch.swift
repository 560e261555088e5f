import Dispatch
import PBTNAS
import Synchronization

/// Draws the batches of an agent's updates ahead: while an update computes, another thread puts the next
/// one's tensors together. So there is one batch more in memory than without.
///
/// A batch is chosen when the one before it is taken, from what the buffer holds then. So what is drawn
/// follows from the seed and the order of steps and updates alone, and an update cannot yet draw the steps
/// since the update before it. (The loaders of DrQ-v2's own code draw dozens of batches ahead.)
public final class ReplayPrefetch {
  /// A batch that is being made.
  private final class Work: Sendable {
    private let result = Mutex<Result<ReplayBatch, any Error>?>(nil)
    private let isDone = DispatchSemaphore(value: 0)

    init(_ chosen: ChosenTransitions, on queue: DispatchQueue) {
      queue.async {
        self.result.withLock { $0 = Result { try ReplayBatch(chosen.read()) } }
        self.isDone.signal()
      }
    }

    /// Waits for the batch, and gives it away: to be called once.
    func take() throws -> ReplayBatch? {
      isDone.wait()
      return try result.withLock { $0.take() }?.get()
    }
  }

  private let buffer: ReplayBuffer
  private let count: Int
  private var random: SeededGenerator
  private let queue = DispatchQueue(label: "replay")
  private var ahead: Work?

  /// Prepares to draw batches of `count` transitions.
  public init(_ buffer: ReplayBuffer, count: Int, random: SeededGenerator) {
    self.buffer = buffer
    self.count = count
    self.random = random
  }

  deinit {
    // The batch that nobody will take must not outlive what it was made for.
    queue.sync {}
  }

  /// The next batch, on the CPU.
  ///
  /// - Throws: ``ReplayError`` if the buffer has no transitions yet; ``TorchError`` if there is no memory.
  public func next() throws -> ReplayBatch {
    let work = ahead.take()
    let batch = try work?.take() ?? ReplayBatch(buffer.sample(count, using: &random))
    // A long episode may have just driven out all others.
    if buffer.starts > 0 { ahead = Work(try buffer.choose(count, using: &random), on: queue) }
    return batch
  }
}
