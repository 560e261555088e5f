import Torch

/// The precision of training, as a settings file names it.
enum PrecisionChoice: String, CaseIterable {
  /// bfloat16 where the processor computes with it, else float32.
  case auto
  case float32
  case bfloat16

  /// The precision on this machine.
  var precision: Precision {
    switch self {
    case .auto: Runtime.computesBFloat16 ? .bfloat16 : .float32
    case .float32: .float32
    case .bfloat16: .bfloat16
    }
  }
}
