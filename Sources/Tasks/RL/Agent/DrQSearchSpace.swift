import PBTNAS

/// What a searched layer of the encoder does.
enum ConvolutionOperation: String, CaseIterable {
  case id
  case conv3 = "conv_3"
  case conv5 = "conv_5"
  case conv7 = "conv_7"
  case residual3 = "residual_3"
  case residual5 = "residual_5"
  case residual7 = "residual_7"
  case separable3 = "sep_conv_3"
  case separable5 = "sep_conv_5"
  case separable7 = "sep_conv_7"
}

/// What a searched layer of the policy or of a Q network does.
enum LinearOperation: String, CaseIterable {
  case id
  case linear
  /// Half as wide inside.
  case residual05 = "residual_05"
  /// Twice as wide inside.
  case residual2 = "residual_2"
}

/// The normalisation of a network's weights.
enum Normalization: String, CaseIterable {
  case none
  case spectral
}

/// A fixed first layer and the searched ones after it.
struct LayersChoice<Operation: CaseIterable> {
  /// The searched layers.
  let operations: [Operation]
  /// The first layer's activation, then those of the searched ones.
  let activations: [Activation]
  /// Of all these layers' weights.
  let normalization: Normalization
}

/// The options of a trunk.
struct TrunkChoice {
  /// The length of its output.
  let featureLength: Int
  let activation: Activation
}

/// The options of all of an agent's networks.
struct DrQArchitecture {
  /// Nil where observations are vectors.
  let encoder: LayersChoice<ConvolutionOperation>?
  let actorTrunk: TrunkChoice
  let policy: LayersChoice<LinearOperation>
  let criticTrunk: TrunkChoice
  let q1: LayersChoice<LinearOperation>
  let q2: LayersChoice<LinearOperation>
}

/// The search space of DrQ-v2 agents: encoder, actor and critic, as the PBT-NAS paper has it.
///
/// A gene is named after what it is about: `actor.policy.layer1`, `critic.q1.activation0`. Activations and
/// normalisations have no weights; `feature_dim` owns the trunk and the layers that read it, since their
/// shapes follow from it. First convolution and heads are nobody's: they stay with the base parent.
public struct DrQSearchSpace: Sendable {
  /// The genes of encoder (with pixels), actor, critic.
  public let searchSpace: SearchSpace
  private let seesPixels: Bool
  private let featureLengths: [Int]
  /// Searched layers in a network.
  private static let layerCount = 3

  /// The space for an agent's sizes.
  public init(_ sizes: DrQSizes) {
    let seesPixels = if case .pixels = sizes.observation { true } else { false }
    self.init(seesPixels: seesPixels, featureLengths: sizes.featureLengths)
  }

  /// The space for agents with an encoder or without.
  ///
  /// - Parameter featureLengths: the options of the genes `feature_dim`.
  init(seesPixels: Bool, featureLengths: [Int]) {
    self.seesPixels = seesPixels
    self.featureLengths = featureLengths
    var genes: [Gene] = []
    if seesPixels { genes += Self.layers("encoder", ConvolutionOperation.allCases.map(\.rawValue)) }
    let linear = LinearOperation.allCases.map(\.rawValue)
    genes += Self.trunk("actor", featureLengths, readBy: ["policy"]) + Self.layers("actor.policy", linear)
    genes += Self.trunk("critic", featureLengths, readBy: ["q1", "q2"])
    genes += Self.layers("critic.q1", linear) + Self.layers("critic.q2", linear)
    searchSpace = SearchSpace(genes: genes)
  }

  private static func trunk(_ path: String, _ featureLengths: [Int], readBy readers: [String]) -> [Gene] {
    [
      Gene(
        name: "\(path).feature_dim", options: featureLengths.map(String.init),
        owns: ["\(path).trunk"] + readers.map { "\(path).\($0).first" }),
      Gene(name: "\(path).trunk_activation", options: Activation.allCases.map(\.rawValue), owns: []),
    ]
  }

  private static func layers(_ path: String, _ operations: [String]) -> [Gene] {
    let layers = (1...layerCount).map {
      Gene(name: "\(path).layer\($0)", options: operations, owns: ["\(path).layer\($0)"])
    }
    let activations = (0...layerCount).map {
      Gene(name: "\(path).activation\($0)", options: Activation.allCases.map(\.rawValue), owns: [])
    }
    let norm = Gene(name: "\(path).norm", options: Normalization.allCases.map(\.rawValue), owns: [])
    return layers + activations + [norm]
  }

  /// The options of every network.
  ///
  /// - Throws: ``SearchSpaceError`` if the genome does not belong to this space.
  func architecture(of genome: Genome) throws -> DrQArchitecture {
    try searchSpace.check(genome)
    var choices = genome.choices[...]
    func next<Option>(_ options: [Option]) -> Option { options[choices.removeFirst()] }
    func trunk() -> TrunkChoice {
      let length = next(featureLengths)
      return TrunkChoice(featureLength: length, activation: next(Activation.allCases))
    }
    func layers<Operation: CaseIterable>() -> LayersChoice<Operation> {
      let operations = (0..<Self.layerCount).map { _ in next(Array(Operation.allCases)) }
      let activations = (0...Self.layerCount).map { _ in next(Activation.allCases) }
      return LayersChoice(
        operations: operations, activations: activations, normalization: next(Normalization.allCases))
    }
    var encoder: LayersChoice<ConvolutionOperation>?
    if seesPixels { encoder = layers() }
    let (actorTrunk, policy): (_, LayersChoice<LinearOperation>) = (trunk(), layers())
    let (criticTrunk, q1, q2): (_, LayersChoice<LinearOperation>, LayersChoice<LinearOperation>) =
      (trunk(), layers(), layers())
    return DrQArchitecture(
      encoder: encoder, actorTrunk: actorTrunk, policy: policy, criticTrunk: criticTrunk, q1: q1, q2: q2)
  }
}

extension DrQSearchSpace {
  /// DrQ-v2's own networks (Yarats et al. 2021), as far as the options go: three 3x3 convolutions, one hidden
  /// layer after the first, ReLU everywhere but in the trunks (tanh), features of length 50, or of the
  /// nearest that is on offer, and no normalisation.
  public var original: Genome {
    func index<Option: CaseIterable & Equatable>(of option: Option) -> Int {
      Array(Option.allCases).firstIndex(of: option) ?? 0
    }
    let nearest = featureLengths.indices.min { abs(featureLengths[$0] - 50) < abs(featureLengths[$1] - 50) }
    let trunk = [nearest ?? 0, index(of: Activation.tanh)]
    let activations = Array(repeating: index(of: Activation.relu), count: Self.layerCount + 1)
    let rest = activations + [index(of: Normalization.none)]
    let id = index(of: LinearOperation.id)
    let perceptron =
      [index(of: LinearOperation.linear)] + Array(repeating: id, count: Self.layerCount - 1) + rest
    let conv3 = index(of: ConvolutionOperation.conv3)
    let encoder = seesPixels ? Array(repeating: conv3, count: Self.layerCount) + rest : []
    return Genome(encoder + trunk + perceptron + trunk + perceptron + perceptron)
  }
}
