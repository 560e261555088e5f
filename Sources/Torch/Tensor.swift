import CTorch
import Safetensors

/// An array of numbers with a shape, on a device, that can record what is done with it for gradients.
///
/// One object owns one handle of libtorch and frees it when it goes. Not `Sendable`: a tensor and what was computed
/// from it belong to one thread at a time.
public final class Tensor {
  let handle: ct_tensor

  /// Takes over a handle.
  init(_ handle: ct_tensor) {
    self.handle = handle
  }

  deinit {
    ct_tensor_free(handle)
  }
}

// MARK: Description

extension Tensor {
  /// The lengths of the dimensions; empty for a single number.
  public var shape: [Int] {
    let rank = ct_rank(handle)
    let lengths = [Int64](unsafeUninitializedCapacity: rank) { buffer, count in
      ct_shape(handle, buffer.baseAddress)
      count = rank
    }
    return lengths.map(Int.init)
  }

  /// The number of elements.
  public var count: Int { shape.reduce(1, *) }

  /// The element type; nil for one that this layer does not know, such as a complex type.
  public var elementType: ElementType? {
    let value = ct_tensor_dtype(handle)
    return ElementType.allCases.first { Int($0.ct.rawValue) == Int(value) }
  }

  /// Where the tensor lives.
  public var device: Device { Device(ct_tensor_device(handle)) }

  /// Whether a batch of images lies in channels-last order.
  public var isChannelsLast: Bool { ct_is_channels_last(handle) }

  /// Whether two tensors share their elements.
  public func sharesStorage(with other: Tensor) -> Bool { ct_shares_storage(handle, other.handle) }
}

// MARK: Elements

extension Tensor {
  /// Makes a tensor on the CPU from elements in row-major order.
  ///
  /// - Throws: ``TorchError`` if the number of elements is not the product of `shape`.
  public convenience init<Element: TensorElement>(
    _ elements: [Element], shape: [Int]
  ) throws(TorchError) {
    let bytes = elements.count * MemoryLayout<Element>.stride
    var handle = ct_tensor()
    let error = elements.withUnsafeBytes { buffer in
      ct_from_bytes(buffer.baseAddress, bytes, shape.int64, shape.count, Element.elementType.ct, &handle)
    }
    try check(error)
    self.init(handle)
  }

  /// Makes an uninitialised tensor.
  public static func empty(
    _ shape: [Int], _ elementType: ElementType = .float32, device: Device = .cpu
  ) throws(TorchError) -> Tensor {
    var handle = ct_tensor()
    try check(ct_empty(shape.int64, shape.count, elementType.ct, device.ct, &handle))
    return Tensor(handle)
  }

  /// Makes a tensor whose elements are all the same.
  public static func full(
    _ shape: [Int], _ value: Double, _ elementType: ElementType = .float32, device: Device = .cpu
  ) throws(TorchError) -> Tensor {
    var handle = ct_tensor()
    try check(ct_full(shape.int64, shape.count, value, elementType.ct, device.ct, &handle))
    return Tensor(handle)
  }

  /// Makes a tensor of independent draws from N(0, 1).
  public static func randn(
    _ shape: [Int], generator: RandomGenerator, device: Device = .cpu
  ) throws(TorchError) -> Tensor {
    let tensor = try empty(shape, device: device)
    try tensor.normalInPlace(mean: 0, std: 1, generator: generator)
    return tensor
  }

  /// The elements in row-major order, converted to the element type asked for.
  public func array<Element: TensorElement>(of type: Element.Type = Element.self) throws(TorchError)
    -> [Element]
  {
    let source = try elementType == Element.elementType ? self : to(Element.elementType)
    let count = self.count
    var error = ct_error()
    let elements = [Element](unsafeUninitializedCapacity: count) { buffer, initialised in
      error = ct_copy_bytes(source.handle, buffer.baseAddress, count * MemoryLayout<Element>.stride)
      initialised = error.message == nil ? count : 0
    }
    try check(error)
    return elements
  }

  /// The only element.
  ///
  /// - Throws: ``TorchError`` if the tensor has more than one element.
  public func item() throws(TorchError) -> Double {
    var value = 0.0
    try check(ct_item(handle, &value))
    return value
  }

  /// The elements' bytes in row-major order and little-endian, as safetensors files hold them.
  func withRowMajorBytes<Result>(_ body: (UnsafeRawBufferPointer) throws -> Result) throws -> Result {
    let byteCount = count * (elementType?.byteCount ?? 0)
    let buffer = UnsafeMutableRawBufferPointer.allocate(byteCount: byteCount, alignment: 16)
    defer { buffer.deallocate() }
    try check(ct_copy_bytes(handle, buffer.baseAddress, byteCount))
    return try body(UnsafeRawBufferPointer(buffer))
  }

  /// Overwrites the elements from row-major bytes; keeps the layout in memory.
  public func assign(rowMajorBytes bytes: UnsafeRawBufferPointer) throws(TorchError) {
    try check(ct_assign_bytes(handle, bytes.baseAddress, bytes.count))
  }

  /// The tensor on a device; itself where it is there already.
  public func to(_ device: Device) throws(TorchError) -> Tensor {
    var result = ct_tensor()
    try check(ct_to_device(handle, device.ct, &result))
    return Tensor(result)
  }
}

// MARK: For the bindings

extension [Int] {
  /// The lengths as the C interface takes them.
  var int64: [Int64] { map(Int64.init) }
}

extension [Tensor] {
  /// The handles, valid as long as the tensors are.
  var handles: [ct_tensor] { map(\.handle) }
}

extension Tensor? {
  /// The handle, or the C interface's mark for none.
  var handleOrNone: ct_tensor { self?.handle ?? ct_tensor(ctx: nil) }
}
