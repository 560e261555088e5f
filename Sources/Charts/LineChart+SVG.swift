import Foundation

extension LineChart {
  /// The chart as an SVG picture that needs nothing but itself: bands, lines, axes, and a legend below.
  public var svg: String { Drawing(self).svg }
}

/// Where everything is, in pixels.
private struct Drawing {
  private static let fontSize = 12.0
  /// A wide guess at a character's width: the fonts differ from viewer to viewer.
  private static let characterWidth = 7.0
  private static let plotHeight = 340.0
  private static let top = 40.0
  private static let right = 24.0
  private static let legendLine = 20.0
  private static let markerRadius = 3.5
  /// With more points, only some are marked.
  private static let mostMarkers = 30

  private let chart: LineChart
  private let xTicks: AxisTicks
  private let yTicks: AxisTicks
  private let xRange: ClosedRange<Double>
  private let yRange: ClosedRange<Double>
  private let left: Double
  private let plotWidth: Double

  init(_ chart: LineChart) {
    self.chart = chart
    xRange = chart.xRange
    xTicks = AxisTicks(chart.xRange, count: 9, whole: true)
    let ticks = AxisTicks(chart.yRange, count: 6, covers: true)
    yTicks = ticks
    yRange = (ticks.values.first ?? 0)...(ticks.values.last ?? 1)
    let labels = ticks.values.map { Double(ticks.label($0).count) * Self.characterWidth }
    left = 40 + (labels.max() ?? 0)
    let names = chart.series.map { Double($0.name.count) * Self.characterWidth + 40 }
    plotWidth = max(620, names.max() ?? 0, Double(chart.title.count) * Self.characterWidth * 1.2)
  }

  var svg: String {
    let width = left + plotWidth + Self.right
    let bottom = Self.top + Self.plotHeight
    let height = bottom + 56 + Double(chart.series.count) * Self.legendLine
    let root = SVGElement(
      "svg",
      [
        "xmlns": "http://www.w3.org/2000/svg", "viewBox": "0 0 \(number(width)) \(number(height))",
        "width": number(width), "height": number(height), "role": "img",
        "font-family": "Helvetica, Arial, sans-serif", "font-size": number(Self.fontSize), "fill": "#222222",
      ],
      [
        SVGElement("title", text: chart.title),
        SVGElement("rect", ["width": "100%", "height": "100%", "fill": "#ffffff"]),
        SVGElement(
          "text", ["x": number(left), "y": "24", "font-size": "14", "font-weight": "bold"], text: chart.title),
      ] + axes(bottom) + bands + lines + legend(bottom + 56))
    return root.text()
  }

  // MARK: Axes

  private func axes(_ bottom: Double) -> [SVGElement] {
    let grid = yTicks.values.flatMap { value in
      let height = y(value)
      return [
        line((left, height), (left + plotWidth, height), "#dddddd"),
        SVGElement(
          "text",
          ["x": number(left - 8), "y": number(height + Self.fontSize / 3), "text-anchor": "end"],
          text: yTicks.label(value)),
      ]
    }
    let ticks = xTicks.values.flatMap { value in
      [
        line((x(value), bottom), (x(value), bottom + 5), "#222222"),
        SVGElement(
          "text", ["x": number(x(value)), "y": number(bottom + 19), "text-anchor": "middle"],
          text: xTicks.label(value)),
      ]
    }
    let middle = Self.top + Self.plotHeight / 2
    return grid + ticks + [
      line((left, Self.top), (left, bottom), "#222222"),
      line((left, bottom), (left + plotWidth, bottom), "#222222"),
      SVGElement(
        "text",
        ["x": number(left + plotWidth / 2), "y": number(bottom + 38), "text-anchor": "middle"],
        text: chart.xLabel),
      SVGElement(
        "text",
        ["transform": "translate(16 \(number(middle))) rotate(-90)", "text-anchor": "middle"],
        text: chart.yLabel),
    ]
  }

  private func line(_ start: (Double, Double), _ end: (Double, Double), _ colour: String) -> SVGElement {
    SVGElement(
      "line",
      [
        "x1": number(start.0), "y1": number(start.1), "x2": number(end.0), "y2": number(end.1),
        "stroke": colour,
      ])
  }

  // MARK: Data

  private var bands: [SVGElement] {
    backToFront.compactMap { index, points in
      let banded = points.filter { $0.band != nil }
      guard banded.count > 1 else { return nil }
      let edge =
        banded.map { position($0.x, $0.band?.upperBound ?? $0.y) }
        + banded.reversed().map { position($0.x, $0.band?.lowerBound ?? $0.y) }
      let colour = SeriesStyle(index).colour
      return SVGElement(
        "polygon",
        [
          "points": edge.joined(separator: " "), "fill": colour, "fill-opacity": "0.12", "stroke": colour,
          "stroke-opacity": "0.4",
        ])
    }
  }

  private var lines: [SVGElement] {
    backToFront.map { index, points in
      let every = max(1, (points.count + Self.mostMarkers - 1) / Self.mostMarkers)
      let marked = points.indices.filter { $0 % every == 0 || $0 == points.count - 1 }
      let style = SeriesStyle(index)
      return SVGElement(
        "g", [:],
        [polyline(points.map { position($0.x, $0.y) }, style)]
          + marked.map { marker(x(points[$0].x), y(points[$0].y), style) })
    }
  }

  /// The lines' numbers and points in the order of drawing.
  private var backToFront: [(Int, [LineChart.Point])] {
    chart.shownPoints.enumerated().reversed().map { ($0.offset, $0.element) }
  }

  private func polyline(_ positions: [String], _ style: SeriesStyle) -> SVGElement {
    var element = SVGElement(
      "polyline",
      [
        "points": positions.joined(separator: " "), "fill": "none", "stroke": style.colour,
        "stroke-width": "2", "stroke-linejoin": "round",
      ])
    if !style.dashes.isEmpty {
      element.attributes.append(("stroke-dasharray", style.dashes.map(String.init).joined(separator: " ")))
    }
    return element
  }

  private func marker(_ x: Double, _ y: Double, _ style: SeriesStyle) -> SVGElement {
    let r = Self.markerRadius
    func path(_ corners: [(Double, Double)]) -> SVGElement {
      let points = corners.map { "\(number(x + $0.0 * r)),\(number(y + $0.1 * r))" }
      return SVGElement("polygon", ["points": points.joined(separator: " "), "fill": style.colour])
    }
    return switch style.marker {
    case .circle:
      SVGElement("circle", ["cx": number(x), "cy": number(y), "r": number(r), "fill": style.colour])
    case .square: path([(-0.9, -0.9), (0.9, -0.9), (0.9, 0.9), (-0.9, 0.9)])
    case .triangle: path([(0, -1.2), (1.1, 0.8), (-1.1, 0.8)])
    case .diamond: path([(0, -1.3), (1.3, 0), (0, 1.3), (-1.3, 0)])
    case .cross:
      path([
        (-1.2, -0.4), (-0.4, -0.4), (-0.4, -1.2), (0.4, -1.2), (0.4, -0.4), (1.2, -0.4), (1.2, 0.4),
        (0.4, 0.4),
        (0.4, 1.2), (-0.4, 1.2), (-0.4, 0.4), (-1.2, 0.4),
      ])
    }
  }

  private func legend(_ top: Double) -> [SVGElement] {
    chart.series.enumerated().flatMap { index, series in
      let height = top + Double(index) * Self.legendLine
      let style = SeriesStyle(index)
      return [
        polyline(["\(number(left)),\(number(height))", "\(number(left + 30)),\(number(height))"], style),
        marker(left + 15, height, style),
        SVGElement(
          "text", ["x": number(left + 40), "y": number(height + Self.fontSize / 3)], text: series.name),
      ]
    }
  }

  // MARK: Positions

  private func x(_ value: Double) -> Double {
    left + (value - xRange.lowerBound) / (xRange.upperBound - xRange.lowerBound) * plotWidth
  }

  private func y(_ value: Double) -> Double {
    let fraction = (value - yRange.lowerBound) / (yRange.upperBound - yRange.lowerBound)
    return Self.top + (1 - fraction) * Self.plotHeight
  }

  private func position(_ x: Double, _ y: Double) -> String { "\(number(self.x(x))),\(number(self.y(y)))" }

  /// A length with at most two decimals.
  private func number(_ value: Double) -> String {
    let text = String(format: "%.2f", value)
    return text.contains(".")
      ? String(text.reversed().drop { $0 == "0" }.drop { $0 == "." }.reversed()) : text
  }
}
