/// A chart of lines, each with a band around it, as data; ``svg`` is the picture.
public struct LineChart: Hashable, Sendable {
  /// A point of a line.
  public struct Point: Hashable, Sendable {
    /// Where it is along the horizontal axis.
    public var x: Double
    /// Where the line is there.
    public var y: Double
    /// Where the band is there; nil where there is none.
    public var band: ClosedRange<Double>?

    /// Makes a point.
    public init(x: Double, y: Double, band: ClosedRange<Double>? = nil) {
      self.x = x
      self.y = y
      self.band = band
    }

    /// Whether a picture can show it: also sums and differences of such numbers are finite.
    var canBeShown: Bool {
      [x, y, band?.lowerBound ?? y, band?.upperBound ?? y].allSatisfy { abs($0) < 1e300 }
    }
  }

  /// A line.
  public struct Series: Hashable, Sendable {
    /// What the legend calls it.
    public var name: String
    /// Its points from left to right; those that are not finite are left out of the picture.
    public var points: [Point]

    /// Makes a line.
    public init(name: String, points: [Point]) {
      self.name = name
      self.points = points
    }
  }

  /// What the chart shows, in words.
  public var title: String
  /// What the horizontal axis counts, whose ticks are whole numbers.
  public var xLabel: String
  /// What the vertical axis measures.
  public var yLabel: String
  /// The lines; those named first lie on top.
  public var series: [Series]

  /// Makes a chart.
  public init(title: String, xLabel: String, yLabel: String, series: [Series]) {
    self.title = title
    self.xLabel = xLabel
    self.yLabel = yLabel
    self.series = series
  }

  /// The points that the picture shows, by line.
  var shownPoints: [[Point]] { series.map { $0.points.filter(\.canBeShown) } }

  /// What the horizontal axis shows.
  var xRange: ClosedRange<Double> { Self.range(of: shownPoints.joined().map(\.x)) }

  /// What the vertical axis must show.
  var yRange: ClosedRange<Double> {
    Self.range(
      of: shownPoints.joined().flatMap { [$0.y, $0.band?.lowerBound ?? $0.y, $0.band?.upperBound ?? $0.y] })
  }

  /// The smallest range with all values in it, widened where that would be too narrow to be drawn.
  private static func range(of values: [Double]) -> ClosedRange<Double> {
    let (low, high) = (values.min() ?? 0, values.max() ?? 1)
    let size = max(abs(low), abs(high))
    guard high - low <= size * 1e-9 else { return low...high }
    let margin = size > 0 ? size * 0.05 : 0.5
    return (low - margin)...(high + margin)
  }
}
