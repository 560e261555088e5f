import ArgumentParser
import Engine
import Foundation
import Tasks

struct Sample: ParsableCommand {
  static let configuration = CommandConfiguration(
    abstract: "Make new pictures from a run's best network, or from any GAN checkpoint.")

  @Argument(help: ArgumentHelp("The run's folder, or a .safetensors file.", valueName: "run"))
  var source: String

  @Option(name: .customShort("n"), help: ArgumentHelp("How many pictures.", valueName: "count"))
  var count = 64

  @Option(name: .shortAndLong, help: ArgumentHelp("The grid's PNG file.", valueName: "file"))
  var output: String

  @Option(help: "The seed of the latent vectors.")
  var seed: UInt64 = 0

  func validate() throws {
    if !(1...100_000).contains(count) { throw ValidationError("-n must be in 1...100000, not \(count)") }
  }

  func run() throws {
    let isFile = source.hasSuffix(".safetensors")
    if !isFile { try RunFolder(path: source).requireRun() }
    let path = isFile ? source : RunFolder(path: source).best
    let samples = try TrainedGenerator(path: path).sample(count, seed: seed)
    try Picture.grid(of: samples).write(to: output)
    print(output)
  }
}
