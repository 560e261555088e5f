import Charts
import Foundation
import Statistics

/// What the band around a group's mean curve shows.
public enum CurveBand: String, CaseIterable, Sendable {
  /// One standard deviation to both sides.
  case standardDeviation = "st-dev"
  /// From the worst run to the best.
  case range
}

extension Comparison {
  /// The mean of every group's best-so-far curves, with a band, over the intervals.
  public func chart(band: CurveBand = .standardDeviation) -> LineChart {
    let series = groups.map { group in
      LineChart.Series(
        name: "\(group.label) (\(group.runs.count) \(group.runs.count == 1 ? "run" : "runs"))",
        points: group.curve.enumerated().map { index, summary in
          LineChart.Point(x: Double(index + 1), y: summary.mean, band: summary.band(band))
        })
    }
    let meaning =
      band == .range ? "mean, and range from worst to best run" : "mean ± 1 standard deviation over seeds"
    return LineChart(
      title: "\(groups.first?.runs.first?.settings.task ?? ""): best fitness so far, \(meaning)",
      xLabel: "interval", yLabel: "best fitness so far (higher is better)", series: series)
  }

  /// One line per run and interval: group, seed, interval, best fitness so far, folder (RFC 4180).
  public var csv: String {
    let rows = groups.flatMap { group in
      group.runs.flatMap { run in
        run.bestSoFar.enumerated().map { index, best in
          "\(quoted(group.label)),\(run.settings.seed),\(index + 1),\(best),\(quoted(run.folder))"
        }
      }
    }
    return (["group,seed,interval,best_so_far,run"] + rows).joined(separator: "\n") + "\n"
  }

  /// One line per group and interval: what ``chart(band:)`` shows (RFC 4180). The standard deviation of a
  /// single run is empty.
  public var curvesCSV: String {
    let rows = groups.flatMap { group in
      group.curve.enumerated().map { index, summary in
        let deviation = summary.count > 1 ? "\(summary.standardDeviation)" : ""
        return "\(quoted(group.label)),\(index + 1),\(summary.count),\(summary.mean),\(deviation),"
          + "\(summary.least),\(summary.greatest)"
      }
    }
    return (["group,interval,runs,mean,standard_deviation,worst,best"] + rows).joined(separator: "\n") + "\n"
  }

  private func quoted(_ text: String) -> String {
    text.contains { ",\"\n\r".contains($0) } ? "\"\(text.replacing("\"", with: "\"\""))\"" : text
  }
}

extension SampleSummary {
  /// The band around the mean; nil for a single value, or where it is too wide for numbers.
  fileprivate func band(_ band: CurveBand) -> ClosedRange<Double>? {
    guard count > 1 else { return nil }
    switch band {
    case .range: return least...greatest
    case .standardDeviation:
      let (low, high) = (mean - standardDeviation, mean + standardDeviation)
      return low.isFinite && high.isFinite ? low...high : nil
    }
  }
}
