/// The members whose weights can be averaged with the best one's, since they have its genome: the best first.
/// Those that diverged are not among them.
public func soupCandidates(_ population: [Genome], fitness: [Double]) -> [Int] {
  let finite = rank(fitness).filter { fitness[$0].isFinite }
  return finite.filter { population[$0] == population[finite[0]] }
}

extension CheckpointContents {
  /// Whether a model soup averages a tensor; others come from the best network. Integers and optimiser state
  /// cannot be averaged, and the mean of two networks' singular vectors is no singular vector.
  public func isAveragedInSoup(_ tensor: TensorDescription) -> Bool {
    switch TensorName(tensor.name) {
    case .optimizerState: false
    case .average: tensor.isFloatingPoint
    case .value(let name):
      tensor.isFloatingPoint && !(buffers.contains(name) && TensorName.isSingularVector(name))
    }
  }
}
