import Safetensors

extension SafetensorsFile {
  /// Overwrites a tensor with the one that has a name in the file.
  ///
  /// - Throws: ``TorchError`` if the file has no such tensor, or one of another shape or element type.
  public func load(_ name: String, into tensor: Tensor) throws {
    let info = try find(name, shape: tensor.shape)
    guard info.dtype == tensor.elementType else {
      let expected = "\(tensor.elementType?.rawValue ?? "?") \(tensor.shape)"
      throw TorchError(
        "\(path): tensor `\(name)` is \(info.dtype.rawValue) \(info.shape), expected \(expected)")
    }
    try withBytes(of: info) { try tensor.assign(rowMajorBytes: $0) }
  }

  /// Where the tensor with a name and a shape is.
  ///
  /// - Throws: ``TorchError`` if the file has no such tensor, or one of another shape.
  func find(_ name: String, shape: [Int]) throws(TorchError) -> TensorInfo {
    guard let info = self[name] else { throw TorchError("\(path): there is no tensor `\(name)`") }
    guard info.shape == shape else {
      throw TorchError("\(path): tensor `\(name)` has the shape \(info.shape), expected \(shape)")
    }
    return info
  }

  /// The tensor with a name, on the CPU.
  ///
  /// - Throws: ``TorchError`` if the file has no such tensor.
  public func tensor(_ name: String) throws -> Tensor {
    guard let info = self[name] else {
      throw TorchError("\(path): there is no tensor `\(name)`")
    }
    let tensor = try Tensor.empty(info.shape, info.dtype)
    try load(name, into: tensor)
    return tensor
  }

  /// Writes named tensors to a file, which replaces one that is there.
  ///
  /// - Throws: ``SafetensorsError`` if the file cannot be written.
  public static func write(
    _ tensors: [(name: String, tensor: Tensor)], metadata: [String: String], to path: String
  ) throws {
    let announced = try tensors.map { name, tensor in
      guard let type = tensor.elementType else {
        throw TorchError("tensor `\(name)` has an element type that safetensors files cannot hold")
      }
      return SafetensorsWriter.Tensor(name: name, dtype: type, shape: tensor.shape)
    }
    let writer = try SafetensorsWriter(path: path, tensors: announced, metadata: metadata)
    for (_, tensor) in tensors {
      try tensor.withRowMajorBytes { try writer.write($0) }
    }
    try writer.finish()
  }
}
