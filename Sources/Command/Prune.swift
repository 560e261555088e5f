import ArgumentParser
import Engine
import Foundation

struct Prune: ParsableCommand {
  static let configuration = CommandConfiguration(
    abstract: "Remove checkpoints that a run does not need any more.",
    discussion: """
      Of a run that is done, only the best network stays, with record, samples and summary; of another, what \
      `pbtnas resume` starts from.
      """)

  @Argument(help: ArgumentHelp("The runs' folders.", valueName: "run"))
  var folders: [String]

  @Flag(help: "Remove nothing, and name what would go.")
  var dryRun = false

  func run() throws {
    for folder in folders {
      let pruned = try RunFolder(path: folder).prune(isDryRun: dryRun)
      if dryRun { for name in pruned.names { print("\(folder)/\(name)") } }
      let would = dryRun ? "would be " : ""
      print(
        "\(folder): \(pruned.names.count) files \(would)removed, \(shownBytes(pruned.bytes)) \(would)freed")
    }
  }
}
