import Measurement
import PBTNAS
import Tasks
import Torch

/// One training cycle of a GAN, five discriminator steps and one generator step: `gan-cycle PRECISION THREADS CELLS`.
///
/// Batch 40, widths 32, images of three channels and 32x32 pixels (3 cells) or 16x16 (2 cells). The counterpart of
/// `Benchmarks/pytorch/gan_cycle.py`: the same networks and steps, random weights and images.
@main
enum GANCycle {
  /// Genes in a cell. Each gene has the option of its own place: two ways up, then five edges with convolutions.
  private static let genesPerCell = 7

  static func main() throws {
    let given = Array(CommandLine.arguments.dropFirst())
    let words = given + ["float32", "1", "3"].dropFirst(given.count)
    guard words.count == 3, let precision = Precision(rawValue: words[0]), let threads = Int(words[1]),
      let cells = Int(words[2]), (2...3).contains(cells)
    else {
      throw TorchError("usage: gan-cycle [float32|bfloat16] [THREADS] [2|3]")
    }
    try Runtime.setThreads(threads)
    Runtime.reuseMemory()
    let sizes = GANSizes(cells: cells, generatorWidth: 32, discriminatorWidth: 32)
    let genome = Genome((0..<genesPerCell * cells).map { $0 % genesPerCell })
    var settings = AdversarialTrainingSettings()
    settings.precision = precision
    let training = try AdversarialTraining(
      AdversarialNetworks(genome: genome, sizes: sizes, seed: 1), settings)
    let generator = try RandomGenerator(seed: 2)
    let shape = [settings.discriminatorBatch, sizes.imageChannels, sizes.resolution, sizes.resolution]
    let real = try Tensor.randn(shape, generator: generator).contiguous(format: .channelsLast)
    let facts = [
      "program": "pbtnas", "libtorch": Runtime.version, "precision": precision.rawValue,
      "threads": String(Runtime.threads), "cells": String(cells),
    ]
    try answerRounds(facts: facts) {
      _ = try training.cycle(
        images: { real }, latents: { try Tensor.randn([$0, sizes.latentLength], generator: generator) })
    }
  }
}
