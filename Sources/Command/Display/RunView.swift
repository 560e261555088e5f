import Engine
import PBTNAS

/// What a live view knows of a run: events go in, ``lines(width:height:at:)`` come out. It reads no clock and no terminal.
struct RunView {
  /// What a member is doing in this interval.
  enum State: Hashable {
    case waiting
    case training(Double)
    case done
    case failed
  }

  /// A member's row.
  struct Member {
    var genome = ""
    /// At the end of the last interval that it finished; NaN if it diverged or failed.
    var fitness: Double?
    /// Since it was made.
    var best: Double?
    var samplesPerSecond: Double?
    var state = State.waiting
    /// What its trainer wants to be seen of the last interval that it finished.
    var metrics: String?
    /// Where it comes from, while that is news.
    var origin: String?
  }

  /// The best network so far.
  struct Best {
    var member: Int
    var interval: Int
    var fitness: Double
  }

  private(set) var folder = ""
  private(set) var members: [Member] = []
  private(set) var interval = 0
  private(set) var intervals = 0
  private(set) var intervalsDone = 0
  private(set) var best: Best?
  /// What was last said about a worker, a member or the run.
  private(set) var message: String?
  private var space = SearchSpace(genes: [])
  /// When this process began to train, in seconds.
  private var start: Double?
  /// Members that this process has trained to an interval's end; a resume is told of others too.
  private var trainedHere = 0

  /// Whether there is anything to show.
  var isStarted: Bool { start != nil }

  /// Takes an event in.
  ///
  /// - Parameter time: when it happened, in seconds by any clock.
  mutating func take(_ event: RunEvent, at time: Double) {
    switch event {
    case .runStarted(let settings, let space, let folder, let first):
      (self.space, self.folder, start) = (space, folder, time)
      (interval, intervals, intervalsDone) = (first, settings.method.intervals, first - 1)
      members = Array(repeating: Member(), count: settings.method.populationSize)
    case .intervalStarted(let interval, let genomes):
      self.interval = interval
      for (member, genome) in zip(members.indices, genomes) {
        members[member].genome = space.summary(of: genome)
        members[member].state = .waiting
        members[member].samplesPerSecond = nil
      }
    case .memberStarted(let member, _):
      change(member) { $0.state = .training(0) }
    case .progress(let member, _, let progress):
      change(member) {
        guard case .training = $0.state else { return }
        $0.state = .training(min(1, max(0, progress.fraction)))
        $0.samplesPerSecond = progress.samplesPerSecond
      }
    case .memberFinished(let member, let interval, let result):
      finish(member, .done, result.fitness)
      change(member) { $0.metrics = shownMetrics(result) }
      // The engine says who is best only when all members are done.
      if result.fitness.isFinite, best.map({ result.fitness > $0.fitness }) ?? true {
        best = Best(member: member, interval: interval, fitness: result.fitness)
      }
    case .memberWarned(let member, let interval, let warning):
      message = "member \(member), interval \(interval): \(warning)"
    case .memberFailed(let member, let interval, let reason):
      finish(member, .failed, .nan)
      message = "member \(member) failed in interval \(interval): \(reason)"
    case .workerLost(let member, _, let reason, let tryAgain):
      change(member) {
        // One that is done already is only shown or passed on.
        guard case .training = $0.state else { return }
        $0.state = .waiting
        $0.samplesPerSecond = nil
      }
      message = "member \(member): \(lost(reason, tryAgain))"
    case .workerStartsAgain(let reason): message = startsAgain(reason)
    case .intervalFinished(let interval, _, _):
      intervalsDone = interval
    case .bestImproved(let member, let interval, let fitness):
      best = Best(member: member, interval: interval, fitness: fitness)
    case .offspringMade(let offspring, _, _):
      let new = Member(genome: space.summary(of: offspring.genome), origin: origin(offspring))
      change(offspring.member) { $0 = new }
    case .checkpointDamaged(let file, let reason):
      message = damaged(file, reason)
    case .checkpointRestored(let file, let isIdentical):
      message = restored(file, isIdentical)
    case .showingBest: message = showingBest
    case .bestShown: message = nil
    case .bestNotShown(let reason): message = notShown(reason)
    case .interrupted, .runFailed, .runFinished:
      break
    }
  }

  /// Says something below the table.
  mutating func say(_ text: String) { message = text }

  private mutating func finish(_ member: Int, _ state: State, _ fitness: Double) {
    guard members.indices.contains(member) else { return }
    if case .training = members[member].state { trainedHere += 1 }
    change(member) { row in
      row.state = state
      row.fitness = fitness
      row.origin = nil
      if fitness.isFinite { row.best = max(row.best ?? fitness, fitness) }
    }
  }

  private mutating func change(_ member: Int, _ body: (inout Member) -> Void) {
    guard members.indices.contains(member) else { return }
    var row = members[member]
    body(&row)
    members[member] = row
  }
}

// MARK: How far it is

extension RunView {
  /// The part of the interval's work that is done, 0...1.
  var intervalFraction: Double {
    members.isEmpty ? 0 : members.reduce(0) { $0 + $1.state.fraction } / Double(members.count)
  }

  /// Seconds since this process began to train.
  func elapsed(at time: Double) -> Double { start.map { max(0, time - $0) } ?? 0 }

  /// Seconds to the run's end at the pace so far; nil before a member has finished.
  func left(at time: Double) -> Double? {
    guard trainedHere > 0 else { return nil }
    let running = members.reduce(0.0) { sum, member in
      if case .training(let fraction) = member.state { sum + fraction } else { sum }
    }
    let finishedIntervals = max(Double(intervalsDone), Double(interval - 1) + intervalFraction)
    let remaining = (Double(intervals) - finishedIntervals) * Double(members.count)
    return elapsed(at: time) / (Double(trainedHere) + running) * remaining
  }
}

extension RunView.State {
  /// The part of the member's work in this interval that is done.
  fileprivate var fraction: Double {
    switch self {
    case .waiting: 0
    case .training(let fraction): fraction
    case .done, .failed: 1
    }
  }
}
