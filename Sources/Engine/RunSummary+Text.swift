import Foundation
import PBTNAS

extension RunSummary {
  /// Gathers what the record says.
  ///
  /// - Throws: ``MethodError`` if no member ever had a finite fitness.
  init(_ folder: RunFolder, _ record: Record, _ measured: RunClock.Measured) throws {
    let first = try record.members(interval: 1)
    guard let best = try record.best() else {
      throw MethodError.tooFewFinite(finite: 0, of: first.count)
    }
    let offspring = try record.offspringTotals()
    let hyperparameters = try record.member(best.member, interval: best.interval).decodedHyperparameters()
    let showing: Showing? = try record.get(Search.showingKey)
    self.init(
      folder: folder.path, task: try record.settings()?.task,
      bestFitness: best.fitness, bestMember: best.member, bestInterval: best.interval,
      bestGenome: best.genome, bestHyperparameters: hyperparameters.isEmpty ? nil : hyperparameters,
      bestFiles: showing?.files, bestFilesProblem: showing?.problem,
      firstIntervalBestFitness: first.compactMap(\.fitness).max() ?? .nan,
      intervals: try record.lastInterval() ?? 0, offspring: offspring.count,
      freshTensors: offspring.freshTensors,
      lostJobs: try record.count(ofEvents: "workerLost"), seconds: measured.total,
      engineShare: measured.total > 0 ? max(0, 1 - measured.useful / measured.total) : 0)
  }

  /// The summary in words, as it is kept in `summary.txt`.
  func text(space: SearchSpace, record: Record, _ settings: RunSettings) throws -> String {
    let genes = space.optionNames(of: bestGenome).map { "  \($0.gene): \($0.option)" }.joined(separator: "\n")
    let hyperparameters =
      bestHyperparameters.map { "\nIts hyperparameters in that interval: \(shownHyperparameters($0))\n" }
      ?? ""
    let minutes = String(format: "%.1f", seconds / 60)
    let share = String(format: "%.1f", engineShare * 100)
    let shown = (bestFiles ?? []).map {
      "  \($0.padding(toLength: 16, withPad: " ", startingAt: 0))  what the best network does\n"
    }
    let metrics = try record.member(bestMember, interval: bestInterval).decodedMetrics()
    let measured = metrics.sorted { $0.key < $1.key }.map {
      "  \($0.key): \(String(format: "%.6g", $0.value))\n"
    }
    let hasSamples = FileManager.default.fileExists(atPath: RunFolder(path: folder).samples)
    let samples =
      hasSamples ? "  samples/          what every member made, at the end of every interval\n" : ""
    let problem = bestFilesProblem.map { "\nWhat the best network does could not be shown: \($0)\n" } ?? ""
    return """
      Search of the task `\(settings.task)` by \(settings.method.strategy.rawValue), seed \(settings.seed): \
      \(settings.method.populationSize) members, \(intervals) intervals.

      Best fitness: \(bestFitness) (member \(bestMember), interval \(bestInterval))
      Best after the first interval: \(firstIntervalBestFitness)

      Architecture of the best network (\(space.summary(of: bestGenome))):
      \(genes)
      \(hyperparameters)
      \(measured.isEmpty ? "" : "Its metrics in that interval:\n\(measured.joined())\n")\
      Where it comes from, the latest interval first:
      \(try lineage(record).joined(separator: "\n"))

      Offspring: \(offspring); tensors that no parent could give: \(freshTensors); jobs lost with their worker: \(lostJobs)
      Time: \(minutes) minutes; not spent in training or evaluation: \(share) %
      \(problem)
      Files in \(folder):
        best.safetensors  the best network: weights, with its genome in the header
      \(shown.joined())\(samples)\
        run.sqlite        members, lineage, metrics, events
        config.yml        the settings as they were given
        logs/             what the workers wrote to standard error

      """
  }

  /// The best network's ancestors: who had it, its fitness, and where it came from.
  private func lineage(_ record: Record) throws -> [String] {
    var lines: [String] = []
    var member = bestMember
    for interval in stride(from: bestInterval, through: 1, by: -1) {
      let rows = try record.members(interval: interval)
      guard rows.indices.contains(member) else { break }
      let fitness = rows[member].fitness.map { String(format: "%.4f", $0) } ?? "failed"
      var line = "  interval \(interval): member \(member), fitness \(fitness)"
      let hyperparameters = try rows[member].decodedHyperparameters()
      if !hyperparameters.isEmpty { line += "; \(shownHyperparameters(hyperparameters))" }
      if let offspring = try rows[member].decodedOffspring() {
        line += "; new: from member \(offspring.base)"
        if let donor = offspring.donor, donor != offspring.base {
          line += " with \(offspring.donatedGenes.count) genes of member \(donor)"
        }
        member = offspring.base
      }
      lines.append(line)
    }
    return lines
  }
}
