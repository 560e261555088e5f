import Engine
import Safetensors
import Tasks
import Torch

extension FuzzTarget {
  /// Checkpoints, as the engine and as every task that can use a trained network reads them.
  static let checkpoint = FuzzTarget(name: "checkpoint", longestInput: 16384) { input in
    ScratchFolder.withSafetensors(input) { path in
      _ = try Checkpoint(path: path).firstNonFiniteTensor()
      attempt {
        let generator = try TrainedGenerator(path: path)
        _ = try Picture.grid(of: generator.sample(2, seed: 1))
      }
      attempt {
        let policy = try TrainedPolicy(path: path)
        _ = try policy(Tensor.full([1] + policy.sizes.observation.shape, 0))
      }
    }
  }

  /// Calls a reader that may refuse the input.
  static func attempt(_ read: () throws -> Void) {
    do { try read() } catch { _ = String(describing: error) }
  }
}
