/// A tensor of a checkpoint, without its elements.
public struct TensorDescription: Hashable, Sendable {
  /// Its name in the checkpoint.
  public let name: String
  /// The lengths of its dimensions.
  public let shape: [Int]
  /// Whether its elements are floating-point numbers.
  public let isFloatingPoint: Bool

  /// Describes a tensor.
  public init(name: String, shape: [Int], isFloatingPoint: Bool) {
    self.name = name
    self.shape = shape
    self.isFloatingPoint = isFloatingPoint
  }
}

/// What a checkpoint holds.
public struct CheckpointContents: Hashable, Sendable {
  /// All tensors in their order.
  public let tensors: [TensorDescription]
  /// The names of those that are statistics of the network, not weights: they are copied, never scaled.
  public let buffers: Set<String>
  private let indices: [String: Int]

  /// Describes a checkpoint.
  public init(tensors: [TensorDescription], buffers: Set<String>) {
    self.tensors = tensors
    self.buffers = buffers
    indices = Dictionary(
      tensors.enumerated().map { ($0.element.name, $0.offset) }, uniquingKeysWith: { first, _ in first })
  }

  /// The tensor with a name; nil if there is none.
  public subscript(name: String) -> TensorDescription? { indices[name].map { tensors[$0] } }

  /// Whether a tensor is one that shrink-perturb and noise act on.
  func isWeight(_ tensor: TensorDescription) -> Bool {
    guard case .value(let name) = TensorName(tensor.name) else { return false }
    return tensor.isFloatingPoint && !buffers.contains(name)
  }
}

/// Where an offspring's tensor comes from.
public enum TensorSource: Hashable, Sendable {
  /// The base's, bit for bit.
  case base
  /// The donor's, bit for bit.
  case donor
  /// The freshly initialised network's, bit for bit.
  case fresh
  /// `lambda * donor + gamma * fresh`, elementwise, in float32 with two roundings: the products' sum is not fused.
  case shrinkPerturb(lambda: Double, gamma: Double)
  /// The base's with noise on some elements, drawn from this seed: see ``addWeightNoise(to:seed:)``.
  case noise(seed: UInt64)
}

/// What an offspring's checkpoint is made of.
public struct InheritancePlan: Hashable, Sendable {
  /// A tensor and its origin.
  public struct Entry: Hashable, Sendable {
    /// The tensor.
    public let tensor: TensorDescription
    /// Where its elements come from.
    public let source: TensorSource
  }

  /// Every tensor of the offspring: its network's, then optimiser state.
  public let entries: [Entry]
  /// Tensors that neither parent could give, so that they are fresh.
  public let missing: [String]
}

/// Step 5 of the method as a plan: which of an offspring's tensors come from whom.
///
/// An offspring has exactly the tensors of a fresh network of its genome, and optimiser state for their parameters where a parent gives it.
///
/// - Parameters:
///   - base: the base parent's checkpoint.
///   - donor: the donor's; nil where the offspring has none.
///   - fresh: the freshly initialised checkpoint of the offspring's genome.
public func inherit(
  _ offspring: Offspring, in space: SearchSpace, _ settings: MethodSettings, base: CheckpointContents,
  donor: CheckpointContents?, fresh: CheckpointContents
) -> InheritancePlan {
  let origin = Origin(offspring, space)
  var missing: [String] = []
  var entries = fresh.tensors.map { tensor in
    let source = origin.source(of: tensor, settings, base: base, donor: donor, fresh: fresh)
    if source == nil { missing.append(tensor.name) }
    return InheritancePlan.Entry(tensor: tensor, source: source ?? .fresh)
  }
  let noisy = noisyWeights(offspring, entries, fresh)
  entries = entries.map { entry in
    noisy[entry.tensor.name].map { .init(tensor: entry.tensor, source: .noise(seed: $0)) } ?? entry
  }
  let inherited = Set(entries.filter { $0.source != .fresh }.map { TensorName($0.tensor.name).parameter })
  entries += optimizerState(origin, settings, inherited, base: base, donor: donor, fresh: fresh)
  return InheritancePlan(entries: entries, missing: missing)
}

/// Who gives a layer.
private struct Origin {
  private enum Giver {
    case base
    case donor
    case fresh
  }

  private let offspring: Offspring
  private let donatedPrefixes: [String]
  private let freshPrefixes: [String]

  init(_ offspring: Offspring, _ space: SearchSpace) {
    self.offspring = offspring
    donatedPrefixes = offspring.donatedGenes.flatMap { space.genes[$0].owns }
    freshPrefixes =
      if case .freshLayer(let gene) = offspring.change { space.genes[gene].owns } else { [] }
  }

  private func giver(of parameter: String) -> Giver {
    func covered(by prefixes: [String]) -> Bool {
      prefixes.contains { TensorName.prefix($0, covers: parameter) }
    }
    if covered(by: freshPrefixes) { return .fresh }
    return covered(by: donatedPrefixes) ? .donor : .base
  }

  /// Where a tensor of the network comes from; nil if no parent has it in this shape.
  func source(
    of tensor: TensorDescription, _ settings: MethodSettings, base: CheckpointContents,
    donor: CheckpointContents?, fresh: CheckpointContents
  ) -> TensorSource? {
    let shrunk = TensorSource.shrinkPerturb(lambda: settings.lambda, gamma: settings.gamma)
    let isWeight = fresh.isWeight(tensor)
    let fromBase: TensorSource? =
      base[tensor.name]?.shape != tensor.shape
      ? nil : offspring.change == .shrinkPerturbAll && isWeight ? shrunk : .base
    let fromDonor: TensorSource? =
      donor?[tensor.name]?.shape != tensor.shape ? nil : isWeight ? shrunk : .donor
    return switch giver(of: TensorName(tensor.name).parameter) {
    case .fresh: .fresh
    case .donor: fromDonor ?? fromBase
    case .base: fromBase ?? fromDonor
    }
  }

  /// Where a part of the optimiser's state comes from; nil if it starts from zero.
  func stateSource(
    of name: TensorName, shape: [Int]?, _ settings: MethodSettings, base: CheckpointContents,
    donor: CheckpointContents?
  ) -> (TensorDescription, TensorSource)? {
    let fromBase = base[name.string]
    let isDonated = giver(of: name.parameter) == .donor || offspring.change == .shrinkPerturbAll
    guard isDonated else {
      return giver(of: name.parameter) == .base ? fromBase.map { ($0, .base) } : nil
    }
    // A donated layer whose shape differs between the parents starts from zero, whatever the rule.
    guard base[name.parameter]?.shape == shape else { return nil }
    switch settings.optimizerState {
    case .reset: return nil
    case .base: return fromBase.map { ($0, .base) }
    case .inherit:
      return offspring.change == .shrinkPerturbAll
        ? fromBase.map { ($0, .base) } : donor?[name.string].map { ($0, .donor) }
    }
  }
}

/// The optimiser state of the inherited parameters, in the order of the base's file and then of the donor's.
private func optimizerState(
  _ origin: Origin, _ settings: MethodSettings, _ inherited: Set<String>, base: CheckpointContents,
  donor: CheckpointContents?, fresh: CheckpointContents
) -> [InheritancePlan.Entry] {
  var seen: Set<String> = []
  return (base.tensors + (donor?.tensors ?? [])).compactMap { tensor in
    let name = TensorName(tensor.name)
    guard case .optimizerState(let parameter, _) = name, inherited.contains(parameter),
      seen.insert(tensor.name).inserted
    else { return nil }
    let shape = fresh[parameter]?.shape
    return origin.stateSource(of: name, shape: shape, settings, base: base, donor: donor)
      .map { InheritancePlan.Entry(tensor: $0.0, source: $0.1) }
  }
}
