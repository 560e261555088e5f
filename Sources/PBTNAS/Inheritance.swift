/// Where an offspring's tensor comes from.
public enum TensorSource: Hashable, Sendable {
  /// The base's, bit for bit.
  case base
  /// The base's tensor of another name, bit for bit: optimiser state that is inherited by position.
  case baseTensor(named: String)
  /// The donor's, bit for bit.
  case donor
  /// The freshly initialised network's, bit for bit.
  case fresh
  /// `lambda * donor + gamma * fresh`, elementwise (Ash and Adams 2020, arXiv 1910.08475; coefficients of
  /// Zaidi et al. 2022, arXiv 2206.10011). Both products and their sum are rounded to the tensor's type:
  /// nothing is fused.
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
/// - An offspring has exactly the tensors of a fresh network of its genome, and optimiser state for their
///   parameters where a parent gives it.
/// - The donor gives the layers of the donated genes: weights shrunk and perturbed, buffers and averaged
///   copies exactly. The base gives all others exactly.
/// - A tensor that its layer's parent does not have in this shape comes from the other parent; one that
///   neither has is fresh, and named in ``InheritancePlan/missing``.
/// - Optimiser state goes with whoever gave the parameter. That of a donated parameter starts from zero where
///   its shape is not the same in both parents; otherwise ``MethodSettings/optimizerState`` decides.
/// - With ``OptimizerStateRule/byPosition`` all of it is the base's, by the parameters' order alone.
///
/// - Parameters:
///   - base: the base parent's checkpoint.
///   - donor: the donor's; nil where the offspring has none.
///   - fresh: the freshly initialised checkpoint of the offspring's genome.
public func inherit(
  _ offspring: Offspring, in space: SearchSpace, _ settings: MethodSettings, base: CheckpointContents,
  donor: CheckpointContents?, fresh: CheckpointContents
) -> InheritancePlan {
  let parents = Parents(offspring, space, base: base, donor: donor)
  let givers = Dictionary(
    fresh.tensors.compactMap { tensor in parents.giver(of: tensor).map { (tensor.name, $0) } },
    uniquingKeysWith: { first, _ in first })
  let network = fresh.tensors.map { tensor in
    let isWeight = fresh.isWeight(tensor)
    let source: TensorSource =
      switch givers[tensor.name] {
      case .base where isWeight && offspring.change == .shrinkPerturbAll:
        shrinkPerturb(settings, exactCopy: .base)
      case .base: .base
      case .donor: isWeight ? shrinkPerturb(settings, exactCopy: .donor) : .donor
      case .fresh, nil: .fresh
      }
    return InheritancePlan.Entry(tensor: tensor, source: source)
  }
  let noisy = noisyWeights(offspring, network, fresh)
  let withNoise = network.map { entry in
    noisy[entry.tensor.name].map { InheritancePlan.Entry(tensor: entry.tensor, source: .noise(seed: $0)) }
      ?? entry
  }
  return InheritancePlan(
    entries: withNoise
      + (settings.optimizerState == .byPosition
        ? optimizerStateByPosition(base: base, fresh: fresh)
        : parents.optimizerState(settings, givers, fresh: fresh)),
    missing: fresh.tensors.map(\.name).filter { givers[$0] == nil })
}

/// Shrink-perturb with the settings' coefficients. The ends of the scale hold bit for bit, which the sum
/// would not give for a zero's sign or for an infinity: [1, 0] copies and [0, 1] initialises anew.
private func shrinkPerturb(_ settings: MethodSettings, exactCopy: TensorSource) -> TensorSource {
  switch (settings.lambda, settings.gamma) {
  case (1, 0): exactCopy
  case (0, 1): .fresh
  default: .shrinkPerturb(lambda: settings.lambda, gamma: settings.gamma)
  }
}

/// Who gives a tensor.
private enum Giver {
  case base
  case donor
  case fresh
}

/// What an offspring's parents have, and which layers come from whom.
private struct Parents {
  private let base: CheckpointContents
  private let donor: CheckpointContents?
  private let donatedPrefixes: [String]
  private let freshPrefixes: [String]
  private let shrinksAll: Bool

  init(
    _ offspring: Offspring, _ space: SearchSpace, base: CheckpointContents, donor: CheckpointContents?
  ) {
    self.base = base
    self.donor = donor
    donatedPrefixes = offspring.donatedGenes.flatMap { space.genes[$0].owns }
    freshPrefixes =
      if case .freshLayer(let gene) = offspring.change { space.genes[gene].owns } else { [] }
    shrinksAll = offspring.change == .shrinkPerturbAll
  }

  /// Who gives a tensor of the network: its layer's parent, else the other one; nil if neither has it in this
  /// shape.
  func giver(of tensor: TensorDescription) -> Giver? {
    let parameter = TensorName(tensor.name).parameter
    func covered(by prefixes: [String]) -> Bool {
      prefixes.contains { TensorName.prefix($0, covers: parameter) }
    }
    if covered(by: freshPrefixes) { return .fresh }
    let baseHasIt = base[tensor.name]?.shape == tensor.shape
    let donorHasIt = donor?[tensor.name]?.shape == tensor.shape
    if covered(by: donatedPrefixes) { return donorHasIt ? .donor : baseHasIt ? .base : nil }
    return baseHasIt ? .base : donorHasIt ? .donor : nil
  }

  /// The optimiser state of the network's parameters, in the order of the base's file and then of the
  /// donor's.
  ///
  /// - Parameter givers: who gives a tensor of the network; a tensor that no parent gives is not in it.
  func optimizerState(
    _ settings: MethodSettings, _ givers: [String: Giver], fresh: CheckpointContents
  ) -> [InheritancePlan.Entry] {
    var seen: Set<String> = []
    return (base.tensors + (donor?.tensors ?? [])).compactMap { tensor in
      guard case .optimizerState(let parameter, _) = TensorName(tensor.name),
        seen.insert(tensor.name).inserted
      else { return nil }
      let source: Giver? =
        switch givers[parameter] {
        case .base: shrinksAll && settings.optimizerState == .reset ? nil : .base
        case .donor: donatedStateSource(of: parameter, settings.optimizerState, fresh)
        case .fresh, nil: nil
        }
      return switch source {
      case .base: base[tensor.name].map { .init(tensor: $0, source: .base) }
      case .donor: donor?[tensor.name].map { .init(tensor: $0, source: .donor) }
      case .fresh, nil: nil
      }
    }
  }

  /// Whose optimiser state a donated parameter gets; nil if it starts from zero.
  private func donatedStateSource(
    of parameter: String, _ rule: OptimizerStateRule, _ fresh: CheckpointContents
  ) -> Giver? {
    guard base[parameter]?.shape == fresh[parameter]?.shape else { return nil }
    return switch rule {
    case .inherit: .donor
    case .base, .byPosition: .base
    case .reset: nil
    }
  }
}

/// The base's optimiser state, for the parameters at the same positions of an offspring's networks: what
/// PyTorch's `load_state_dict` of each network's optimiser does with the base's state, where a parameter's
/// state of another shape is thrown away. A layer can so get the state of another one.
///
/// Positions are those of the tensors in the checkpoints' files, which are the order of construction in files
/// of this package. The entries are in the order of the base's file.
private func optimizerStateByPosition(
  base: CheckpointContents, fresh: CheckpointContents
) -> [InheritancePlan.Entry] {
  func networks(_ contents: CheckpointContents) -> [Substring: [TensorDescription]] {
    Dictionary(grouping: contents.tensors.filter(contents.isWeight)) {
      TensorName.network(of: $0.name)
    }
  }
  let ours = networks(fresh)
  var heirs: [String: String] = [:]
  for (network, theirs) in networks(base) {
    guard let ours = ours[network], ours.count == theirs.count else { continue }
    for (parameter, heir) in zip(theirs, ours) where parameter.shape == heir.shape {
      heirs[parameter.name] = heir.name
    }
  }
  return base.tensors.compactMap { tensor in
    guard case .optimizerState(let parameter, let key) = TensorName(tensor.name),
      let heir = heirs[parameter]
    else { return nil }
    let name = TensorName.optimizerState(of: heir, key: key).string
    return InheritancePlan.Entry(
      tensor: TensorDescription(
        name: name, shape: tensor.shape, isFloatingPoint: tensor.isFloatingPoint),
      source: heir == parameter ? .base : .baseTensor(named: tensor.name))
  }
}
