/// A number that goes from one value to another along a straight line, and stays there.
public struct LinearSchedule: Hashable, Sendable, Codable {
  /// The value at step 0.
  public var start: Double
  /// The value from step `steps` on.
  public var end: Double
  /// How long it takes.
  public var steps: Int

  /// DrQ-v2's `linear(start, end, steps)`.
  public init(from start: Double, to end: Double, steps: Int) {
    self.start = start
    self.end = end
    self.steps = steps
  }

  /// The value at a step, counted from 0.
  public func value(at step: Int) -> Double {
    let progress = steps > 0 ? min(max(Double(step) / Double(steps), 0), 1) : 1
    return (1 - progress) * start + progress * end
  }
}
