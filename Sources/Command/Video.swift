import ArgumentParser
import Engine
import Foundation
import Tasks

struct Video: ParsableCommand {
  static let configuration = CommandConfiguration(
    abstract: "Film the best agent of a run of the task rl.",
    discussion: """
      The film shows the first episode of the run's evaluation. A file that ends in .png becomes an animated \
      PNG; others are made by ffmpeg.
      """)

  @Argument(help: ArgumentHelp("The run's folder.", valueName: "run"))
  var folder: String

  @Option(name: .shortAndLong, help: ArgumentHelp("The film's file.", valueName: "file"))
  var output: String

  @Option(help: ArgumentHelp("Pixels across.", valueName: "pixels"))
  var width = 320

  @Option(help: ArgumentHelp("Pixels down.", valueName: "pixels"))
  var height = 240

  func validate() throws {
    for (name, value) in [("width", width), ("height", height)]
    where !VideoSettings.sides.contains(value) || !value.isMultiple(of: 2) {
      throw ValidationError("--\(name) must be an even number in \(VideoSettings.sides), not \(value)")
    }
  }

  func run() throws {
    let folder = RunFolder(path: folder)
    let configuration = try RunConfiguration(
      file: folder.configuration, baseFolder: try folder.baseFolder())
    guard case .rl(let settings)? = configuration.task else {
      throw ValidationError(
        "\(folder.path) is a run of the task \(configuration.run.task), and agents alone can be filmed; `pbtnas sample` "
          + "shows what GANs make")
    }
    let video = try EpisodeVideo(
      settings, checkpoint: folder.best, threads: configuration.run.threadsPerWorker)
    let found = try video.write(
      seed: configuration.run.evaluationSeed, width: width, height: height, to: output)
    print("\(output): an episode with a return of \(String(format: "%.1f", found))")
  }
}
