import CMuJoCo

/// What the tasks run on, for a user who wants to know.
public enum Simulator {
  /// MuJoCo's version, such as "3.17.0".
  public static var version: String { String(cString: mj_versionString()) }

  /// Makes sure that pictures can be drawn without a screen.
  ///
  /// - Throws: ``ControlSuiteError/noOffscreenOpenGL(_:)`` with what is missing.
  public static func checkPictures() throws(ControlSuiteError) {
    _ = try OffscreenContext()
  }
}
