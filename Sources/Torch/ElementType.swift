import CTorch
import Safetensors

/// The element types that tensors can have: the same set that safetensors files can hold.
public typealias ElementType = DType

extension DType {
  /// The C interface's value.
  var ct: ct_dtype {
    switch self {
    case .float32: ct_float32
    case .float64: ct_float64
    case .float16: ct_float16
    case .bfloat16: ct_bfloat16
    case .int64: ct_int64
    case .int32: ct_int32
    case .int16: ct_int16
    case .int8: ct_int8
    case .uint8: ct_uint8
    case .bool: ct_bool
    }
  }
}

/// A Swift type whose values can be a tensor's elements.
public protocol TensorElement {
  /// The tensor's element type.
  static var elementType: ElementType { get }
}

extension Float: TensorElement {
  /// 32-bit floating point.
  public static var elementType: ElementType { .float32 }
}

extension Double: TensorElement {
  /// 64-bit floating point.
  public static var elementType: ElementType { .float64 }
}

extension Int64: TensorElement {
  /// 64-bit whole numbers, libtorch's type for indices.
  public static var elementType: ElementType { .int64 }
}

extension UInt8: TensorElement {
  /// Bytes.
  public static var elementType: ElementType { .uint8 }
}

/// How the elements of a batch of images [N, C, H, W] lie in memory. It changes speed, never results' meaning.
public enum MemoryFormat: Sendable {
  /// Row-major: the width varies fastest.
  case contiguous
  /// The channel varies fastest, as oneDNN's and cuDNN's convolutions like it.
  case channelsLast

  /// The C interface's value.
  var ct: ct_memory_format {
    switch self {
    case .contiguous: ct_format_contiguous
    case .channelsLast: ct_format_channels_last
    }
  }
}
