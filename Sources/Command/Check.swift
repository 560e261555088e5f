import ArgumentParser
import Tasks

struct Check: ParsableCommand {
  static let configuration = CommandConfiguration(
    abstract: "Check a settings file and start nothing.")

  @Argument(help: ArgumentHelp("The settings file (YAML).", valueName: "config"))
  var file: String

  func run() throws {
    let configuration = try RunConfiguration(file: file, checksData: true)
    let method = configuration.run.method
    print(
      "\(file): fine: \(method.populationSize) members, \(method.intervals) intervals, \(method.strategy.rawValue)"
    )
    if configuration.program != nil, method.genome != nil {
      print("search.genome is checked when the trainer says what its genes are: at the start of a run")
    }
  }
}
