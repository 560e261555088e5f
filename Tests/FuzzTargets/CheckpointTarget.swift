import Engine
import Tasks
import Torch

extension FuzzTarget {
  /// Checkpoints and classifiers, as the engine and as all that can use a trained network reads them.
  static let checkpoint = FuzzTarget(name: "checkpoint", longestInput: 16384) { input in
    ScratchFolder.withSafetensors(input) { path in
      attempt { _ = try Checkpoint(path: path).firstNonFiniteTensor() }
      attempt {
        let generator = try TrainedGenerator(path: path)
        _ = try Picture.grid(of: generator.sample(2, seed: 1))
      }
      attempt {
        let policy = try TrainedPolicy(path: path)
        _ = try policy(Tensor.full([1] + policy.sizes.observation.shape, 0))
      }
      attempt { _ = try GarmentClassifier(path: path) }
    }
  }

  /// Calls a reader that may refuse the input.
  static func attempt(_ read: () throws -> Void) {
    do { try read() } catch { _ = String(describing: error) }
  }
}
