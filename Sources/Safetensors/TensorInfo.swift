/// A tensor as a safetensors header describes it.
public struct TensorInfo: Hashable, Sendable {
  /// The tensor's name.
  public let name: String
  /// The element type.
  public let dtype: DType
  /// The lengths of the dimensions; empty for a single number.
  public let shape: [Int]
  /// Where its bytes lie in the file's data part.
  public let range: Range<Int>

  /// The size in bytes.
  public var byteCount: Int { range.count }
}
