import CTorch

extension Tensor {
  /// Whether gradients flow to or through the tensor.
  public var requiresGradient: Bool { ct_requires_grad(handle) }

  /// Makes a leaf record, or not record, what is done with it.
  public func setRequiresGradient(_ requires: Bool) throws(TorchError) {
    try check(ct_set_requires_grad(handle, requires))
  }

  /// Adds this number's derivative with respect to every leaf to the leaf's ``gradient()``.
  public func backward() throws(TorchError) {
    try check(ct_backward(handle))
  }

  /// What ``backward()`` left on a leaf; nil where it left nothing.
  public func gradient() throws(TorchError) -> Tensor? {
    var result = ct_tensor()
    try check(ct_grad(handle, &result))
    return result.ctx == nil ? nil : Tensor(result)
  }

  /// Forgets the gradient on a leaf.
  public func clearGradient() throws(TorchError) {
    try check(ct_clear_grad(handle))
  }

  /// This number's derivatives with respect to the given tensors, and nothing else: gradients of tensors that are
  /// not asked for are not computed. Nil for a tensor that it does not depend on.
  public func gradients(of tensors: [Tensor]) throws(TorchError) -> [Tensor?] {
    var results = [ct_tensor](repeating: ct_tensor(ctx: nil), count: tensors.count)
    try check(ct_gradients(handle, tensors.handles, tensors.count, &results))
    return results.map { $0.ctx == nil ? nil : Tensor($0) }
  }
}

/// Runs `body` without recording for gradients. Recording is a property of the thread, so `body` is synchronous.
public func withoutGradient<Result, Failure: Error>(
  _ body: () throws(Failure) -> Result
) throws(Failure) -> Result {
  let was = ct_set_grad_enabled(false)
  defer { _ = ct_set_grad_enabled(was) }
  return try body()
}
