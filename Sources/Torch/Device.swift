import CTorch

/// Where a tensor lives and is computed with.
public enum Device: Hashable, Sendable {
  /// The processor.
  case cpu
  /// An NVIDIA GPU, counted from 0. Call ``Runtime/loadCUDA()`` first. Untested: written without a GPU at hand.
  case cuda(Int)

  /// The C interface's value.
  var ct: ct_device {
    switch self {
    case .cpu: ct_device(kind: ct_cpu, index: 0)
    case .cuda(let index): ct_device(kind: ct_cuda, index: Int32(index))
    }
  }

  init(_ device: ct_device) {
    self = device.kind == ct_cuda ? .cuda(Int(device.index)) : .cpu
  }
}
