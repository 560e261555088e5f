import Foundation
import PBTNAS

/// The experience of an agent, from which it learns: n-step transitions, drawn uniformly (DrQ-v2; Yarats et
/// al. 2021, arXiv 2107.09645).
///
/// Every observation is stored once; stacks of pictures and the observation n steps on are put together when
/// a batch is drawn. Transitions never cross the end of an episode. Transitions can be drawn as soon as the n
/// steps from them on are done, also within the episode that is going on. (DrQ-v2's own code draws an episode
/// and then a step of it, and knows an episode only when it is over.)
///
/// The capacity is a ring of whole episodes: while there are more transitions, the oldest episode goes, but
/// never the last. So what a buffer holds follows from the sequence of episodes alone, however often it was
/// written and read in between.
public final class ReplayBuffer {
  /// What is stored.
  public let layout: ReplayLayout
  /// How many transitions stay, about.
  public let capacity: Int
  /// n: how many rewards are summed.
  public let steps: Int
  /// Gamma, which every step's own discount is multiplied by.
  public let discount: Float
  /// The transitions that are stored.
  public private(set) var transitions = 0

  private(set) var episodes: [ReplayEpisode] = []
  /// The number of starts in all finished episodes up to each, counted from the buffer's first ever.
  private var startsUpTo: [Int] = []
  private var startsGone = 0
  private var isEpisodeOpen = false
  /// The files that the buffer was read from or written to, with the number of their episodes that are left.
  private var segments: [(name: String, episodes: Int)] = []
  /// For each of the episodes that came from files, which are the first, the number of its file.
  private var origins: [Int] = []
  /// How many transitions the buffer has written to files.
  private var stepsWritten = 0

  /// Makes an empty buffer.
  public init(_ layout: ReplayLayout, capacity: Int, steps: Int, discount: Double) {
    self.layout = layout
    self.capacity = max(1, capacity)
    self.steps = max(1, steps)
    self.discount = Float(discount)
  }

  /// The bytes of the records per transition: 0 for an empty buffer.
  public var bytesPerTransition: Double {
    transitions == 0 ? 0 : Double(episodes.reduce(0) { $0 + $1.byteCount }) / Double(transitions)
  }
}

// MARK: Adding

extension ReplayBuffer {
  /// Begins an episode; ends the one before, wherever it is.
  ///
  /// - Parameter observation: the bytes of the first observation, as ``ReplayLayout`` has them.
  /// - Throws: ``ReplayError`` if it has the wrong size.
  public func beginEpisode(_ observation: UnsafeRawBufferPointer) throws(ReplayError) {
    try check("an observation", observation.count, layout.observationBytes)
    endEpisode()
    episodes.append(ReplayEpisode(layout, first: observation))
    isEpisodeOpen = true
  }

  /// Appends a transition to the episode.
  ///
  /// - Parameters:
  ///   - action: what was done.
  ///   - reward: what came of it.
  ///   - discount: the environment's own discount: 1, also where a time limit ends the episode; 0 where
  ///     nothing can follow.
  ///   - observation: the bytes of the next observation.
  /// - Throws: ``ReplayError`` if no episode has begun, or something has the wrong size.
  public func add(
    action: [Float], reward: Float, discount: Float, next observation: UnsafeRawBufferPointer
  ) throws(ReplayError) {
    guard isEpisodeOpen else { throw ReplayError(path: "", reason: .noEpisode) }
    try check("an observation", observation.count, layout.observationBytes)
    let size = MemoryLayout<Float>.size
    try check("an action", action.count * size, layout.actionLength * size)
    episodes[episodes.count - 1].append(action: action, reward: reward, discount: discount, next: observation)
    transitions += 1
    evict(to: capacity)
  }

  /// Ends the episode, if one has begun. One without transitions leaves nothing behind.
  public func endEpisode() {
    guard isEpisodeOpen else { return }
    isEpisodeOpen = false
    let last = episodes.count - 1
    if episodes[last].length == 0 {
      episodes.removeLast()
    } else {
      episodes[last].close()
      count(episodes[last])
    }
  }

  private func count(_ episode: ReplayEpisode) {
    startsUpTo.append((startsUpTo.last ?? startsGone) + episode.starts(steps: steps))
  }

  private func evict(to limit: Int) {
    var gone = 0
    while transitions > limit, gone < episodes.count - 1 {
      transitions -= episodes[gone].length
      gone += 1
    }
    guard gone > 0 else { return }
    episodes.removeFirst(gone)
    startsGone = startsUpTo[gone - 1]
    startsUpTo.removeFirst(gone)
    for origin in origins.prefix(gone) { segments[origin].episodes -= 1 }
    origins.removeFirst(min(gone, origins.count))
  }

  private func check(_ what: String, _ found: Int, _ expected: Int) throws(ReplayError) {
    guard found == expected else {
      throw ReplayError(path: "", reason: .size(of: what, expected: expected, found: found))
    }
  }
}

// MARK: Drawing

extension ReplayBuffer {
  /// The number of steps that can be drawn.
  public var starts: Int {
    let finished = (startsUpTo.last ?? startsGone) - startsGone
    return finished + (isEpisodeOpen ? episodes.last?.starts(steps: steps) ?? 0 : 0)
  }

  /// Draws transitions, independently and uniformly of all that have n steps after them.
  ///
  /// - Throws: ``ReplayError`` if there are none yet.
  public func sample(_ count: Int, using random: inout SeededGenerator) throws(ReplayError)
    -> DrawnTransitions
  {
    try choose(count, using: &random).read()
  }

  /// Chooses transitions as ``sample(_:using:)`` does, and leaves it to whoever has them to read them: they stay
  /// what they are, whatever becomes of the buffer.
  func choose(_ count: Int, using random: inout SeededGenerator) throws(ReplayError) -> ChosenTransitions {
    let starts = starts
    guard starts > 0 else { throw ReplayError(path: "", reason: .empty(steps: steps)) }
    var chosen = ChosenTransitions(layout, count: count, steps: steps, discount: discount)
    for _ in 0..<count {
      let (number, start) = locate(random.below(starts))
      let episode = episodes[number]
      if isEpisodeOpen && number == episodes.count - 1 {
        // It would be copied as a whole when it grows.
        let (excerpt, first) = episode.excerpt(start, steps: steps)
        chosen.append(excerpt, from: first)
      } else {
        chosen.append(episode, from: start)
      }
    }
    return chosen
  }

  /// The episode's number and the step with a number among all that can be drawn, the oldest first.
  private func locate(_ number: Int) -> (episode: Int, start: Int) {
    let wanted = number + startsGone
    // The first finished episode that reaches beyond it; the open one if there is none.
    var (low, high) = (0, startsUpTo.count)
    while low < high {
      let middle = (low + high) / 2
      if startsUpTo[middle] > wanted { high = middle } else { low = middle + 1 }
    }
    return (low, wanted - (low == 0 ? startsGone : startsUpTo[low - 1]))
  }
}

// MARK: Files

extension ReplayBuffer {
  /// The files that hold the buffer, oldest first, and the live transitions in all of them.
  public struct Segments: Hashable, Sendable {
    /// The files' names.
    public var names: [String]
    /// The transitions of theirs that the buffer still holds: the newest.
    public var transitions: Int

    /// Names files.
    public init(names: [String], transitions: Int) {
      self.names = names
      self.transitions = transitions
    }
  }

  /// The bytes of the records that are in memory alone, without those of the episode that is going on.
  var unsavedBytes: Int {
    let count = episodes.count - (isEpisodeOpen ? 1 : 0)
    return origins.count < count ? episodes[origins.count..<count].reduce(0) { $0 + $1.byteCount } : 0
  }

  /// Writes the episodes that were added since the buffer was made, read or written, and ends the one that is
  /// going on. From then on they are read from the file, which stays mapped into memory.
  ///
  /// - Parameters:
  ///   - path: a file's path by its name.
  ///   - add: is given what writes a file; returns the file's name. Not called if nothing was added.
  /// - Returns: all files that hold the buffer now.
  /// - Throws: what `add` throws; ``SafetensorsError`` if the file cannot be read then.
  @discardableResult
  public func save(
    path: (String) -> String, _ add: (_ write: (_ path: String) throws -> Void) throws -> String
  ) throws -> Segments {
    endEpisode()
    let saved = origins.count
    let added = Array(episodes.dropFirst(saved))
    if !added.isEmpty {
      let name = try add {
        try ReplaySegment.write(added, self.layout, firstStep: self.stepsWritten, to: $0)
      }
      episodes.replaceSubrange(saved..., with: try ReplaySegment(path: path(name), layout).episodes)
      stepsWritten += added.reduce(0) { $0 + $1.length }
      origins += Array(repeating: segments.count, count: added.count)
      segments.append((name, added.count))
    }
    return Segments(names: segments.filter { $0.episodes > 0 }.map(\.name), transitions: transitions)
  }

  /// Reads a buffer from files, which stay mapped into memory.
  ///
  /// - Parameters:
  ///   - stored: what ``save(path:_:)`` returned.
  ///   - path: a file's path by its name.
  /// - Throws: ``SafetensorsError`` or ``ReplayError`` if a file is missing or not what it should be.
  public convenience init(
    _ layout: ReplayLayout, capacity: Int, steps: Int, discount: Double, from stored: Segments,
    path: (String) -> String
  ) throws {
    self.init(layout, capacity: capacity, steps: steps, discount: discount)
    for name in stored.names { try read([name], path) }
    // The first file may hold episodes that had gone when it was listed; the capacity may be another since.
    evict(to: stored.transitions)
    guard transitions == stored.transitions else {
      throw ReplayError(
        path: stored.names.first.map(path) ?? "",
        reason: .transitions(expected: stored.transitions, found: transitions))
    }
    evict(to: capacity)
  }

  /// Reads a buffer that several agents have filled side by side, from files which stay mapped into memory:
  /// one copy of them for all processes of a machine that read them.
  ///
  /// - Parameters:
  ///   - generations: the names of the files that were written side by side, the oldest first. Their episodes
  ///     are in the order of the steps at which they began, so that the oldest of all agents leave first.
  ///   - path: a file's path by its name.
  /// - Throws: ``SafetensorsError`` or ``ReplayError`` if a file is missing or not what it should be.
  public convenience init(
    _ layout: ReplayLayout, capacity: Int, steps: Int, discount: Double, sharing generations: [[String]],
    path: (String) -> String
  ) throws {
    self.init(layout, capacity: capacity, steps: steps, discount: discount)
    for names in generations { try read(names, path) }
    evict(to: capacity)
  }

  /// Adds the episodes of files that were written side by side.
  private func read(_ names: [String], _ path: (String) -> String) throws {
    var added: [(start: Int, origin: Int, episode: ReplayEpisode)] = []
    for name in names {
      let segment = try ReplaySegment(path: path(name), layout)
      let episodes = segment.episodes
      var start = segment.firstStep
      for episode in episodes {
        added.append((start, segments.count, episode))
        start += episode.length
      }
      segments.append((name, episodes.count))
    }
    added.sort { ($0.start, $0.origin) < ($1.start, $1.origin) }
    for (_, origin, episode) in added {
      episodes.append(episode)
      origins.append(origin)
      transitions += episode.length
      count(episode)
    }
  }
}
