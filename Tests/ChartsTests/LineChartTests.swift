import Foundation
import FoundationXML
import Testing

@testable import Charts

@Suite struct LineChartTests {
  /// A picture's elements as any XML reader sees them.
  private final class Elements: NSObject, XMLParserDelegate {
    struct Element {
      var name: String
      var attributes: [String: String]
      var text = ""
      var numbers: [[Double]] {
        (attributes["points"] ?? "").split(separator: " ").map {
          $0.split(separator: ",").compactMap { Double($0) }
        }
      }
    }

    private(set) var all: [Element] = []
    private var open: [Int] = []

    static func read(_ svg: String) throws -> [Element] {
      let reader = Elements()
      let parser = XMLParser(data: Data(svg.utf8))
      parser.delegate = reader
      try #require(parser.parse(), "\(String(describing: parser.parserError)): \(svg)")
      return reader.all
    }

    func parser(
      _ parser: XMLParser, didStartElement name: String, namespaceURI: String?, qualifiedName: String?,
      attributes: [String: String]
    ) {
      open.append(all.count)
      all.append(Element(name: name, attributes: attributes))
    }

    func parser(_ parser: XMLParser, foundCharacters text: String) {
      if let last = open.last { all[last].text += text }
    }

    func parser(_ parser: XMLParser, didEndElement: String, namespaceURI: String?, qualifiedName: String?) {
      open.removeLast()
    }
  }

  private static let chart = LineChart(
    title: "toy", xLabel: "interval", yLabel: "fitness",
    series: [
      .init(
        name: "a", points: (1...5).map { .init(x: Double($0), y: -100 + 10 * Double($0), band: -95...(-40)) }),
      .init(name: "b", points: [.init(x: 1, y: -90), .init(x: 5, y: -90)]),
    ])

  @Test("points and bands lie where the axes say they are")
  func positions() throws {
    let elements = try Elements.read(Self.chart.svg)
    // What an axis says: its labels and where they stand.
    func axis(_ anchor: String, _ place: String) -> [(value: Double, position: Double)] {
      elements.filter { $0.name == "text" && $0.attributes["text-anchor"] == anchor }.compactMap { element in
        guard let value = Double(element.text), let position = element.attributes[place].flatMap(Double.init)
        else { return nil }
        return (value, position)
      }
    }
    func scale(_ axis: [(value: Double, position: Double)]) throws -> (Double) -> Double {
      let (first, last) = (try #require(axis.first), try #require(axis.last))
      try #require(axis.count >= 4 && first.position != last.position)
      return {
        first.value + ($0 - first.position) / (last.position - first.position) * (last.value - first.value)
      }
    }
    let x = try scale(axis("middle", "x"))
    // A number stands four pixels lower than its line.
    let height = try scale(axis("end", "y"))
    let y = { (position: Double) in height(position + 4) }
    let drawn = elements.filter { $0.name == "polyline" }.map(\.numbers)
    // The line named first is drawn last, and then come the legend's.
    for (line, series) in [(drawn[1], Self.chart.series[0]), (drawn[0], Self.chart.series[1])] {
      try #require(line.count == series.points.count)
      for (position, point) in zip(line, series.points) {
        #expect(abs(x(position[0]) - point.x) < 0.01 && abs(y(position[1]) - point.y) < 0.1)
      }
    }
    let band = try #require(elements.first { $0.attributes["fill-opacity"] != nil }).numbers
    #expect(band.count == 10)
    #expect(band.prefix(5).allSatisfy { abs(y($0[1]) + 40) < 0.1 })
    #expect(band.suffix(5).allSatisfy { abs(y($0[1]) + 95) < 0.1 })
    let texts = elements.map(\.text)
    for text in ["toy", "interval", "fitness", "a", "b"] { #expect(texts.contains(text)) }
  }

  @Test("whatever names hold, the picture is XML and shows them")
  func escaping() throws {
    let name = "λ<0.4 & \"γ\" > 'x' ]]> &amp; \u{1F600}"
    let chart = LineChart(
      title: name, xLabel: name, yLabel: name, series: [.init(name: name, points: [.init(x: 1, y: 2)])])
    let shown = try Elements.read(chart.svg).filter { $0.text == name }
    #expect(shown.count == 5)
    var odd = chart
    odd.series[0].name = "a\u{0}b\u{1B}c\nd\u{FFFF}"
    #expect(try Elements.read(odd.svg).contains { $0.text == "a\u{FFFD}b\u{FFFD}c d\u{FFFD}" })
  }

  @Test("what cannot be drawn is left out, and every chart has a picture without numbers that are none")
  func odd() throws {
    let lines: [[LineChart.Point]] = [
      [], [.init(x: 1, y: .nan), .init(x: 2, y: 3), .init(x: 3, y: -.infinity)], [.init(x: 1, y: 0)],
      [.init(x: 1, y: 1e12, band: 1e12...1e12)], [.init(x: 1, y: -1e307), .init(x: 2, y: 1e307)],
      (1...500).map { .init(x: Double($0), y: 7) },
    ]
    for points in lines {
      let chart = LineChart(
        title: "", xLabel: "", yLabel: "", series: [.init(name: "", points: points)])
      let elements = try Elements.read(chart.svg)
      for element in elements {
        for value in element.attributes.values { #expect(!value.contains("nan") && !value.contains("inf")) }
        #expect(element.numbers.allSatisfy { $0.count == 2 && $0.allSatisfy { (-1...2000).contains($0) } })
      }
    }
    let marks = try Elements.read(
      LineChart(title: "", xLabel: "", yLabel: "", series: [.init(name: "", points: lines[5])]).svg)
    #expect((20...40).contains(marks.count { $0.name == "circle" }))
    let none = LineChart(title: "", xLabel: "", yLabel: "", series: [])
    #expect(try Elements.read(none.svg).contains { $0.name == "line" })
  }

  @Test("lines can be told apart by colour, and also without colours")
  func styles() {
    let styles = (0..<20).map(SeriesStyle.init)
    #expect(Set(styles).count == 20)
    #expect(Set(styles.prefix(7).map(\.colour)).count == 7)
    struct Grey: Hashable {
      var dashes: [Int]
      var marker: SeriesStyle.Marker
    }
    #expect(Set(styles.map { Grey(dashes: $0.dashes, marker: $0.marker) }).count == 20)
  }
}
