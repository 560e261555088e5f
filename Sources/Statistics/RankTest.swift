/// What a one-sided rank test of two samples found.
public struct RankTest: Hashable, Sendable {
  /// The test's statistic: the larger, the more the first sample's values exceed the second's.
  public let statistic: Double
  /// How likely a statistic of at least this size is if the samples do not differ: exact, from the distribution of the ranks at hand, so
  /// that ties need no correction.
  public let pValue: Double
  /// The smallest p-value that samples of these sizes and ties could have given.
  public let smallestPValue: Double

  /// Wilcoxon's signed-rank test (Wilcoxon 1945, Biometrics Bulletin 1:80) of paired samples; the alternative is that the first is greater.
  /// Pairs without a difference are left out, as Wilcoxon did.
  ///
  /// - Parameter pairs: finite values of both samples under the same conditions, such as the same seed.
  /// - Returns: nil if no pair has a difference.
  public static func wilcoxonSignedRank(_ pairs: [(first: Double, second: Double)]) -> RankTest? {
    let differences = pairs.map { $0.first - $0.second }.filter { $0 != 0 }
    guard !differences.isEmpty else { return nil }
    let ranks = doubledRanks(differences.map(abs))
    let sum = zip(differences, ranks).reduce(0) { $1.0 > 0 ? $0 + $1.1 : $0 }
    // Every sign is as likely as the other.
    var probabilities = [1.0]
    for rank in ranks {
      var next = Array(repeating: 0.0, count: probabilities.count + rank)
      for (sum, probability) in probabilities.enumerated() {
        next[sum] += probability / 2
        next[sum + rank] += probability / 2
      }
      probabilities = next
    }
    return RankTest(statistic: Double(sum) / 2, sum: sum, probabilities: probabilities)
  }

  /// Mann and Whitney's U test (Mann and Whitney 1947, Annals of Mathematical Statistics 18:50) of independent samples; the alternative is that
  /// the first is greater.
  ///
  /// - Parameters:
  ///   - first: finite values.
  ///   - second: finite values.
  /// - Returns: nil if a sample is empty.
  public static func mannWhitney(_ first: [Double], _ second: [Double]) -> RankTest? {
    guard !first.isEmpty, !second.isEmpty else { return nil }
    let ranks = doubledRanks(first + second)
    let sum = ranks.prefix(first.count).reduce(0, +)
    // Every choice of so many of the ranks is as likely as another. ways[k][s]: how many choices of k have the sum s.
    let largest = ranks.sorted().suffix(first.count).reduce(0, +)
    var ways = Array(repeating: Array(repeating: 0.0, count: largest + 1), count: first.count + 1)
    ways[0][0] = 1
    for rank in ranks {
      for count in stride(from: first.count, through: 1, by: -1) {
        for total in stride(from: largest, through: rank, by: -1) where ways[count - 1][total - rank] > 0 {
          ways[count][total] += ways[count - 1][total - rank]
        }
      }
    }
    let all = ways[first.count].reduce(0, +)
    let least = Double(first.count * (first.count + 1)) / 2
    return RankTest(
      statistic: Double(sum) / 2 - least, sum: sum, probabilities: ways[first.count].map { $0 / all })
  }

  private init(statistic: Double, sum: Int, probabilities: [Double]) {
    self.statistic = statistic
    // From the small end, so that nothing small is lost.
    pValue = min(1, probabilities[sum...].reversed().reduce(0, +))
    smallestPValue = probabilities.last { $0 > 0 } ?? 1
  }

  /// Twice every value's rank, so that the mean ranks of ties are whole numbers.
  private static func doubledRanks(_ values: [Double]) -> [Int] {
    let order = values.indices.sorted { values[$0] < values[$1] }
    var ranks = Array(repeating: 0, count: values.count)
    var start = 0
    while start < order.count {
      let end = order[start...].firstIndex { values[$0] != values[order[start]] } ?? order.count
      // Ranks start + 1 to end, twice their mean.
      for place in start..<end { ranks[order[place]] = start + 1 + end }
      start = end
    }
    return ranks
  }
}
