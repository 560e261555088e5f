import ArgumentParser
import Engine
import Foundation

struct Report: ParsableCommand {
  static let configuration = CommandConfiguration(
    abstract: "Show what a search has found.")

  @Argument(help: ArgumentHelp("The run's folder.", valueName: "run"))
  var folder: String

  func run() throws {
    let run = RunFolder(path: folder)
    print(try run.readSummary(), terminator: "")
    if let evaluation = try run.readHeldOutEvaluation() {
      print("\nThe best network's \(heldOutWords(evaluation))", terminator: "")
    }
    if let soup = try run.readSoup() { print("\nModel soup:\n\(soupWords(soup))", terminator: "") }
  }
}
