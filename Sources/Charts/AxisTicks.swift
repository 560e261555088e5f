import Foundation

/// Round numbers along an axis (Heckbert 1990, "Nice numbers for graph labels", Graphics Gems, p. 61).
struct AxisTicks: Hashable {
  /// The distance of two ticks: 1, 2 or 5 times a power of ten.
  let step: Double
  /// The ticks, the lowest first.
  let values: [Double]

  /// Places ticks.
  ///
  /// - Parameters:
  ///   - range: what the axis shows; must not be empty, and not be too narrow for its numbers to differ.
  ///   - count: about how many ticks there should be, at least 2.
  ///   - whole: whether ticks may only be whole numbers.
  ///   - covers: whether the outermost ticks lie outside the range or at its ends; otherwise all lie in it.
  init(_ range: ClosedRange<Double>, count: Int, whole: Bool = false, covers: Bool = false) {
    let rough = (range.upperBound - range.lowerBound) / Double(count - 1)
    let magnitude = pow(10, log10(rough).rounded(.down))
    let factor = [1.0, 2, 5].first { rough / magnitude < $0 * 1.5 } ?? 10
    let step = whole ? max(1, (factor * magnitude).rounded()) : factor * magnitude
    self.step = step
    // What lies at a tick but for a rounding error must count as lying there.
    let (low, high) = (range.lowerBound / step, range.upperBound / step)
    let first = covers ? (low + 1e-9).rounded(.down) : (low - 1e-9).rounded(.up)
    let last = covers ? (high - 1e-9).rounded(.up) : (high + 1e-9).rounded(.down)
    values = first <= last ? stride(from: first, through: last, by: 1).map { $0 * step } : []
  }

  /// A tick's number, with the digits that tell it from its neighbours.
  func label(_ value: Double) -> String {
    let decimals = max(0, -Int(log10(step * 1.000_001).rounded(.down)))
    guard abs(value) < 1e9, decimals <= 6 else { return String(format: "%.6g", value) }
    let text = String(format: "%.\(decimals)f", value)
    return text.hasPrefix("-") && !text.contains { ("1"..."9").contains($0) }
      ? String(text.dropFirst()) : text
  }
}
