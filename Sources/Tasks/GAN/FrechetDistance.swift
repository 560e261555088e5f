import Torch

/// Mean and covariance of features: a normal distribution fitted to them.
struct FeatureStatistics {
  /// [D], float64.
  let mean: Tensor
  /// [D, D], float64, with n - 1 in the denominator.
  let covariance: Tensor

  init(mean: Tensor, covariance: Tensor) {
    self.mean = mean
    self.covariance = covariance
  }

  /// Fits features [N, D], N at least 2.
  init(of features: Tensor) throws {
    let count = features.shape[0]
    guard count >= 2 else { throw TorchError("the covariance needs 2 samples or more, got \(count)") }
    let features = try features.to(.float64)
    mean = try features.mean(dims: [0])
    let centred = try features - mean
    covariance = try centred.transpose(dim0: 0, dim1: 1).matmul(centred) / Double(count - 1)
  }

  /// The Fréchet distance between two normal distributions (Dowson and Landau 1982), as in FID (Heusel et al. 2017):
  /// `|m1 - m2|^2 + tr(C1 + C2 - 2 (C1 C2)^(1/2))`.
  ///
  /// The trace of the root is the sum of the roots of the eigenvalues of C1 C2, which are those of the symmetric
  /// C1^(1/2) C2 C1^(1/2); they are not negative but for rounding.
  func frechetDistance(to other: FeatureStatistics) throws -> Double {
    let (values, vectors) = try covariance.linalgEigh()
    let root = try (vectors * values.clamp(min: 0, max: .infinity).sqrt())
      .matmul(vectors.transpose(dim0: 0, dim1: 1))
    let product = try root.matmul(other.covariance).matmul(root)
    let symmetric = try (product + product.transpose(dim0: 0, dim1: 1)) / 2
    let rootTrace = try symmetric.linalgEigvalsh().clamp(min: 0, max: .infinity).sqrt().sum().item()
    let difference = try (mean - other.mean).square().sum().item()
    let traces = try covariance.trace().item() + other.covariance.trace().item()
    return difference + traces - 2 * rootTrace
  }
}
