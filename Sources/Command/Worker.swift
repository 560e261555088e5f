import ArgumentParser
import Engine
import Tasks

struct Worker: ParsableCommand {
  static let configuration = CommandConfiguration(
    abstract: "Train networks for an engine: jobs as JSON lines on standard input (started by `run`).",
    shouldDisplay: false)

  @Option(help: "The run's settings file.")
  var config: String

  @Option(help: "The folder that relative paths in the file start from.")
  var baseFolder: String

  @Option(help: "Threads of one operation.")
  var threads: Int

  func run() throws {
    let configuration = try RunConfiguration(file: config, baseFolder: baseFolder)
    let trainer = try configuration.makeTrainer(threads: threads)
    try serve(trainer)
  }
}
