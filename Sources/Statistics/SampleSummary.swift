/// Size, centre and spread of a sample.
public struct SampleSummary: Hashable, Sendable {
  /// How many values there are.
  public let count: Int
  /// Their mean.
  public let mean: Double
  /// Their standard deviation, with n - 1; NaN for a single value.
  public let standardDeviation: Double
  /// The smallest value.
  public let least: Double
  /// The largest value.
  public let greatest: Double

  /// Summarises finite values.
  ///
  /// - Returns: nil if there are none.
  public init?(_ values: [Double]) {
    guard let least = values.min(), let greatest = values.max() else { return nil }
    (self.least, self.greatest) = (least, greatest)
    count = values.count
    let mean = values.reduce(0, +) / Double(values.count)
    self.mean = mean
    let squares = values.reduce(0) { $0 + ($1 - mean) * ($1 - mean) }
    standardDeviation = values.count > 1 ? (squares / Double(values.count - 1)).squareRoot() : .nan
  }
}
