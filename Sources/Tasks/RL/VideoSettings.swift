import Configuration

/// Whether a run keeps a film of its best agent, and how large: the section `video` of the task `rl`.
public struct VideoSettings: Hashable, Sendable {
  /// Whether it keeps one.
  public var isKept: Bool
  /// Pixels across.
  public var width: Int
  /// Pixels down.
  public var height: Int

  /// How long sides may be. They are even, as video formats want it.
  public static let sides = 2...1024

  /// Reads the section; problems are noted in `node`. The default is large enough to see what an agent does,
  /// and small enough to be drawn in seconds without a GPU.
  init(from node: SettingsNode) {
    isKept = node.bool("keep", default: true)
    width = node.int("width", default: 320, in: Self.sides)
    height = node.int("height", default: 240, in: Self.sides)
    for (key, side) in [("width", width), ("height", height)] where !side.isMultiple(of: 2) {
      node.report(key, "expected an even number, as video formats want it, found \(side)")
    }
  }
}
