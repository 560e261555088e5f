import Torch

/// Where networks are trained, as a settings file names it. Untested with a real GPU.
enum DeviceChoice: String, CaseIterable, Sendable {
  /// The first GPU that libtorch can use, else the processor.
  case auto
  case cpu
  /// The first GPU.
  case cuda

  /// The device on this machine.
  ///
  /// - Throws: ``TorchError`` for `cuda` where there is no GPU that libtorch can use.
  func device() throws(TorchError) -> Device {
    if self == .cpu { return .cpu }
    do {
      try Runtime.loadCUDA()
    } catch  where self == .cuda {
      throw TorchError("`device: cuda`: libtorch's CUDA half is not loaded: \(error); set it to cpu or auto")
    } catch {
      return .cpu
    }
    if Runtime.cudaDeviceCount > 0 { return .cuda(0) }
    if self == .auto { return .cpu }
    throw TorchError(
      "`device: cuda`: libtorch sees no GPU, `pbtnas doctor` says what it sees; set it to cpu or auto")
  }
}
