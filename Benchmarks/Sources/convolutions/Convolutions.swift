import Measurement
import Torch

/// Four 3x3 convolutions of 128 channels on 20 images of 32x32, forward and backward: `convolutions PRECISION THREADS`.
///
/// The counterpart of `Benchmarks/pytorch/convolutions.py`.
@main
enum Convolutions {
  static func main() throws {
    let arguments = CommandLine.arguments.dropFirst()
    guard let precision = Precision(rawValue: arguments.first ?? "float32"),
      let threads = Int(arguments.dropFirst().first ?? "1")
    else {
      throw TorchError("usage: convolutions [float32|bfloat16] [THREADS]")
    }
    try Runtime.setThreads(threads)
    let store = try ParameterStore(seed: 1, memoryFormat: .channelsLast)
    let layers = try (0..<4).map {
      try Conv2d(store.root / "network" / "c\($0)", ConvolutionShape(inputs: 128, outputs: 128, kernel: 3))
    }
    let weights = store.parameters(under: "network").map(\.tensor)
    let images = try Tensor.randn([20, 128, 32, 32], generator: RandomGenerator(seed: 2))
      .contiguous(format: .channelsLast)
    let facts = [
      "program": "pbtnas", "libtorch": Runtime.version, "precision": precision.rawValue,
      "threads": String(Runtime.threads),
    ]
    try answerRounds(facts: facts) {
      let loss = try withPrecision(precision) { try layers.reduce(images) { try $1($0) }.mean() }
      _ = try loss.gradients(of: weights)
    }
  }
}
