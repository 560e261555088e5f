import ArgumentParser
import Tasks

struct Check: ParsableCommand {
  static let configuration = CommandConfiguration(
    abstract: "Check a settings file and start nothing.")

  @Argument(help: ArgumentHelp("The settings file (YAML).", valueName: "config"))
  var file: String

  func run() throws {
    let configuration = try RunConfiguration(file: file)
    let method = configuration.run.method
    print(
      "\(file): fine: \(method.populationSize) members, \(method.intervals) intervals, \(method.strategy.rawValue)"
    )
  }
}
