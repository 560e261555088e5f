/// A tensor of a checkpoint, without its elements.
public struct TensorDescription: Hashable, Sendable {
  /// Its name in the checkpoint.
  public let name: String
  /// The lengths of its dimensions.
  public let shape: [Int]
  /// Whether its elements are floating-point numbers.
  public let isFloatingPoint: Bool

  /// Describes a tensor.
  public init(name: String, shape: [Int], isFloatingPoint: Bool) {
    self.name = name
    self.shape = shape
    self.isFloatingPoint = isFloatingPoint
  }
}

/// What a checkpoint holds.
public struct CheckpointContents: Hashable, Sendable {
  /// All tensors in their order.
  public let tensors: [TensorDescription]
  /// The names of those that are statistics of the network, not weights: they are copied, never scaled.
  public let buffers: Set<String>
  private let indices: [String: Int]

  /// Describes a checkpoint.
  public init(tensors: [TensorDescription], buffers: Set<String>) {
    self.tensors = tensors
    self.buffers = buffers
    indices = Dictionary(
      tensors.enumerated().map { ($0.element.name, $0.offset) }, uniquingKeysWith: { first, _ in first })
  }

  /// The tensor with a name; nil if there is none.
  public subscript(name: String) -> TensorDescription? { indices[name].map { tensors[$0] } }

  /// Whether a tensor is one that shrink-perturb and noise act on.
  func isWeight(_ tensor: TensorDescription) -> Bool {
    guard case .value(let name) = TensorName(tensor.name) else { return false }
    return tensor.isFloatingPoint && !buffers.contains(name)
  }
}
