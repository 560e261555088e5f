import ArgumentParser
import Engine
import Foundation

struct Compare: ParsableCommand {
  static let configuration = CommandConfiguration(
    abstract: "Compare finished searches over seeds, by strategy and settings.",
    discussion: """
      Runs that differ in nothing but the seed form a group, named after its strategy and what tells it from \
      the others. The reference group is tested against each other one: is its fitness greater? P-values are \
      one-sided and exact. A run's fitness is the best that its search measured, or with --fitness held-out what \
      `pbtnas evaluate` has found of its best network.
      """)

  @Argument(help: ArgumentHelp("The runs' folders.", valueName: "run"))
  var folders: [String]

  @Option(
    help: ArgumentHelp(
      "The group to test against the others: its name or the beginning of it. (default: the first run's)",
      valueName: "group"))
  var reference: String?

  @Option(help: "The test; auto is wilcoxon where the groups have the same seeds.")
  var test = TestChoice.auto

  @Option(help: "The fitness of a run that is compared.")
  var fitness = FitnessChoice.best

  @Option(
    help: ArgumentHelp("Draw the groups' mean best fitness so far, by interval.", valueName: "file.svg"))
  var plot: String?

  @Option(help: "The plot's bands: one standard deviation, or from worst to best run.")
  var band = CurveBand.standardDeviation

  @Option(
    help: ArgumentHelp("Write every run's best fitness so far, by interval, to a file.", valueName: "file"))
  var csv: String?

  @Option(
    help: ArgumentHelp("Write the groups' curves, which the plot shows, to a file.", valueName: "file"))
  var curvesCsv: String?

  @Flag(help: "Print the results as a line of JSON.")
  var json = false

  func validate() throws {
    if let plot, !plot.lowercased().hasSuffix(".svg") {
      throw ValidationError("--plot draws SVG: expected a file name that ends in .svg, not \(plot)")
    }
  }

  func run() throws {
    let comparison = try Comparison(folders.map { try ComparedRun(RunFolder(path: $0)) })
    let report = try comparison.report(reference: reference, test: test, fitness: fitness)
    func write(_ text: @autoclosure () -> String, to file: String?) throws {
      if let file { try text().write(toFile: file, atomically: true, encoding: .utf8) }
    }
    try write(comparison.csv, to: csv)
    try write(comparison.curvesCSV, to: curvesCsv)
    try write(comparison.chart(band: band).svg, to: plot)
    print(json ? try report.json + "\n" : report.text, terminator: "")
  }
}

extension FitnessChoice: ExpressibleByArgument {}

extension TestChoice: ExpressibleByArgument {}

extension CurveBand: ExpressibleByArgument {}
