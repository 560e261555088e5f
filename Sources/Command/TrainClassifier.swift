import ArgumentParser
import Foundation
import Tasks
import Torch

struct TrainClassifier: ParsableCommand {
  static let configuration = CommandConfiguration(
    abstract: "Train the Fashion-MNIST classifier whose features judge GANs.")

  @Option(help: ArgumentHelp("The folder with Fashion-MNIST's files.", valueName: "folder"))
  var data: String

  @Option(help: "The images' width and height: 8, 16 or 32.")
  var side = 16

  @Option(help: "Passes over the training images.")
  var epochs = 12

  @Option(help: "What the initial weights and the order of images follow from.")
  var seed: UInt64 = 1

  @Option(help: "Threads of one operation; the weights' last bits follow from their number too.")
  var threads = 1

  @Option(name: .shortAndLong, help: ArgumentHelp("The classifier's file.", valueName: "file"))
  var output: String

  func validate() throws {
    if ![8, 16, 32].contains(side) { throw ValidationError("--side must be 8, 16 or 32, not \(side)") }
    if !(1...10_000).contains(epochs) {
      throw ValidationError("--epochs must be in 1...10000, not \(epochs)")
    }
    if threads < 1 { throw ValidationError("--threads must be at least 1, not \(threads)") }
  }

  func run() throws {
    try Runtime.setThreads(threads)
    var accuracy = 0.0
    let classifier = try GarmentClassifier.train(folder: data, side: side, epochs: epochs, seed: seed) {
      progress in
      accuracy = progress.testAccuracy
      let loss = String(format: "%.4f", progress.loss)
      let share = String(format: "%.2f", accuracy * 100)
      print("epoch \(progress.epoch)/\(epochs): loss \(loss), test accuracy \(share) %")
    }
    try classifier.write(to: output, testAccuracy: accuracy, seed: seed)
    print(output)
  }
}
