import ArgumentParser
import Engine
import Foundation
import Tasks

struct Soup: AsyncParsableCommand {
  static let configuration = CommandConfiguration(
    abstract:
      "Average the weights of a finished search's last members, as far as that improves the best one.",
    discussion: """
      The members with the best one's architecture are tried, the fittest first; one stays in the soup if the \
      soup's fitness improves. The result is best-soup.safetensors in the run's folder. With --part, only \
      weights whose names begin so are averaged, with their moving averages or target networks; the rest is \
      the best member's.
      """)

  @Argument(help: ArgumentHelp("The run's folder.", valueName: "run"))
  var folder: String

  @Option(
    name: .customLong("part"),
    help: ArgumentHelp(
      "A part of the network that is averaged, such as encoder or actor; may be given more than once. "
        + "(default: all of it)", valueName: "prefix"))
  var parts: [String] = []

  @Flag(help: "Print the result as a line of JSON.")
  var json = false

  func run() async throws {
    let run = RunFolder(path: folder)
    let isQuiet = json
    try await withWorkers(of: run, atMost: 1) { settings, executor in
      let summary = try await makeSoup(of: run, parts: parts, settings: settings, executor: executor) {
        step in
        if isQuiet { return }
        writeOut(
          "member \(step.member): fitness of the soup with it \(shown(step.fitness)), "
            + "\(step.isKept ? "kept" : "left out")\n")
      }
      writeOut(json ? try summary.json + "\n" : soupWords(summary))
    }
  }
}

/// What a soup was made of, and what it gained.
func soupWords(_ summary: SoupSummary) -> String {
  let count = summary.members.count
  let kinds =
    "\(summary.candidates.count) of the members of interval \(summary.interval) have its architecture"
  let parts = summary.parts.map { "; averaged: \($0.joined(separator: ", "))" } ?? ""
  let (gain, other) = (summary.gain, summary.gainOnOtherDraws)
  return """
    \(count == 1 ? "no other member improves the best one" : "\(count) members are in the soup"); \(kinds)\(parts)
    fitness \(shown(gain.soup)), of the best member alone \(shown(gain.best)); \
    on other draws \(shown(other.soup)) and \(shown(other.best)); \
    of the run's best network, which may be of an earlier interval, \(shown(summary.runBestFitness))
    \(summary.file)

    """
}
