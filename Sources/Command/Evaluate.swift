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
      does but on draws of its own. The result is kept: `report` shows it, and `compare --fitness held-out` \
      compares by it.
      """)

  @Argument(help: ArgumentHelp("The run's folder.", valueName: "run"))
  var folder: String

  @Option(help: "How many evaluations.")
  var times = 5

  @OptionGroup var workers: WorkersOption

  @Flag(help: "Print the result as a line of JSON.")
  var json = false

  func validate() throws {
    if times < 1 { throw ValidationError("--times must be at least 1, not \(times)") }
  }

  func run() async throws {
    let run = RunFolder(path: folder)
    let (count, isQuiet) = (times, json)
    try await withWorkers(of: run, count: workers.workers, atMost: times) { settings, executor in
      let evaluation = try await evaluateHeldOut(run, times: times, settings: settings, executor: executor) {
        number, fitness, warnings in
        guard !isQuiet else { return }
        for warning in warnings { writeOut("evaluation \(number + 1): \(warning)\n") }
        writeOut("evaluation \(number + 1) of \(count): fitness \(shown(fitness))\n")
      }
      writeOut(json ? try evaluation.json + "\n" : heldOutWords(evaluation))
    }
  }
}

/// What evaluations on held-out draws have found.
func heldOutWords(_ evaluation: HeldOutEvaluation) -> String {
  let spread = evaluation.standardDeviation.map { ", standard deviation \(shown($0))" } ?? ""
  let count = evaluation.fitness.count
  return "fitness on held-out draws: \(shown(evaluation.mean)), mean of "
    + "\(count == 1 ? "one evaluation" : "\(count) evaluations")\(spread); in the search "
    + "\(shown(evaluation.searchFitness))\n"
}
