import Foundation
import Measurement
import PBTNAS
import Tasks
import Torch

/// Draws batches of 256 transitions from a replay buffer and makes tensors of them:
/// `replay-draws [state|pixels] [memory|files] [now|ahead] [MILLISECONDS]`.
///
/// The buffer has 20,000 transitions, in memory or in a mapped file. They are drawn when they are wanted, or ahead by
/// another thread. After each batch the program computes for some milliseconds (0 by default), as an update does. A
/// round is 20 batches with that.
@main
enum ReplayDraws {
  static func main() throws {
    Runtime.reuseMemory()
    let given = Array(CommandLine.arguments.dropFirst())
    let words = given + ["pixels", "memory", "now", "0"].dropFirst(given.count)
    guard words.count == 4, let milliseconds = Int(words[3]), ["state", "pixels"].contains(words[0]),
      ["memory", "files"].contains(words[1]), ["now", "ahead"].contains(words[2])
    else {
      throw TorchError("usage: replay-draws [state|pixels] [memory|files] [now|ahead] [MILLISECONDS]")
    }
    let (isPixels, isMapped, isAhead) = (words[0] == "pixels", words[1] == "files", words[2] == "ahead")
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
      let stored = try buffer.save(path: { _ in file }) {
        try $0(file); return "segment"
      }
      buffer = try ReplayBuffer(
        layout, capacity: 20_000, steps: 3, discount: 0.99, from: stored, path: { _ in file })
    }
    let ahead = ReplayPrefetch(buffer, count: 256, random: random)
    let clock = ContinuousClock()
    try answerRounds(
      facts: [
        "program": "pbtnas", "observations": isPixels ? "pixels" : "state",
        "place": isMapped ? "files" : "memory", "drawn": isAhead ? "ahead" : "now",
        "computing_milliseconds": String(milliseconds),
        "bytes_per_transition": String(buffer.bytesPerTransition),
        "naive_bytes_per_transition": String(layout.naiveBytesPerTransition),
      ]
    ) {
      for _ in 0..<20 {
        _ = try isAhead ? ahead.next() : ReplayBatch(buffer.sample(256, using: &random))
        let end = clock.now + .milliseconds(milliseconds)
        while clock.now < end {}
      }
    }
  }
}
