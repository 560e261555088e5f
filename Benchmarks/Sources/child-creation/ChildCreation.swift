import Engine
import Foundation
import Measurement
import PBTNAS
import Safetensors

/// An offspring's checkpoint, against `cp` of the same bytes: `child-creation [offspring|cp] [MEGABYTES] [FOLDER]`.
///
/// The network has 64 layers with AdamW's state, a gene each; a quarter of them comes from the donor, shrunk and perturbed.
/// Both write beside what they read and leave it to the system when the bytes reach the disk. The offspring's time
/// includes that of its digest.
@main
enum ChildCreation {
  private static let layers = 64

  static func main() throws {
    let given = Array(CommandLine.arguments.dropFirst())
    let words = given + ["offspring", "400", NSTemporaryDirectory()].dropFirst(given.count)
    guard words.count == 3, ["offspring", "cp"].contains(words[0]), let megabytes = Int(words[1]),
      megabytes > 0
    else {
      throw UsageError(description: "usage: child-creation [offspring|cp] [MEGABYTES] [FOLDER]")
    }
    let folder = "\(words[2])/child-creation-\(getpid())"
    try FileManager.default.createDirectory(atPath: folder, withIntermediateDirectories: true)
    defer { try? FileManager.default.removeItem(atPath: folder) }
    // Weight and two moments of a layer.
    let length = megabytes * 1_000_000 / (3 * 4 * layers)
    for (index, name) in ["base", "donor", "fresh"].enumerated() {
      try write(
        "\(folder)/\(name).safetensors", length: length, value: Float(index + 1), isTrained: name != "fresh")
    }
    let target = "\(folder)/offspring.safetensors"
    try answerRounds(facts: ["program": words[0], "megabytes": words[1]], warmUp: 1) {
      if words[0] == "cp" {
        let copy = try Process.run(
          URL(fileURLWithPath: "/bin/cp"), arguments: ["\(folder)/base.safetensors", target])
        copy.waitUntilExit()
        guard copy.terminationStatus == 0 else {
          throw UsageError(description: "cp ended with status \(copy.terminationStatus)")
        }
      } else {
        try makeOffspring(in: folder, target)
      }
    }
  }

  private static var genome: Genome { Genome(Array(repeating: 0, count: layers)) }

  private static func makeOffspring(in folder: String, _ target: String) throws {
    let space = SearchSpace(
      genes: (0..<layers).map { Gene(name: "g\($0)", options: ["a", "b"], owns: ["net.layer\($0)"]) })
    let offspring = Offspring(
      member: 2, base: 0, donor: 1, genome: genome, donatedGenes: Array(stride(from: 0, to: layers, by: 4)),
      change: .mix, freshSeed: 1, noiseSeed: 2)
    _ = try writeOffspring(
      offspring, in: space, MethodSettings(populationSize: 4, intervals: 2),
      base: Checkpoint(path: "\(folder)/base.safetensors"),
      donor: Checkpoint(path: "\(folder)/donor.safetensors"),
      fresh: Checkpoint(path: "\(folder)/fresh.safetensors"), to: target)
  }

  private static func write(_ path: String, length: Int, value: Float, isTrained: Bool) throws {
    let weights = (0..<layers).map { "net.layer\($0).weight" }
    let moments = weights.flatMap { ["optimizer.\($0).exp_avg", "optimizer.\($0).exp_avg_sq"] }
    let names = weights + (isTrained ? moments : [])
    let writer = try SafetensorsWriter(
      path: path, tensors: names.map { .init(name: $0, dtype: .float32, shape: [length]) },
      metadata: Checkpoint.metadata(genome: genome, buffers: []))
    let values = Array(repeating: value, count: length)
    for _ in names { try values.withUnsafeBytes { try writer.write($0) } }
    try writer.finish()
  }

  struct UsageError: Error, CustomStringConvertible { let description: String }
}
