import PBTNAS
import Tasks

extension FuzzTarget {
  /// A replay buffer's files, of pictures and of vectors, alone and beside a second one.
  static let replay = FuzzTarget(name: "replay", longestInput: 4096) { input in
    let layouts = [
      ReplayLayout(.state(length: 2), actionLength: 1),
      ReplayLayout(.pixels(channels: 1, height: 2, width: 2), stack: 2, actionLength: 1),
    ]
    ScratchFolder.withSafetensors(input) { path in
      for layout in layouts {
        for transitions in [2, 5] {
          attempt {
            let stored = ReplayBuffer.Segments(names: ["input"], transitions: transitions)
            let buffer = try ReplayBuffer(layout, capacity: 4, steps: 1, discount: 0.9, from: stored) { _ in
              path
            }
            try draw(from: buffer)
          }
        }
        attempt {
          let buffer = try ReplayBuffer(
            layout, capacity: 100, steps: 2, discount: 0.9, sharing: [["input", "again"], ["later"]]
          ) { _ in path }
          try draw(from: buffer)
        }
      }
    }
  }

  private static func draw(from buffer: ReplayBuffer) throws {
    var random = SeededGenerator(seed: 1)
    _ = try buffer.sample(8, using: &random)
  }
}
