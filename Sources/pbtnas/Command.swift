import ArgumentParser

@main
struct Command: AsyncParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "pbtnas",
    abstract: "Searches neural architectures while training them, and leaves trained networks.",
    version: "0.1.0")
}
