import Foundation
import PBTNAS
import Testing

@testable import Tasks

/// A replay buffer that several agents fill side by side.
@Suite struct SharedReplayTests {
  private let layout = ReplayLayout(.state(length: 2), actionLength: 1)
  private let folder: ReplayBufferTests.Folder

  init() throws {
    folder = try ReplayBufferTests.Folder()
  }

  /// Writes a segment of one agent, whose actions are `start`, `start` + 1, ...
  private func segment(_ lengths: [Int], from start: Int) throws -> String {
    let buffer = ReplayBuffer(layout, capacity: 1000, steps: 1, discount: 1)
    var next = start
    for length in lengths {
      try ReplayBufferTests.fill(buffer, episodes: 1, length: length, from: Float(next))
      next += length
    }
    return try buffer.save(path: folder.path, folder.add).names[0]
  }

  private func read(_ generations: [[String]], capacity: Int, steps: Int = 1) throws -> ReplayBuffer {
    try ReplayBuffer(
      layout, capacity: capacity, steps: steps, discount: 0.9, sharing: generations, path: folder.path)
  }

  /// All actions that can be drawn, with how often each was in 400 draws a transition.
  private func draws(_ buffer: ReplayBuffer) throws -> [Float: Int] {
    var random = SeededGenerator(seed: 7)
    let actions = try buffer.sample(400 * buffer.starts, using: &random).actions
    return Dictionary(grouping: actions) { $0 }.mapValues(\.count)
  }

  private func actions(_ ranges: Range<Int>...) -> Set<Float> { Set(ranges.joined().map(Float.init)) }

  @Test("draws are uniform over all agents' transitions, and the episodes that began first leave first")
  func order() throws {
    let first = try [
      segment([5, 5], from: 0), segment([4, 4], from: 100), segment([3], from: 200),
    ]
    let generations = [first, [try segment([6], from: 300)]]
    let all = try read(generations, capacity: 1000)
    #expect(all.transitions == 27)
    let counts = try draws(all)
    #expect(Set(counts.keys) == actions(0..<10, 100..<108, 200..<203, 300..<306))
    // Five standard deviations of a count are 100.
    #expect(counts.values.allSatisfy { abs($0 - 400) < 100 }, "\(counts)")

    // The first episodes of the first and second agent have gone.
    let some = try read(generations, capacity: 20)
    #expect(try Set(draws(some).keys) == actions(5..<10, 104..<108, 200..<203, 300..<306))
    #expect(try some.save(path: folder.path, folder.add).names == generations.flatMap { $0 })
    // The second agent's other episode began before the first's.
    let few = try read(generations, capacity: 12)
    #expect(try Set(draws(few).keys) == actions(5..<10, 300..<306))
    #expect(try few.save(path: folder.path, folder.add).names == [first[0], generations[1][0]])
    // An agent's own steps push out what is oldest as they come.
    try ReplayBufferTests.fill(few, episodes: 1, length: 2, from: 400)
    #expect(try Set(draws(few).keys) == actions(300..<306, 400..<402))
    let stored = try few.save(path: folder.path, folder.add)
    #expect(stored.names.count == 2 && stored.names[0] == generations[1][0] && stored.transitions == 8)
  }

  @Test("an agent's files of one interval count as one: the episodes that began first leave first")
  func severalFiles() throws {
    let buffer = ReplayBuffer(layout, capacity: 1000, steps: 1, discount: 1)
    for start in [0, 5] {
      try ReplayBufferTests.fill(buffer, episodes: 1, length: 5, from: Float(start))
      try buffer.save(path: folder.path, folder.add)
    }
    let names = try buffer.save(path: folder.path, folder.add).names
    #expect(names.count == 2)
    let first = try names + [segment([4, 4], from: 100)]
    #expect(try Set(draws(read([first], capacity: 18)).keys) == actions(0..<10, 100..<108))
    #expect(try Set(draws(read([first], capacity: 13)).keys) == actions(5..<10, 100..<108))
    #expect(try Set(draws(read([first], capacity: 9)).keys) == actions(5..<10, 104..<108))
    #expect(try Set(draws(read([first], capacity: 5)).keys) == actions(5..<10))
  }

  @Test("to leave out files of which every agent has let go changes nothing", arguments: 0..<20)
  func pruning(turn: Int) throws {
    let seed = UInt64.random(in: 0..<1 << 53)
    print("seed \(seed)")
    var random = SeededGenerator(seed: seed)
    // An agent adds 60 transitions at the most.
    let (capacity, steps, agents) = (60 + random.below(150), 1 + random.below(3), 1 + random.below(4))
    var (full, listed): ([[String]], [[String]]) = ([], [])
    var number = 0
    for _ in 0..<8 {
      var (added, needed): ([String], Set<String>) = ([], [])
      for _ in 0..<agents {
        let buffer = try read(listed, capacity: capacity, steps: steps)
        for _ in 0..<1 + random.below(4) {
          try ReplayBufferTests.fill(buffer, episodes: 1, length: 1 + random.below(15), from: Float(number))
          number += 100
        }
        let names = try buffer.save(path: folder.path, folder.add).names
        let old = Set(listed.joined())
        added += names.filter { !old.contains($0) }
        needed.formUnion(names)
      }
      full.append(added)
      listed = listed.map { $0.filter(needed.contains) } + [added]
      let buffers = try [full, listed].map { try read($0, capacity: capacity, steps: steps) }
      #expect(buffers[0].transitions == buffers[1].transitions && buffers[0].starts == buffers[1].starts)
      guard buffers[0].starts > 0 else { continue }
      let drawn = try buffers.map { buffer in
        var random = SeededGenerator(seed: seed)
        return try buffer.sample(200, using: &random)
      }
      #expect(drawn[0].actions == drawn[1].actions && drawn[0].rewards == drawn[1].rewards)
      #expect(drawn[0].nextObservations == drawn[1].nextObservations)
    }
  }
}
