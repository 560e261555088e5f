import Torch

/// An activation function of the search space.
enum Activation: String, CaseIterable {
  /// The identity.
  case id
  case tanh
  case relu
  /// `x * sigmoid(x)`.
  case swish

  /// Elementwise; the shape stays as it is.
  func callAsFunction(_ x: Tensor) throws -> Tensor {
    switch self {
    case .id: x
    case .tanh: try x.tanh()
    case .relu: try x.relu()
    case .swish: try x.silu()
    }
  }
}
