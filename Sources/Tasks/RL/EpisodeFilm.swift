import ControlSuite

/// A film of an episode, at the speed at which it would happen. It is begun with the first picture.
final class EpisodeFilm {
  /// The film's file.
  let path: String
  private let pixels: PixelSettings
  private var renderer: PixelRenderer?
  private var writer: (any VideoWriter)?

  /// Names a film. Shadows and edges are those of the pictures that agents see.
  init(_ settings: EnvironmentSettings, width: Int, height: Int, path: String) {
    var pixels = settings.pixels
    (pixels.width, pixels.height) = (width, height)
    self.pixels = pixels
    self.path = path
  }

  /// Adds a picture of what is the case now.
  ///
  /// - Throws: ``VideoError`` if the file cannot be written; ``ControlSuiteError`` if nothing can be drawn.
  func take(_ environment: AgentEnvironment) throws {
    let drawing = try renderer ?? environment.renderer(pixels)
    let file =
      try writer
      ?? VideoFormat(width: pixels.width, height: pixels.height, rate: 1 / environment.stepSeconds)
      .writer(to: path)
    (renderer, writer) = (drawing, file)
    try file.append(drawing.picture())
  }

  /// Completes the file; before, there is none of its name.
  ///
  /// - Throws: ``VideoError``
  func finish() throws {
    try writer?.finish()
  }
}
