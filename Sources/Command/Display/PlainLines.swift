import Engine
import Foundation
import PBTNAS
import Tasks

/// A line for what matters, for logs and pipes.
final class PlainLines: Display, @unchecked Sendable {
  // Guarded by `lock`.
  private var space = SearchSpace(genes: [])
  private var genomes: [Genome] = []
  private let lock = NSLock()

  func show(_ event: RunEvent) {
    lock.withLock {
      if case .runStarted(_, let space, _, _) = event { self.space = space }
      if case .intervalStarted(_, let genomes) = event { self.genomes = genomes }
      if let text = text(for: event) { writeOut(text + "\n") }
    }
  }

  func close() {}

  /// What is written about an event; nil for nothing.
  func text(for event: RunEvent) -> String? {
    // A trainer's words may have several lines, which must not pass for events.
    Self.lastWords(event) ?? line(for: event)?.replacing("\n", with: "\n    ")
  }

  private func line(for event: RunEvent) -> String? {
    switch event {
    case .runStarted(let settings, _, let folder, let interval):
      let begins = interval == 1 ? "search" : "search, from interval \(interval) on,"
      return "\(begins) in \(folder): \(settings.method.populationSize) members, "
        + "\(settings.method.intervals) intervals, \(settings.workers) workers x \(settings.threadsPerWorker) threads"
    case .intervalStarted(let interval, _):
      return "interval \(interval)"
    case .memberFinished(let member, let interval, let result):
      let genome = genomes.indices.contains(member) ? space.summary(of: genomes[member]) : ""
      let seconds = String(format: "%.1f", result.seconds)
      let metrics = shownMetrics(result).map { "  \($0)" } ?? ""
      return
        "  interval \(interval) member \(member)  \(genome)  fitness \(shown(result.fitness))  \(seconds) s"
        + metrics
    case .memberWarned(let member, let interval, let warning):
      return "  interval \(interval) member \(member)  \(warning)"
    case .memberFailed(let member, let interval, let reason):
      return "  interval \(interval) member \(member)  failed: \(reason)"
    case .workerLost(let member, let interval, let reason, let tryAgain):
      return "  interval \(interval) member \(member)  \(lost(reason, tryAgain))"
    case .workerStartsAgain(let reason):
      return "  \(startsAgain(reason))"
    case .intervalFinished(let interval, let ranking, let fitness):
      let best = ranking.first.map { "member \($0), fitness \(shown(fitness[$0]))" } ?? "nobody"
      return "interval \(interval) done: best is \(best)"
    case .bestImproved(_, _, let fitness):
      return "  best so far: \(shown(fitness))"
    case .offspringMade(let offspring, _, let fresh):
      return "  member \(offspring.member) is new: \(origin(offspring))"
        + (fresh > 0 ? ", \(fresh) fresh tensors" : "")
    case .checkpointDamaged(let file, let reason):
      return "  \(damaged(file, reason))"
    case .checkpointRestored(let file, let isIdentical):
      return "  \(restored(file, isIdentical))"
    case .showingBest: return "  \(showingBest)"
    case .bestNotShown(let reason): return "  \(notShown(reason))"
    case .interrupted, .runFinished, .memberStarted, .progress, .runFailed, .bestShown: return nil
    }
  }

  /// What is said at a run's end; nil for other events, and where the command's error says it.
  static func lastWords(_ event: RunEvent) -> String? {
    switch event {
    case .interrupted(let folder):
      "interrupted; what was finished is kept. Go on by `pbtnas resume \(folder)`"
    case .runFinished(let summary): finalWords(summary)
    default: nil
    }
  }
}

/// Where an offspring comes from, in a few words.
func origin(_ offspring: Offspring) -> String {
  var text = "from \(offspring.base)"
  if let donor = offspring.donor, donor != offspring.base {
    text += " with \(offspring.donatedGenes.count) genes of \(donor)"
  }
  let hyperparameters = shownHyperparameters(offspring.hyperparameters)
  return hyperparameters.isEmpty ? text : "\(text), \(hyperparameters)"
}

/// How a worker was lost and what follows.
func lost(_ reason: String, _ tryAgain: Bool) -> String {
  "\(reason); \(tryAgain ? "trying again" : "giving up")"
}

/// What became of a worker before there was anything to do, and what follows.
func startsAgain(_ reason: String) -> String { "\(reason); starting it again" }

/// What is wrong with a checkpoint and what follows.
func damaged(_ file: String, _ reason: String) -> String { "\(file): \(reason); making it again" }

/// How a checkpoint was made again.
func restored(_ file: String, _ isIdentical: Bool) -> String {
  isIdentical
    ? "\(file): made again, with the same bytes"
    : "\(file): made again, with other bytes: the run will end otherwise than it would have"
}

/// What happens when all members are done, where something can be shown.
let showingBest = "evaluating the best network once more, to show what it does"

/// Why nothing is shown.
func notShown(_ reason: String) -> String { "what the best network does could not be shown: \(reason)" }

/// A fitness with four decimals, or with an exponent where it would have too many digits for a column.
func shown(_ fitness: Double) -> String {
  guard fitness.isFinite else { return "diverged" }
  return String(format: abs(fitness) < 1e9 ? "%.4f" : "%.4e", fitness)
}

/// The metrics that a trainer wants to be seen, such as `episode_return 612.3, episode_steps 500`; nil if there are none.
func shownMetrics(_ result: TrainingResult) -> String? {
  let texts = (result.shownMetrics ?? []).compactMap { name in
    result.metrics[name].map { "\(name) \(String(format: "%.4g", $0))" }
  }
  return texts.isEmpty ? nil : texts.joined(separator: ", ")
}

/// What a user wants to know when the run is done, and what to do next.
func finalWords(_ summary: RunSummary) -> String {
  let folder = RunFolder(path: summary.folder)
  var lines = [
    "done in \(String(format: "%.1f", summary.seconds / 60)) minutes: best fitness \(shown(summary.bestFitness)), "
      + "after the first interval it was \(shown(summary.firstIntervalBestFitness))",
    "  network  \(folder.best)",
  ]
  let samples = "\(folder.samples(member: summary.bestMember, interval: summary.bestInterval)).png"
  if FileManager.default.fileExists(atPath: samples) { lines.append("  samples  \(samples)") }
  let task = summary.task.flatMap(BuiltInTask.init)
  let shown = summary.bestFiles ?? []
  lines += shown.map { "  \(task == .rl ? "film   " : "shown  ")  \(folder.path)/\($0)" }
  lines.append("  summary  \(folder.summary)")
  if let problem = summary.bestFilesProblem { lines.append(notShown(problem)) }
  switch task {
  case .gan: lines.append("next: pbtnas sample \(summary.folder) -n 64 -o grid.png")
  case .rl where shown.isEmpty: lines.append("next: pbtnas video \(summary.folder) -o best.mp4")
  case .rl, nil: break
  }
  return lines.joined(separator: "\n")
}
