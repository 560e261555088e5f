import CMuJoCo

/// Draws an environment's state without a screen: dm_control's picture with `MUJOCO_GL=egl`.
///
/// ```swift
/// let renderer = try PixelRenderer(environment)
/// let picture = try renderer.picture()  // 84x84, RGB
/// ```
///
/// A renderer is used by one thread at a time, and not while the environment takes a step.
public final class PixelRenderer {
  /// Which number of a picture comes after which. Rows go from the top down, and pixels in a row from left to
  /// right.
  public enum Layout: Sendable {
    /// Height, width, channel: red, green and blue of a pixel follow each other.
    case interleaved
    /// Channel, height, width: a whole picture of reds is followed by one of greens, and one of blues.
    case planar
  }

  /// The settings.
  public let settings: PixelSettings
  /// How many bytes a picture has: 3 x height x width.
  public var byteCount: Int { rows.count }

  private let environment: ControlEnvironment
  private let context: OffscreenContext
  private let drawing: UnsafeMutablePointer<mjrContext>
  private let scene: UnsafeMutablePointer<mjvScene>
  private var camera = mjvCamera()
  private var option = mjvOption()
  /// The picture as OpenGL has it, from the bottom up.
  private var rows: [UInt8]

  /// Loads what a model needs to be drawn.
  ///
  /// - Throws: ``ControlSuiteError`` if a setting is out of range, the model has no such camera, or there is
  ///   no OpenGL without a screen.
  public init(_ environment: ControlEnvironment, _ settings: PixelSettings = PixelSettings())
    throws(ControlSuiteError)
  {
    try settings.check()
    let physics = environment.physics
    let number = try physics.camera(settings.camera, standard: environment.definition.camera)
    self.environment = environment
    self.settings = settings
    rows = [UInt8](repeating: 0, count: 3 * settings.height * settings.width)
    mjv_defaultCamera(&camera)
    camera.type = Int32(mjCAMERA_FIXED.rawValue)
    camera.fixedcamid = Int32(number)
    mjv_defaultOption(&option)

    let context = try OffscreenContext()
    let visual = physics.model.pointee.vis
    // MuJoCo reads them from the model, which other renderers of it may have with other settings.
    defer { physics.model.pointee.vis = visual }
    // A buffer of the picture's size: what lies beside it would be cleared for every picture, too.
    physics.model.pointee.vis.global.offwidth = Int32(settings.width)
    physics.model.pointee.vis.global.offheight = Int32(settings.height)
    if let size = settings.shadowSize { physics.model.pointee.vis.quality.shadowsize = Int32(size) }
    if let samples = settings.samples { physics.model.pointee.vis.quality.offsamples = Int32(samples) }
    drawing = try context.enter { () throws(ControlSuiteError) in
      let drawing = UnsafeMutablePointer<mjrContext>.allocate(capacity: 1)
      mjr_defaultContext(drawing)
      var message = ErrorMessage()
      guard message.withBuffer({ cmujoco_make_context(physics.model, drawing, $0, $1) }) == 0 else {
        drawing.deallocate()
        throw .noOffscreenOpenGL(message.text)
      }
      return drawing
    }
    self.context = context
    scene = .allocate(capacity: 1)
    mjv_defaultScene(scene)
    mjv_makeScene(physics.model, scene, Self.mostShapes)
  }

  deinit {
    mjv_freeScene(scene)
    scene.deallocate()
    // Without its context there is nothing left to free.
    try? context.enter { mjr_freeContext(drawing) }
    drawing.deallocate()
  }

  /// Many times what there is to draw in any of the tasks.
  private static let mostShapes: Int32 = 1000

  /// Draws the current state into memory of one's own.
  ///
  /// - Parameter destination: ``byteCount`` bytes or more; the first are overwritten.
  /// - Throws: ``ControlSuiteError`` if OpenGL fails.
  public func draw(
    into destination: UnsafeMutableRawBufferPointer, _ layout: Layout = .interleaved
  ) throws(ControlSuiteError) {
    let (width, height) = (settings.width, settings.height)
    let viewport = mjrRect(left: 0, bottom: 0, width: Int32(width), height: Int32(height))
    let physics = environment.physics
    try context.enter { () throws(ControlSuiteError) in
      var message = ErrorMessage()
      let status = message.withBuffer { text, size in
        rows.withUnsafeMutableBufferPointer {
          cmujoco_render(
            physics.model, physics.data, &option, &camera, scene, viewport, drawing, $0.baseAddress, text,
            size)
        }
      }
      guard status == 0 else { throw .simulator(message.text) }
    }
    rows.withUnsafeBytes { rows in
      for row in 0..<height {
        let source = UnsafeRawBufferPointer(
          rebasing: rows[(height - 1 - row) * 3 * width..<(height - row) * 3 * width])
        switch layout {
        case .interleaved:
          UnsafeMutableRawBufferPointer(rebasing: destination[row * 3 * width..<(row + 1) * 3 * width])
            .copyMemory(from: source)
        case .planar:
          for column in 0..<width {
            for channel in 0..<3 {
              destination[(channel * height + row) * width + column] = source[3 * column + channel]
            }
          }
        }
      }
    }
  }

  /// A picture of the current state: ``byteCount`` numbers.
  ///
  /// - Throws: ``ControlSuiteError`` if OpenGL fails.
  public func picture(_ layout: Layout = .interleaved) throws(ControlSuiteError) -> [UInt8] {
    var picture = [UInt8](repeating: 0, count: byteCount)
    var failure: ControlSuiteError?
    picture.withUnsafeMutableBytes { bytes in
      do throws(ControlSuiteError) {
        try draw(into: bytes, layout)
      } catch {
        failure = error
      }
    }
    if let failure { throw failure }
    return picture
  }
}

extension ControlEnvironment {
  /// Makes sure that the task's model has a camera. Nothing is drawn, so that no OpenGL is needed.
  ///
  /// - Throws: ``ControlSuiteError/unknownCamera(_:known:)``
  public func check(_ camera: PixelSettings.Camera) throws(ControlSuiteError) {
    _ = try physics.camera(camera, standard: definition.camera)
  }
}

extension Physics {
  /// A camera's number.
  fileprivate func camera(_ choice: PixelSettings.Camera, standard: Int) throws(ControlSuiteError) -> Int {
    let count = Int(model.pointee.ncam)
    let names = (0..<count).map {
      mj_id2name(model, Int32(mjOBJ_CAMERA.rawValue), Int32($0)).map { String(cString: $0) }
    }
    let (text, number) =
      switch choice {
      case .standard: (String(standard), standard)
      case .number(let number): (String(number), number)
      case .named(let name): (name, names.firstIndex(of: name) ?? -1)
      }
    guard (0..<count).contains(number) else { throw .unknownCamera(text, known: names.map { $0 ?? "" }) }
    return number
  }
}
