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
    try removeSensors { mjs_asSensor($0)?.pointee.type == type }
  }

  /// Removes all sensors but one, which a task reads: the others' forces and accelerations cost time.
  func removeSensors(otherThan name: String) throws(ControlSuiteError) {
    try removeSensors { String(cString: mjs_getString(mjs_getName($0))) != name }
  }

  private func removeSensors(
    where isUnneeded: (UnsafeMutablePointer<mjsElement>) -> Bool
  ) throws(ControlSuiteError) {
    var next = mjs_firstElement(specification, mjOBJ_SENSOR)
    while let element = next {
      next = mjs_nextElement(specification, element)
      guard isUnneeded(element) else { continue }
      guard mjs_delete(specification, element) == 0 else {
        throw .badModel(path: path, reason: "a sensor cannot be removed")
      }
    }
  }

  /// Sets a geom's size, whose meaning depends on its type.
  func setSize(ofGeom name: String, to size: (Double, Double, Double)) throws(ControlSuiteError) {
    mjs_asGeom(try element(mjOBJ_GEOM, named: name)).pointee.size = size
  }

  /// Lets everything touch one geom and nothing else, by naming the pairs: no step then searches for what may
  /// touch.
  ///
  /// For models where that is so by the geoms' types already, and where geoms leave MuJoCo's defaults but for
  /// friction: contacts are then the same.
  func collide(onlyWith name: String) throws(ControlSuiteError) {
    let one: UnsafeMutablePointer<mjsGeom> = mjs_asGeom(try element(mjOBJ_GEOM, named: name))
    var next = mjs_firstElement(specification, mjOBJ_GEOM)
    while let element = next {
      next = mjs_nextElement(specification, element)
      guard let geom = mjs_asGeom(element) else { continue }
      geom.pointee.contype = 0
      geom.pointee.conaffinity = 0
      guard geom != one else { continue }
      guard let pair = mjs_addPair(specification, nil) else {
        throw .badModel(path: path, reason: "a pair cannot be added")
      }
      mjs_setString(pair.pointee.geomname1, name)
      mjs_setString(pair.pointee.geomname2, mjs_getString(mjs_getName(element)))
      // As MuJoCo mixes two geoms' friction: sliding in both directions, torsional, rolling about both.
      let (a, b) = (geom.pointee.friction, one.pointee.friction)
      let (sliding, torsional, rolling) = (max(a.0, b.0), max(a.1, b.1), max(a.2, b.2))
      pair.pointee.friction = (sliding, sliding, torsional, rolling, rolling)
    }
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
