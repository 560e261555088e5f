import Foundation

/// How a reward falls with the distance from where it is full: all of dm_control's ways.
///
/// The tasks that are here need Gaussian, linear and quadratic. The others are there, and compared with
/// dm_control's, so that its further tasks can be written like these.
enum Sigmoid {
  case gaussian, linear, quadratic, hyperbolic, longTail, reciprocal, cosine, tanhSquared
}

/// A soft indicator of an interval: 1 inside, and falling outside with the distance to the nearer bound
/// (Tunyasuvunakool et al. 2020, "dm_control: Software and tasks for continuous control", section 6.1).
struct Tolerance {
  let bounds: ClosedRange<Double>
  /// The distance at which the value has fallen to the value at the margin. 0: it is 0 everywhere outside.
  let margin: Double
  let sigmoid: Sigmoid
  private let scale: Double

  /// - Parameters:
  ///   - margin: at least 0.
  ///   - valueAtMargin: in (0, 1); linear, quadratic and cosine may reach 0.
  init(
    _ bounds: ClosedRange<Double> = 0...0, margin: Double = 0, _ sigmoid: Sigmoid = .gaussian,
    valueAtMargin v: Double = 0.1
  ) {
    self.bounds = bounds
    self.margin = margin
    self.sigmoid = sigmoid
    scale =
      switch sigmoid {
      case .gaussian: (-2 * log(v)).squareRoot()
      case .linear: 1 - v
      case .quadratic: (1 - v).squareRoot()
      case .hyperbolic: acosh(1 / v)
      case .longTail: (1 / v - 1).squareRoot()
      case .reciprocal: 1 / v - 1
      case .cosine: acos(2 * v - 1) / .pi
      case .tanhSquared: atanh((1 - v).squareRoot())
      }
  }

  /// The value in [0, 1] at `x`.
  func callAsFunction(_ x: Double) -> Double {
    if bounds.contains(x) { return 1 }
    if margin == 0 { return 0 }
    let distance = (x < bounds.lowerBound ? bounds.lowerBound - x : x - bounds.upperBound) / margin
    let scaled = distance * scale
    return switch sigmoid {
    case .gaussian: exp(-0.5 * scaled * scaled)
    case .linear: scaled < 1 ? 1 - scaled : 0
    case .quadratic: scaled < 1 ? 1 - scaled * scaled : 0
    case .hyperbolic: 1 / cosh(scaled)
    case .longTail: 1 / (scaled * scaled + 1)
    case .reciprocal: 1 / (scaled + 1)
    case .cosine: scaled < 1 ? (1 + cos(.pi * scaled)) / 2 : 0
    case .tanhSquared: 1 - tanh(scaled) * tanh(scaled)
    }
  }

  /// The mean of the values at several points; there must be one.
  func mean(_ points: some Collection<Double>) -> Double {
    points.reduce(0) { $0 + self($1) } / Double(points.count)
  }
}

extension Tolerance {
  /// Small actions are rewarded, and few of them cost much: between 0.8 and 1.
  static func smallControl(_ physics: Physics) -> Double {
    (4 + control.mean(physics.control)) / 5
  }

  private static let control = Tolerance(margin: 1, .quadratic, valueAtMargin: 0)
}
