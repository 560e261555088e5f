import CMuJoCo
import Files
import Foundation

/// A model and its state in MuJoCo: owns both. The arrays are MuJoCo's own and are read where they lie.
///
/// Names follow MuJoCo's documentation; matrices of 3x3 are row-major, so that `zz` is element 8.
final class Physics {
  let model: UnsafeMutablePointer<mjModel>
  let data: UnsafeMutablePointer<mjData>

  /// The model's file, for messages.
  let path: String
  let positions: UnsafeMutableBufferPointer<Double>
  let velocities: UnsafeMutableBufferPointer<Double>
  let activations: UnsafeMutableBufferPointer<Double>
  let control: UnsafeMutableBufferPointer<Double>

  /// Compiles a model of a folder.
  ///
  /// - Parameters:
  ///   - name: the model's file in the folder.
  ///   - edit: changes it before.
  /// - Throws: if a file cannot be read, or MuJoCo does not accept the model.
  init(
    _ name: String, in folder: String, edit: ((ModelSpecification) throws(ControlSuiteError) -> Void)? = nil
  ) throws(ControlSuiteError) {
    path = (folder as NSString).appendingPathComponent(name)
    var files = mjVFS()
    mj_defaultVFS(&files)
    defer { mj_deleteVFS(&files) }
    try Self.add(path, as: name, to: &files)
    for part in ["common/materials.xml", "common/skybox.xml", "common/visual.xml"] {
      // The name by which the models include it.
      try Self.add((folder as NSString).appendingPathComponent(part), as: "./" + part, to: &files)
    }
    let specification = try ModelSpecification(name, among: &files, path: path)
    try edit?(specification)
    let model = try specification.compiled(with: &files)
    var message = ErrorMessage()
    guard let data = message.withBuffer({ cmujoco_make_data(model, $0, $1) }) else {
      mj_deleteModel(model)
      throw .simulator(message.text)
    }
    // A state that is not finite stays to be seen; MuJoCo would quietly start again from the model's own.
    model.pointee.opt.disableflags |= Int32(mjDSBL_AUTORESET.rawValue)
    // Where all joints are of one tree, so are all constraints: looking for islands among them finds one, and
    // the solver then works on a copy of what it has. Without, the numbers are the same.
    if model.pointee.ntree == 1 { model.pointee.opt.disableflags |= Int32(mjDSBL_ISLAND.rawValue) }
    self.model = model
    self.data = data
    positions = .init(start: data.pointee.qpos, count: Int(model.pointee.nq))
    velocities = .init(start: data.pointee.qvel, count: Int(model.pointee.nv))
    activations = .init(start: data.pointee.act, count: Int(model.pointee.na))
    control = .init(start: data.pointee.ctrl, count: Int(model.pointee.nu))
  }

  deinit {
    mj_deleteData(data)
    mj_deleteModel(model)
  }

  private static func add(_ path: String, as name: String, to files: inout mjVFS) throws(ControlSuiteError) {
    let text: Data
    do throws(FileAccessError) {
      // A model is text: the largest of the suite has 84 kB.
      text = try readRegularFile(path, limit: 100_000_000)
    } catch {
      let isMissing = error.reason == .system(code: ENOENT)
      throw .unreadableModel(path: path, reason: isMissing ? "there is no such file" : error.explanation)
    }
    let status = text.withUnsafeBytes { mj_addBufferVFS(&files, name, $0.baseAddress, Int32($0.count)) }
    guard status == 0 else { throw .badModel(path: path, reason: "MuJoCo cannot hold it in memory") }
  }
}

// MARK: - Time

extension Physics {
  /// Back to the model's own start state; what follows from it is computed, as in ``settle()``.
  func reset() throws(ControlSuiteError) {
    mj_resetData(model, data)
    try settle()
  }

  /// Computes what follows from position and velocity, with actuation disabled: there is no control yet that
  /// means anything.
  func settle() throws(ControlSuiteError) {
    let flags = model.pointee.opt.disableflags
    model.pointee.opt.disableflags |= Int32(mjDSBL_ACTUATION.rawValue)
    defer { model.pointee.opt.disableflags = flags }
    var message = ErrorMessage()
    guard message.withBuffer({ cmujoco_forward(model, data, $0, $1) }) == 0 else {
      throw .simulator(message.text)
    }
  }

  /// Takes physics steps, as dm_control does by default ("legacy" there). What follows from position and
  /// velocity is up to date afterwards.
  func step(_ count: Int) throws(ControlSuiteError) {
    var message = ErrorMessage()
    guard message.withBuffer({ cmujoco_step(model, data, Int32(count), $0, $1) }) == 0 else {
      throw .simulator(message.text)
    }
  }

  /// How many contacts there are.
  var contactCount: Int { Int(data.pointee.ncon) }

  /// MuJoCo's warnings since they were last cleared, by name. Any of them makes the state one not to go on
  /// from.
  func takeWarnings() -> [String] {
    withUnsafeMutableBytes(of: &data.pointee.warning) { bytes in
      let counts = bytes.bindMemory(to: mjWarningStat.self)
      // Nearly always there are none.
      guard counts.contains(where: { $0.number > 0 }) else { return [] }
      defer { bytes.initializeMemory(as: UInt8.self, repeating: 0) }
      return zip(counts, Self.warningNames).filter { $0.0.number > 0 }.map(\.1)
    }
  }

  /// In the order of MuJoCo's `mjtWarning`.
  private static let warningNames = [
    "the inertia matrix is singular", "there are too many contacts", "there are too many constraints",
    "a position is not finite or too large", "a velocity is not finite or too large",
    "an acceleration is not finite or too large", "a control is not finite or too large",
  ]
}

// MARK: - Names

extension Physics {
  /// The number of a body, geom, site, joint, sensor or camera.
  func id(_ kind: mjtObj, _ name: String) throws(ControlSuiteError) -> Int {
    let id = mj_name2id(model, Int32(kind.rawValue), name)
    guard id >= 0 else {
      throw .missingElement(kind: Self.word(for: kind), name: name, model: path)
    }
    return Int(id)
  }

  /// What a kind is called in a model's file.
  static func word(for kind: mjtObj) -> String { String(cString: mju_type2Str(Int32(kind.rawValue))) }

  func body(_ name: String) throws(ControlSuiteError) -> Int { try id(mjOBJ_BODY, name) }
  func geom(_ name: String) throws(ControlSuiteError) -> Int { try id(mjOBJ_GEOM, name) }
  func site(_ name: String) throws(ControlSuiteError) -> Int { try id(mjOBJ_SITE, name) }

  /// Where a joint's position begins in ``positions``.
  func position(ofJoint name: String) throws(ControlSuiteError) -> Int {
    Int(model.pointee.jnt_qposadr[try id(mjOBJ_JOINT, name)])
  }

  /// Where a sensor's values begin.
  func sensor(_ name: String) throws(ControlSuiteError) -> UnsafePointer<Double> {
    UnsafePointer(data.pointee.sensordata + Int(model.pointee.sensor_adr[try id(mjOBJ_SENSOR, name)]))
  }

  /// The values of all sensors of some types, in the model's order.
  func sensors(ofTypes types: [mjtSensor]) -> [UnsafeBufferPointer<Double>] {
    (0..<Int(model.pointee.nsensor)).compactMap { sensor in
      guard types.contains(where: { Int32($0.rawValue) == model.pointee.sensor_type[sensor] }) else {
        return nil
      }
      return UnsafeBufferPointer(
        start: data.pointee.sensordata + Int(model.pointee.sensor_adr[sensor]),
        count: Int(model.pointee.sensor_dim[sensor]))
    }
  }

  /// A body's orientation: 9 elements.
  func orientation(ofBody body: Int) -> UnsafePointer<Double> { UnsafePointer(data.pointee.xmat + 9 * body) }

  /// The origin of a body's frame: 3 elements.
  func origin(ofBody body: Int) -> UnsafePointer<Double> { UnsafePointer(data.pointee.xpos + 3 * body) }
}

/// Where MuJoCo and EGL write what went wrong.
struct ErrorMessage {
  private var bytes: [CChar] = []

  /// What was written.
  var text: String {
    let letters = bytes.prefix { $0 != 0 }.map { UInt8(bitPattern: $0) }
    return String(decoding: letters, as: UTF8.self).trimmingCharacters(in: .whitespacesAndNewlines)
  }

  /// Calls a function that takes a buffer and its size.
  mutating func withBuffer<Result>(_ body: (UnsafeMutablePointer<CChar>, Int32) -> Result) -> Result {
    withUnsafeTemporaryAllocation(of: CChar.self, capacity: Self.size) { buffer in
      buffer[0] = 0
      let result = body(buffer.baseAddress!, Int32(Self.size))
      // A copy only where there is something to say: steps are many.
      if buffer[0] != 0 { bytes = Array(buffer) }
      return result
    }
  }

  private static let size = 1024
}
