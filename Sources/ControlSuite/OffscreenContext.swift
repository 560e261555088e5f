import CEGL

/// An OpenGL context without a screen: owns it.
final class OffscreenContext {
  private let context: OpaquePointer

  /// - Throws: ``ControlSuiteError/noOffscreenOpenGL(_:)``.
  init() throws(ControlSuiteError) {
    var message = ErrorMessage()
    guard let context = message.withBuffer({ cegl_make($0, $1) }) else {
      throw .noOffscreenOpenGL(message.text)
    }
    self.context = context
  }

  deinit {
    cegl_free(context)
  }

  /// Calls `body` with the context as the thread's. Afterwards any thread may use it.
  func enter<Result>(_ body: () throws(ControlSuiteError) -> Result) throws(ControlSuiteError) -> Result {
    var message = ErrorMessage()
    guard message.withBuffer({ cegl_enter(context, $0, $1) }) == 0 else {
      throw .noOffscreenOpenGL(message.text)
    }
    defer { cegl_leave() }
    return try body()
  }
}
