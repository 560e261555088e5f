import PBTNAS
import Testing
import Torch

@testable import Tasks

/// The order of every network's parameters, which optimizer state that is inherited by position goes by: that
/// of construction in the paper's code, by our names (`docs/fidelity.md`).
@Suite struct ParameterOrderTests {
  /// The names of a layer's tensors.
  private func layer(_ path: String, _ tensors: [String]) -> [String] { tensors.map { "\(path).\($0)" } }

  private func plain(_ path: String) -> [String] { layer(path, ["weight", "bias"]) }

  private func spectral(_ path: String) -> [String] { layer(path, ["bias", "weight_orig"]) }

  @Test("a GAN's parameters stand in the order of the paper's code")
  func gan() throws {
    // ConvTranspose, nearest, conv_1x1, none, skip_connect, dil_conv_3x3, conv_3x3.
    let sizes = GANSizes(
      cells: 3, bottomWidth: 2, imageChannels: 3, latentLength: 6, generatorWidth: 2, discriminatorWidth: 2)
    let networks = try AdversarialNetworks(
      genome: Genome(
        Array([[2, 0, 2, 0, 1, 5, 3], [2, 0, 2, 0, 1, 5, 3], [2, 0, 2, 0, 1, 5, 3]].joined())),
      sizes: sizes, seed: 1)
    let cells = (1...3).map { number in
      let cell = "generator.cell\(number)"
      let skips = (1..<number).flatMap { plain("\(cell).skip\($0)") }
      return ["\(cell).up0.depthwise.weight", "\(cell).up0.pointwise.weight"] + plain("\(cell).up1.conv")
        + plain("\(cell).c0") + plain("\(cell).c3") + plain("\(cell).c4") + skips
    }
    let generator =
      (1...3).flatMap { plain("generator.projection\($0)") } + cells.joined() + plain("generator.norm")
      + plain("generator.out")
    let blocks = (1...4).flatMap { number in
      ["conv1", "conv2"].flatMap { spectral("discriminator.block\(number).\($0)") }
        + (number <= 2 ? spectral("discriminator.block\(number).shortcut") : [])
    }
    let names = networks.store.entries.filter { !$0.isBuffer }.map(\.name)
    #expect(names == generator + blocks + ["discriminator.linear.weight_orig"])
  }

  @Test("an agent's parameters stand in the order of the paper's code")
  func agent() throws {
    let sizes = DrQSizes(
      observation: .pixels(side: 12), actions: 2, hidden: 4, encoderChannels: 2, featureLengths: [2, 3])
    let space = DrQSearchSpace(sizes).searchSpace
    // The encoder's layers: conv_3, residual_3, sep_conv_3; the others': linear, residual_05, id.
    let layers = ["encoder": [1, 4, 7], "policy": [1, 2, 0], "q1": [1, 2, 0], "q2": [1, 2, 0]]
    let choices = space.genes.map { gene in
      let components = gene.name.split(separator: ".")
      guard let last = components.last, last.hasPrefix("layer"), let number = Int(last.dropFirst(5)) else {
        return 0
      }
      return layers[String(components[components.count - 2])]?[number - 1] ?? 0
    }
    let networks = try DrQNetworks(genome: Genome(choices), sizes: sizes, seed: 1)
    func trunk(_ path: String) -> [String] { plain("\(path).linear") + plain("\(path).norm") }
    func perceptron(_ path: String) -> [String] {
      spectral("\(path).first") + spectral("\(path).layer1.linear") + plain("\(path).layer2.norm")
        + spectral("\(path).layer2.linear1") + spectral("\(path).layer2.linear2") + plain("\(path).head")
    }
    let encoder = [
      "first", "layer1.conv", "layer2.conv1", "layer2.conv2", "layer3.depthwise", "layer3.pointwise",
    ].flatMap { spectral("encoder.\($0)") }
    let names = networks.store.entries.filter { !$0.isBuffer }.map(\.name)
    #expect(
      names == encoder + trunk("actor.trunk") + perceptron("actor.policy") + trunk("critic.trunk")
        + perceptron("critic.q1") + perceptron("critic.q2"))
  }
}
