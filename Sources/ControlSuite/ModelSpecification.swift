import CMuJoCo

/// A model before it is compiled, so that a task can change it: owns MuJoCo's `mjSpec`.
final class ModelSpecification {
  private let specification: UnsafeMutablePointer<mjSpec>
  private let path: String

  /// Parses a model.
  ///
  /// - Parameters:
  ///   - name: its name among the files.
  ///   - path: where it was read, for messages.
  init(_ name: String, among files: inout mjVFS, path: String) throws(ControlSuiteError) {
    self.path = path
    var message = ErrorMessage()
    guard let specification = message.withBuffer({ cmujoco_parse(name, &files, $0, $1) }) else {
      throw .badModel(path: path, reason: message.text)
    }
    self.specification = specification
  }

  deinit {
    mj_deleteSpec(specification)
  }

  /// Compiles the model as it is now.
  func compiled(with files: inout mjVFS) throws(ControlSuiteError) -> UnsafeMutablePointer<mjModel> {
    guard let model = mj_compile(specification, &files) else {
      throw .badModel(path: path, reason: String(cString: mjs_getError(specification)))
    }
    return model
  }

  /// Removes a body with all that is in it, a geom or a site.
  func remove(_ kind: mjtObj, named name: String) throws(ControlSuiteError) {
    let element = try element(kind, named: name)
    guard mjs_delete(specification, element) == 0 else {
      throw .badModel(path: path, reason: "`\(name)` cannot be removed")
    }
  }

  /// Removes all sensors of a type.
  func removeSensors(ofType type: mjtSensor) throws(ControlSuiteError) {
    var next = mjs_firstElement(specification, mjOBJ_SENSOR)
    while let element = next {
      next = mjs_nextElement(specification, element)
      guard mjs_asSensor(element)?.pointee.type == type else { continue }
      guard mjs_delete(specification, element) == 0 else {
        throw .badModel(path: path, reason: "a sensor cannot be removed")
      }
    }
  }

  /// Sets a geom's size, whose meaning depends on its type.
  func setSize(ofGeom name: String, to size: (Double, Double, Double)) throws(ControlSuiteError) {
    mjs_asGeom(try element(mjOBJ_GEOM, named: name)).pointee.size = size
  }

  private func element(_ kind: mjtObj, named name: String) throws(ControlSuiteError) -> UnsafeMutablePointer<
    mjsElement
  > {
    guard let element = mjs_findElement(specification, kind, name) else {
      throw .missingElement(kind: Physics.word(for: kind), name: name, model: path)
    }
    return element
  }
}
