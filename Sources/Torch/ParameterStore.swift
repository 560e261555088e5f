import Safetensors

/// The named tensors of a network: parameters, which are trained, and buffers, which are statistics of it.
///
/// Layers register their tensors here under paths such as `generator.cell1.c0.weight`, which equal the names
/// that the same modules have in PyTorch. The store draws initial values from its own generator, in the order
/// of registration.
public final class ParameterStore {
  /// A tensor with its name.
  public struct Entry {
    /// The full path, e.g. `generator.cell1.c0.weight`.
    public let name: String
    /// The values.
    public let tensor: Tensor
    /// Whether it is a buffer: not trained, but part of the network's state.
    public let isBuffer: Bool
  }

  /// All tensors in the order of their registration.
  public private(set) var entries: [Entry] = []
  /// Where the tensors live.
  public let device: Device
  /// The layout of 4-dimensional parameters.
  public let memoryFormat: MemoryFormat
  private var indices: [String: Int] = [:]
  private let generator: RandomGenerator
  /// What layers get instead of fresh tensors; nil for a network with tensors of its own.
  private let existing: [String: Tensor]?
  /// Throws for a name and shape of a tensor that is not to be made; nil where all may be.
  private let checkShape: ((_ name: String, _ shape: [Int], _ isBuffer: Bool) throws(TorchError) -> Void)?

  /// Makes an empty store whose initial values follow from `seed`.
  public init(
    seed: UInt64, device: Device = .cpu, memoryFormat: MemoryFormat = .contiguous
  ) throws(TorchError) {
    self.device = device
    self.memoryFormat = memoryFormat
    // Drawn on the CPU on every device, so that a seed means the same network everywhere.
    generator = try RandomGenerator(seed: seed)
    existing = nil
    checkShape = nil
  }

  /// Makes an empty store for a network that is read from a file. A tensor that the file does not have in
  /// its shape is refused before it is allocated: a damaged header can ask for more than the memory holds.
  ///
  /// - Parameter names: the name in the file of a tensor's name here, and whether it is a buffer.
  public init(
    for file: SafetensorsFile, memoryFormat: MemoryFormat = .contiguous,
    names: @escaping (_ name: String, _ isBuffer: Bool) -> String = { name, _ in name }
  ) throws(TorchError) {
    device = .cpu
    self.memoryFormat = memoryFormat
    generator = try RandomGenerator(seed: 0)
    existing = nil
    checkShape = { name, shape, isBuffer throws(TorchError) in
      _ = try file.find(names(name, isBuffer), shape: shape)
    }
  }

  /// Makes an empty store for a second copy of a network that shares the first one's tensors, but has
  /// averages in place of the parameters that are averaged. Whoever trains the first, or updates the
  /// averages, changes the copy.
  public init(sharing store: ParameterStore, averages: MovingAverage) throws(TorchError) {
    device = store.device
    memoryFormat = store.memoryFormat
    generator = try RandomGenerator(seed: 0)
    checkShape = nil
    let averaged = zip(averages.parameters, averages.averages).map { ($0.name, $1) }
    existing = Dictionary(store.entries.map { ($0.name, $0.tensor) } + averaged) { _, average in average }
  }

  /// Whether the tensors are another network's.
  var isShared: Bool { existing != nil }

  /// The root of all paths.
  public var root: Path { Path(store: self, name: "") }

  /// The tensor with a name; nil if there is none.
  public subscript(name: String) -> Tensor? { indices[name].map { entries[$0].tensor } }

  /// The trained tensors whose names start with a path, in the order of registration.
  public func parameters(under path: String) -> [Entry] {
    entries.filter { !$0.isBuffer && $0.name.hasPrefix(path + ".") }
  }

  /// Registers a trained tensor with initial values.
  func addParameter(_ name: String, shape: [Int], initial: Initializer) throws -> Tensor {
    if let shared = try shared(name, shape) {
      try add(Entry(name: name, tensor: shared, isBuffer: false))
      return shared
    }
    try checkShape?(name, shape, false)
    var tensor = try initial.makeTensor(shape: shape, generator: generator).to(device)
    if shape.count == 4 {
      tensor = try tensor.contiguous(format: memoryFormat)
    }
    try tensor.setRequiresGradient(true)
    try add(Entry(name: name, tensor: tensor, isBuffer: false))
    return tensor
  }

  /// Registers a tensor that is not trained.
  func addBuffer(
    _ name: String, shape: [Int], elementType: ElementType, initial: Initializer
  ) throws -> Tensor {
    if let shared = try shared(name, shape) {
      try add(Entry(name: name, tensor: shared, isBuffer: true))
      return shared
    }
    try checkShape?(name, shape, true)
    let tensor = try initial.makeTensor(shape: shape, generator: generator).to(elementType).to(device)
    try add(Entry(name: name, tensor: tensor, isBuffer: true))
    return tensor
  }

  /// The tensor that another network has under a name; nil for a network with tensors of its own.
  private func shared(_ name: String, _ shape: [Int]) throws(TorchError) -> Tensor? {
    guard let existing else { return nil }
    guard let tensor = existing[name], tensor.shape == shape else {
      throw TorchError("the network that is shared has no tensor `\(name)` of shape \(shape)")
    }
    return tensor
  }

  private func add(_ entry: Entry) throws(TorchError) {
    guard indices.updateValue(entries.count, forKey: entry.name) == nil else {
      throw TorchError("two tensors of one network are named `\(entry.name)`")
    }
    entries.append(entry)
  }
}

/// A place in a ``ParameterStore``: what layers are built at. `path / "cell1" / "c0"` names a place below.
public struct Path {
  let store: ParameterStore
  /// The components joined by dots; empty for the root.
  public let name: String

  /// The layout of images that the network's 4-dimensional parameters expect.
  public var memoryFormat: MemoryFormat { store.memoryFormat }

  /// Whether the tensors here are another network's, which is to stay as it is.
  var isShared: Bool { store.isShared }

  /// The place of a part.
  public static func / (path: Path, component: String) -> Path {
    Path(store: path.store, name: path.name.isEmpty ? component : "\(path.name).\(component)")
  }

  /// Registers a trained tensor here.
  ///
  /// - Throws: ``TorchError`` if the name is taken.
  public func parameter(_ name: String, _ shape: [Int], _ initial: Initializer) throws -> Tensor {
    try store.addParameter((self / name).name, shape: shape, initial: initial)
  }

  /// Registers a buffer here.
  ///
  /// - Throws: ``TorchError`` if the name is taken.
  public func buffer(
    _ name: String, _ shape: [Int], _ initial: Initializer, _ elementType: ElementType = .float32
  ) throws -> Tensor {
    try store.addBuffer((self / name).name, shape: shape, elementType: elementType, initial: initial)
  }
}
