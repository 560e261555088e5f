/// What changes between two intervals.
public struct Generation: Hashable, Sendable, Codable {
  /// The ranking with who goes and who stays; nil where the strategy does not select or the gate is closed.
  public let selection: Selection?
  /// The members that are replaced, by member number.
  public let offspring: [Offspring]

  /// Nothing changes.
  static let unchanged = Generation(selection: nil, offspring: [])
}

/// Steps 3 and 4 of the method, or of a baseline: who is dropped after an interval, and what comes instead.
/// Source: Chebykin et al. 2023, arXiv 2307.15621.
///
/// After the last interval nothing changes. The gate holds for the strategies that select; random search with
/// shrink-perturb acts after each interval, on the members that did not fail or diverge.
///
/// - Parameters:
///   - interval: the one that has ended, counted from 1.
///   - population: every member's genome.
///   - fitness: every member's fitness; NaN for a member that diverged or failed.
///   - hyperparameters: every member's values of the hyperparameters, by name; not needed where the settings
///     declare none.
///   - settings: settings without ``MethodSettings/problems(searchSpace:)``.
/// - Throws: ``MethodError`` if fewer than two members are finite, whatever the strategy: the run is to end.
public func nextGeneration(
  after interval: Int, _ population: [Genome], fitness: [Double], hyperparameters: [[String: Double]] = [],
  in space: SearchSpace, _ settings: MethodSettings, seed: RunSeed
) throws(MethodError) -> Generation {
  guard interval < settings.intervals else { return .unchanged }
  let selection = try select(fitness, settings)
  func values(of member: Int) -> [String: Double] {
    hyperparameters.indices.contains(member) ? hyperparameters[member] : [:]
  }
  switch settings.strategy {
  case .randomSearch:
    return .unchanged
  case .randomSearchShrinkPerturb:
    let members = population.indices.filter { fitness[$0].isFinite }
    return Generation(
      selection: nil,
      offspring: members.map { member in
        var offspring = Offspring(
          of: member, donor: member, filling: member, population[member], .shrinkPerturbAll, after: interval,
          seed)
        offspring.hyperparameters = values(of: member)
        return offspring
      })
  case .pbtNAS, .noMixing, .mutation, .pbt:
    guard settings.gate.isOpen(after: interval) else { return .unchanged }
    let offspring = selection.dropped.map { member in
      var offspring =
        switch settings.strategy {
        case .mutation:
          mutate(selection.parents, filling: member, population, in: space, settings, interval, seed)
        case .pbt: exploit(selection.parents, filling: member, population, interval, seed)
        default: mix(selection.parents, filling: member, population, settings, interval, seed)
        }
      offspring.hyperparameters = settings.explore(
        values(of: offspring.base), filling: member, after: interval, seed)
      return offspring
    }
    return Generation(selection: selection, offspring: offspring)
  }
}
