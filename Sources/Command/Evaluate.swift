import ArgumentParser
import Engine
import Foundation
import Tasks

struct Evaluate: AsyncParsableCommand {
  static let configuration = CommandConfiguration(
    abstract: "Evaluate a finished search's best network on draws that the search has not used.",
    discussion: """
      The best fitness of a search is the highest of many, all measured on the same draws: it is a little too \
      good. This evaluates the network that has it again, as often as --times says, each time as the search \
      does but on draws of its own. The result is kept: `report` shows it, and `compare --fitness fresh` \
      compares by it.
      """)

  @Argument(help: ArgumentHelp("The run's folder.", valueName: "run"))
  var folder: String

  @Option(help: "How many evaluations.")
  var times = 5

  @Option(help: "How many at once. (default: as many as the run has workers)")
  var workers: Int?

  @Flag(help: "Print the result as a line of JSON.")
  var json = false

  func validate() throws {
    if times < 1 { throw ValidationError("--times must be at least 1, not \(times)") }
    if let workers, workers < 1 { throw ValidationError("--workers must be at least 1, not \(workers)") }
  }

  func run() async throws {
    let run = RunFolder(path: folder)
    let count = times
    try await withWorkers(of: run, count: workers.map { min($0, count) }) { executor in
      let isQuiet = json
      let evaluation = try await evaluateAfresh(run, times: times, executor: executor) { number, fitness in
        if !isQuiet { writeOut("evaluation \(number + 1) of \(count): fitness \(shown(fitness))\n") }
      }
      writeOut(json ? try evaluation.json + "\n" : freshWords(evaluation))
    }
  }
}

/// What evaluations on fresh draws have found.
func freshWords(_ evaluation: FreshEvaluation) -> String {
  let spread = evaluation.standardDeviation.map { ", standard deviation \(shown($0))" } ?? ""
  let count = evaluation.fitness.count
  return "fitness on fresh draws: \(shown(evaluation.mean)), mean of "
    + "\(count == 1 ? "one evaluation" : "\(count) evaluations")\(spread); in the search "
    + "\(shown(evaluation.searchFitness))\n"
}
