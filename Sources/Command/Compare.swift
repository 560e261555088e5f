import ArgumentParser
import Engine
import Foundation

struct Compare: ParsableCommand {
  static let configuration = CommandConfiguration(
    abstract: "Compare finished searches over seeds, by strategy and settings.",
    discussion: """
      Runs that differ in nothing but the seed form a group. The group of the first run is tested against each other \
      one: by Wilcoxon's signed-rank test where both have the same seeds, else by Mann and Whitney's.
      """)

  @Argument(help: ArgumentHelp("The runs' folders.", valueName: "run"))
  var folders: [String]

  @Option(
    help: ArgumentHelp("Write every run's best fitness so far, by interval, to a file.", valueName: "file"))
  var csv: String?

  func run() throws {
    let comparison = try Comparison(folders.map { try ComparedRun(RunFolder(path: $0)) })
    if let csv { try comparison.csv.write(toFile: csv, atomically: true, encoding: .utf8) }
    print(comparison.text, terminator: "")
  }
}
