/// Who goes and who has offspring after an interval.
public struct Selection: Hashable, Sendable, Codable {
  /// All members, the best first; those that diverged last. Ties go to the lower member number.
  public let ranking: [Int]
  /// The members that are replaced.
  public let dropped: [Int]
  /// The members that offspring may come from, the best first.
  public let parents: [Int]
}

/// Why there is no next generation.
public enum MethodError: Error, Hashable, Sendable {
  /// Too few members have a finite fitness.
  case tooFewFinite(finite: Int, of: Int)
}

extension MethodError: CustomStringConvertible {
  /// What is wrong and how to mend it, as a sentence.
  public var description: String {
    switch self {
    case .tooFewFinite(let finite, let count):
      "\(finite) of \(count) members have a finite fitness, and two are needed as parents: training "
        + "diverges; lower the learning rates or shorten the intervals"
    }
  }
}

/// Ranks members by fitness, higher is better; NaN and infinities rank last.
public func rank(_ fitness: [Double]) -> [Int] {
  fitness.indices.sorted { a, b in
    switch (fitness[a].isFinite, fitness[b].isFinite) {
    case (true, true): fitness[a] != fitness[b] ? fitness[a] > fitness[b] : a < b
    case (true, false): true
    case (false, true): false
    case (false, false): a < b
    }
  }
}

/// Truncation selection (method, step 3): the worst fraction tau is dropped, the best are parents. Members
/// that diverged are never parents.
///
/// - Throws: ``MethodError/tooFewFinite(finite:of:)`` if fewer than two members are finite.
public func select(_ fitness: [Double], _ settings: MethodSettings) throws(MethodError) -> Selection {
  let ranking = rank(fitness)
  let finite = ranking.filter { fitness[$0].isFinite }
  guard finite.count >= 2 else { throw .tooFewFinite(finite: finite.count, of: fitness.count) }
  return Selection(
    ranking: ranking, dropped: ranking.suffix(settings.droppedCount).sorted(),
    parents: Array(finite.prefix(settings.parentCount)))
}
