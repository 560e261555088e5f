/// The element types of the safetensors format, by their names in a file's header.
public enum DType: String, Sendable, Hashable, Codable, CaseIterable {
  /// IEEE 754's binary64.
  case float64 = "F64"
  /// IEEE 754's binary32.
  case float32 = "F32"
  /// IEEE 754's binary16.
  case float16 = "F16"
  /// The upper half of a binary32.
  case bfloat16 = "BF16"
  /// A signed number of 64 bits.
  case int64 = "I64"
  /// A signed number of 32 bits.
  case int32 = "I32"
  /// A signed number of 16 bits.
  case int16 = "I16"
  /// A signed number of 8 bits.
  case int8 = "I8"
  /// A number of 8 bits without a sign.
  case uint8 = "U8"
  /// A byte, 0 or 1.
  case bool = "BOOL"

  /// The size of one element in bytes.
  public var byteCount: Int {
    switch self {
    case .float64, .int64: 8
    case .float32, .int32: 4
    case .float16, .bfloat16, .int16: 2
    case .int8, .uint8, .bool: 1
    }
  }

  /// Whether elements are floating-point numbers.
  public var isFloatingPoint: Bool {
    switch self {
    case .float64, .float32, .float16, .bfloat16: true
    case .int64, .int32, .int16, .int8, .uint8, .bool: false
    }
  }
}
