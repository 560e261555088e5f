import Testing
import Torch

@testable import Tasks

/// Whether libtorch can use a GPU here.
private let hasGPU: Bool = {
  // Without libtorch's CUDA half there is none.
  try? Runtime.loadCUDA()
  return Runtime.cudaDeviceCount > 0
}()

@Suite struct DeviceChoiceTests {
  @Test("without a GPU, auto is the processor, and cuda is refused with the reason and what to set instead")
  func choices() throws {
    #expect(try DeviceChoice.cpu.device() == .cpu)
    if hasGPU {
      #expect(try DeviceChoice.auto.device() == .cuda(0))
      #expect(try DeviceChoice.cuda.device() == .cuda(0))
    } else {
      #expect(try DeviceChoice.auto.device() == .cpu)
      let error = #expect(throws: TorchError.self) { try DeviceChoice.cuda.device() }
      #expect(error.map { "\($0)".contains("`device: cuda`") && "\($0)".contains("set it to cpu") } == true)
    }
  }
}
