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
      soup's fitness improves. The result is best-soup.safetensors in the run's folder.
      """)

  @Argument(help: ArgumentHelp("The run's folder.", valueName: "run"))
  var folder: String

  @Flag(help: "Print the result as a line of JSON.")
  var json = false

  func run() async throws {
    let run = RunFolder(path: folder)
    let base = try run.baseFolder()
    let configuration = try RunConfiguration(file: run.configuration, baseFolder: base)
    let executor = LocalExecutor(
      workers: 1, command: try workerCommand(configuration, in: run, base),
      heartbeatTimeout: configuration.run.heartbeatTimeout, logFolder: run.logs)
    let interrupts = InterruptHandler { await executor.stop() }
    defer { interrupts.cancel() }
    let isQuiet = json
    do {
      let summary = try await makeSoup(of: run, executor: executor) { step in
        if isQuiet { return }
        writeOut(
          "member \(step.member): fitness of the soup with it \(shown(step.fitness)), "
            + "\(step.isKept ? "kept" : "left out")\n")
      }
      writeOut(json ? try summary.json + "\n" : words(summary))
    } catch is CancellationError {
      throw ExitCode(130)
    }
  }

  private func words(_ summary: SoupSummary) -> String {
    let count = summary.members.count
    let kinds =
      "\(summary.candidates.count) of the members of interval \(summary.interval) have its architecture"
    let (gain, other) = (summary.gain, summary.gainOnOtherDraws)
    return """
      \(count == 1 ? "no other member improves the best one" : "\(count) members are in the soup"); \(kinds)
      fitness \(shown(gain.soup)), of the best member alone \(shown(gain.best)); \
      on other draws \(shown(other.soup)) and \(shown(other.best)); \
      of the run's best network, which may be of an earlier interval, \(shown(summary.runBestFitness))
      \(summary.file)

      """
  }
}
