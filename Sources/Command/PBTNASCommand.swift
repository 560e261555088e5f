import ArgumentParser

@main
struct PBTNASCommand: AsyncParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "pbtnas",
    abstract: "Searches neural architectures while training them, and leaves trained networks.",
    version: "0.1.0",
    subcommands: [
      Run.self, Resume.self, Check.self, Report.self, Compare.self, Evaluate.self, Soup.self, Sample.self,
      Video.self, Prune.self,
      TrainClassifier.self, Doctor.self, Worker.self,
    ])
}
