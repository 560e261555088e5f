import Measurement
import PBTNAS
import Tasks
import Torch

/// Updates of a DrQ-v2 agent with DrQ-v2's own networks, batch 256, for Quadruped Run:
/// `drq-update OBSERVATION HIDDEN PRECISION THREADS`.
///
/// OBSERVATION is `state` (vectors of length 78; a round is 20 updates) or `pixels` (9x84x84 bytes; a round is
/// one). The counterpart of `Benchmarks/pytorch/drq_update.py`: the same networks and updates on random
/// transitions.
@main
enum DrQUpdate {
  private static let batchSize = 256
  private static let actions = 12

  static func main() throws {
    let given = Array(CommandLine.arguments.dropFirst())
    let words = given + ["state", "1024", "float32", "1"].dropFirst(given.count)
    guard words.count == 4, let hidden = Int(words[1]), let precision = Precision(rawValue: words[2]),
      let threads = Int(words[3]), ["state", "pixels"].contains(words[0])
    else {
      throw TorchError("usage: drq-update [state|pixels] [HIDDEN] [float32|bfloat16] [THREADS]")
    }
    try Runtime.setThreads(threads)
    Runtime.reuseMemory()
    let isState = words[0] == "state"
    let sizes = DrQSizes(
      observation: isState ? .state(length: 78) : .pixels(), actions: actions, hidden: hidden)
    var settings = DrQAgentSettings()
    settings.precision = precision
    let agent = try DrQAgent(
      DrQNetworks(genome: DrQSearchSpace(sizes).original, sizes: sizes, seed: 1), settings)
    let random = try RandomGenerator(seed: 2)
    let batch = try randomBatch(sizes, random)
    let facts = [
      "program": "pbtnas", "libtorch": Runtime.version, "observation": words[0], "hidden": words[1],
      "precision": precision.rawValue, "threads": String(Runtime.threads),
    ]
    var step = 0
    try answerRounds(facts: facts) {
      for _ in 0..<(isState ? 20 : 1) {
        _ = try agent.update(batch, step: step, random)
        step += 2
      }
    }
  }

  private static func randomBatch(_ sizes: DrQSizes, _ random: RandomGenerator) throws -> ReplayBatch {
    func observations() throws -> Tensor {
      let shape = [batchSize] + sizes.observation.shape
      if case .state = sizes.observation { return try Tensor.randn(shape, generator: random) }
      let pixels = try Tensor.empty(shape, .uint8)
      try pixels.randomInPlace(from: 0, to: 256, generator: random)
      return pixels
    }
    return try ReplayBatch(
      observations: observations(), actions: Tensor.randn([batchSize, actions], generator: random).tanh(),
      rewards: Tensor.randn([batchSize, 1], generator: random).abs(),
      discounts: .full([batchSize, 1], 0.97), nextObservations: observations())
  }
}
