/// How pictures of a task are drawn. The defaults give dm_control's picture of 84x84 from the camera that
/// published results use.
public struct PixelSettings: Hashable, Sendable, Codable {
  /// Which of a model's cameras looks.
  public enum Camera: Hashable, Sendable, Codable {
    /// The one of published results: number 2 for the quadruped, 0 otherwise.
    case standard
    /// By its number in the model, from 0.
    case number(Int)
    /// By its name in the model.
    case named(String)

    /// The camera that a text means: `standard`, a number, or a name.
    public init(parsing text: String) {
      self = text == "standard" ? .standard : Int(text).map(Self.number) ?? .named(text)
    }
  }

  /// Pixels in a row: 1 to 1,024.
  public var width: Int
  /// Rows: 1 to 1,024.
  public var height: Int
  /// The camera.
  public var camera: Camera
  /// The edge of the map that shadows are looked up in, up to 8,192; 0: no shadows; nil: the model's, which
  /// is 2,048. Shadows are a large part of the cost where there is no GPU.
  public var shadowSize: Int?
  /// Samples for a pixel, up to 16; 0: one, so that edges are jagged; nil: the model's, which is 4. Samples,
  /// too, are a large part of the cost where there is no GPU.
  public var samples: Int?

  /// Puts settings together.
  public init(
    width: Int = 84, height: Int = 84, camera: Camera = .standard, shadowSize: Int? = nil, samples: Int? = nil
  ) {
    self.width = width
    self.height = height
    self.camera = camera
    self.shadowSize = shadowSize
    self.samples = samples
  }

  func check() throws(ControlSuiteError) {
    try Self.check("width", width, 1...1024)
    try Self.check("height", height, 1...1024)
    if let shadowSize { try Self.check("shadowSize", shadowSize, 0...8192) }
    if let samples { try Self.check("samples", samples, 0...16) }
  }

  private static func check(
    _ name: String, _ value: Int, _ expected: ClosedRange<Int>
  ) throws(ControlSuiteError) {
    guard expected.contains(value) else { throw .pixelSetting(name: name, value: value, expected: expected) }
  }
}
