import Foundation
import Measurement
import PBTNAS
import Tasks

/// Draws a batch of 256 transitions from a replay buffer and makes tensors of it:
/// `replay-draws [state|pixels] [memory|files]`.
///
/// What a thread that prepares the next batch could save at most in every update. The buffer has 20,000 transitions,
/// in memory or in a mapped file.
@main
enum ReplayDraws {
  static func main() throws {
    let arguments = CommandLine.arguments.dropFirst()
    let isPixels = arguments.first != "state"
    let isMapped = arguments.dropFirst().first == "files"
    let layout = ReplayLayout(
      isPixels ? .pixels(channels: 3, height: 84, width: 84) : .state(length: 24), actionLength: 6)
    var buffer = ReplayBuffer(layout, capacity: 20_000, steps: 3, discount: 0.99)
    var random = SeededGenerator(seed: 1)
    var observation = [UInt8](repeating: 0, count: isPixels ? 3 * 84 * 84 : 4 * 24)
    for _ in 0..<40 {
      try observation.withUnsafeBytes { try buffer.beginEpisode($0) }
      for _ in 0..<500 {
        observation[random.below(observation.count)] = UInt8(random.below(64))
        try observation.withUnsafeBytes {
          try buffer.add(action: Array(repeating: 0, count: 6), reward: 1, discount: 1, next: $0)
        }
      }
    }
    let file = NSTemporaryDirectory() + "replay-draws-\(getpid()).safetensors"
    defer { unlink(file) }
    if isMapped {
      let stored = try buffer.save {
        try $0(file); return "segment"
      }
      buffer = try ReplayBuffer(
        layout, capacity: 20_000, steps: 3, discount: 0.99, from: stored, path: { _ in file })
    }
    try answerRounds(
      facts: [
        "program": "pbtnas", "observations": isPixels ? "pixels" : "state",
        "place": isMapped ? "files" : "memory",
        "bytes_per_transition": String(buffer.bytesPerTransition),
        "naive_bytes_per_transition": String(layout.naiveBytesPerTransition),
      ]
    ) {
      for _ in 0..<100 { _ = try ReplayBatch(buffer.sample(256, using: &random)) }
    }
  }
}
