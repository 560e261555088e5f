import Foundation
import Safetensors
import Torch

/// The numbers of `reference/pbtnas_reference/values.py`: float32 in [-1, 1) from a stream's number and an
/// element's index.
public func uniform(_ stream: Int, _ shape: [Int]) throws -> Tensor {
  let values = (0..<shape.reduce(1, *)).map { index in
    var z = (UInt64(index) &+ 1 &+ (UInt64(stream) << 32)) &* 0x9E37_79B9_7F4A_7C15
    z = (z ^ (z >> 30)) &* 0xBF58_476D_1CE4_E5B9
    z = (z ^ (z >> 27)) &* 0x94D0_49BB_1331_11EB
    z ^= z >> 31
    return Float(Double(z >> 11) * 0x1p-52 - 1)
  }
  return try Tensor(values, shape: shape)
}

/// Gives every tensor of a network the values that `values.fill` gives to the same module.
public func fill(_ entries: [ParameterStore.Entry], stream: Int) throws {
  for (k, entry) in entries.sorted(by: { $0.name < $1.name }).enumerated() {
    let tensor = entry.tensor
    guard tensor.elementType == .float32 else {
      try tensor.zeroInPlace()
      continue
    }
    let shape = tensor.shape
    let u = try uniform(stream + k, shape)
    let values =
      if entry.name.hasSuffix("weight_u") || entry.name.hasSuffix("weight_v") {
        try u / u.to(.float64).norm().to(.float32)
      } else if shape.count >= 2 {
        try u * Double(Float((3 / (Double(tensor.count) / Double(shape[0]))).squareRoot()))
      } else if entry.name.hasSuffix("norm.weight") || entry.name.hasSuffix("running_var") {
        try 1 + u / 5
      } else {
        try u / 5
      }
    try withoutGradient { try tensor.copyInPlace(values) }
  }
}

/// Gradients of `sum(output * R)` as `golden.gradients` gives them: one after the other in the order of the
/// parameters' names, 0 where unused.
public func flatGradients(
  of output: Tensor, _ entries: [ParameterStore.Entry], stream: Int
) throws -> Tensor {
  let parameters = entries.filter { !$0.isBuffer }.sorted { $0.name < $1.name }.map(\.tensor)
  let loss = try (output * uniform(stream, output.shape)).sum()
  let gradients = try loss.gradients(of: parameters)
  return try Tensor.cat(
    zip(parameters, gradients).map { try ($1 ?? $0.zerosLike()).flatten() })
}

/// The largest difference to the expected values, in units of the largest of those.
public func relativeError(_ tensor: Tensor, _ expected: Tensor) throws -> Double {
  guard tensor.shape == expected.shape else {
    throw TorchError("shape \(tensor.shape) where \(expected.shape) was expected")
  }
  let (a, b) = try (tensor.array(of: Double.self), expected.array(of: Double.self))
  let scale = b.map(abs).max() ?? 0
  // What is not finite, on either side, must not count as equal.
  guard (a + b).allSatisfy(\.isFinite) else { return .infinity }
  let difference = zip(a, b).map { abs($0 - $1) }.max() ?? 0
  return difference / max(scale, 1e-30)
}

/// A file of golden values, which `reference/golden.py` made.
public func golden(_ name: String, in bundle: Bundle) throws -> SafetensorsFile {
  try SafetensorsFile(path: "\(bundle.resourcePath ?? ".")/Golden/\(name).safetensors")
}

/// Gives small networks one thread: on a busy machine several would mostly wait for one another. Call what it
/// returns on the same thread afterwards.
public func useOneThread() throws -> () -> Void {
  let threads = Runtime.threads
  try Runtime.setThreads(1)
  return { try? Runtime.setThreads(threads) }
}
