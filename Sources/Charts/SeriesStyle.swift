/// How a line looks. Lines differ in colour, dashes and markers at once, so that they can be told apart
/// without colours, too.
struct SeriesStyle: Hashable {
  /// A point's mark.
  enum Marker: CaseIterable, Hashable {
    case circle
    case square
    case triangle
    case diamond
    case cross
  }

  /// The colour, as SVG writes it.
  let colour: String
  /// The lengths of dashes and gaps in pixels; empty for a solid line.
  let dashes: [Int]
  /// What marks its points.
  let marker: Marker

  /// Okabe and Ito (2008), "Color Universal Design": colours that also people who do not see some of them
  /// tell apart. Their yellow is left out, which is hard to see on white; black comes last.
  private static let colours = [
    "#0072b2", "#d55e00", "#009e73", "#cc79a7", "#e69f00", "#56b4e9", "#000000",
  ]
  private static let dashPatterns = [[], [7, 3], [2, 3], [8, 3, 2, 3]]

  /// The style of the line with a number; the first 140 all differ.
  init(_ number: Int) {
    colour = Self.colours[number % Self.colours.count]
    dashes = Self.dashPatterns[number % Self.dashPatterns.count]
    marker = Marker.allCases[number % Marker.allCases.count]
  }
}
