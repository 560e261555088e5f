/// The members whose weights can be averaged with the best one's, since they have its genome: the best first.
/// Those that diverged are not among them.
public func soupCandidates(_ population: [Genome], fitness: [Double]) -> [Int] {
  let finite = rank(fitness).filter { fitness[$0].isFinite }
  return finite.filter { population[$0] == population[finite[0]] }
}

extension CheckpointContents {
  /// Whether a model soup averages a tensor; others come from the best network. Integers and optimiser state
  /// cannot be averaged, and the mean of two networks' singular vectors is no singular vector.
  ///
  /// - Parameter parts: the parts of the network that are averaged, by how their parameters' names begin, such
  ///   as `encoder`; empty for all of it. An averaged copy, such as a critic's target network, belongs to the
  ///   part that it is a copy of: the target of an averaged critic is the mean of the targets.
  public func isAveragedInSoup(_ tensor: TensorDescription, parts: [String] = []) -> Bool {
    let name = TensorName(tensor.name)
    guard parts.isEmpty || parts.contains(where: { TensorName.prefix($0, covers: name.parameter) }) else {
      return false
    }
    return switch name {
    case .optimizerState: false
    case .average: tensor.isFloatingPoint
    case .value(let name):
      tensor.isFloatingPoint && !(buffers.contains(name) && TensorName.isSingularVector(name))
    }
  }

  /// The first name that is no part of the network with anything in it to average, with the names that could
  /// stand in its place; nil if all are.
  public func unknownSoupPart(among parts: [String]) -> (part: String, known: [String])? {
    let averaged = tensors.filter { isAveragedInSoup($0) }.map { TensorName($0.name).parameter }
    func isPart(_ name: String) -> Bool { averaged.contains { TensorName.prefix(name, covers: $0) } }
    return parts.first { !isPart($0) }.map { part in
      (part, TensorName.parts(of: averaged, in: TensorName.enclosing(part).last(where: isPart)))
    }
  }
}
