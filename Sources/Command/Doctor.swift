import ArgumentParser
import ControlSuite
import Foundation
import Tasks
import Torch

struct Doctor: ParsableCommand {
  static let configuration = CommandConfiguration(
    abstract: "Say what was found of libtorch, MuJoCo, the processor and GPUs.")

  func run() throws {
    print("libtorch \(Runtime.version)")
    print("threads: \(Runtime.threads)")
    print("bfloat16 in the processor: \(Runtime.computesBFloat16 ? "yes" : "no; float32 is used")")
    do {
      try Runtime.loadCUDA()
      print(
        "CUDA devices: \(Runtime.cudaDeviceCount) (networks are trained on the first, unless `gan.device` or "
          + "`rl.device` says otherwise; untested)"
      )
    } catch {
      print("CUDA: not loaded: \(error)")
    }
    print("MuJoCo \(Simulator.version)")
    do {
      try Simulator.checkPictures()
      print("pictures without a screen: yes")
    } catch {
      print("pictures without a screen: no: \(error)")
    }
    print(try Runtime.buildDescription())
  }
}
