// Made by scripts/generate-bindings from Sources/CTorch/operations.txt; edit that table instead.
// swift-format-ignore-file

import CTorch
import Safetensors

// MARK: Arithmetic, elementwise, with broadcasting

extension Tensor {
  /// `self + alpha * other`.
  public func add(_ other: Tensor, alpha: Double = 1) throws(TorchError) -> Tensor {
    var result0 = ct_tensor()
    try check(ct_add(self.handle, other.handle, alpha, &result0))
    return Tensor(result0)
  }

  /// `self + scalar`.
  public func add(_ scalar: Double) throws(TorchError) -> Tensor {
    var result0 = ct_tensor()
    try check(ct_add_scalar(self.handle, scalar, &result0))
    return Tensor(result0)
  }

  /// `self - alpha * other`.
  public func sub(_ other: Tensor, alpha: Double = 1) throws(TorchError) -> Tensor {
    var result0 = ct_tensor()
    try check(ct_sub(self.handle, other.handle, alpha, &result0))
    return Tensor(result0)
  }

  /// `self - scalar`.
  public func sub(_ scalar: Double) throws(TorchError) -> Tensor {
    var result0 = ct_tensor()
    try check(ct_sub_scalar(self.handle, scalar, &result0))
    return Tensor(result0)
  }

  /// `scalar - self`.
  public func rsub(_ scalar: Double) throws(TorchError) -> Tensor {
    var result0 = ct_tensor()
    try check(ct_rsub(self.handle, scalar, &result0))
    return Tensor(result0)
  }

  /// `self * other`.
  public func mul(_ other: Tensor) throws(TorchError) -> Tensor {
    var result0 = ct_tensor()
    try check(ct_mul(self.handle, other.handle, &result0))
    return Tensor(result0)
  }

  /// `self * scalar`.
  public func mul(_ scalar: Double) throws(TorchError) -> Tensor {
    var result0 = ct_tensor()
    try check(ct_mul_scalar(self.handle, scalar, &result0))
    return Tensor(result0)
  }

  /// `self / other`.
  public func div(_ other: Tensor) throws(TorchError) -> Tensor {
    var result0 = ct_tensor()
    try check(ct_div(self.handle, other.handle, &result0))
    return Tensor(result0)
  }

  /// `self / scalar`.
  public func div(_ scalar: Double) throws(TorchError) -> Tensor {
    var result0 = ct_tensor()
    try check(ct_div_scalar(self.handle, scalar, &result0))
    return Tensor(result0)
  }

  /// Self to the power of exponent.
  public func pow(exponent: Double) throws(TorchError) -> Tensor {
    var result0 = ct_tensor()
    try check(ct_pow(self.handle, exponent, &result0))
    return Tensor(result0)
  }

  /// `-self`.
  public func neg() throws(TorchError) -> Tensor {
    var result0 = ct_tensor()
    try check(ct_neg(self.handle, &result0))
    return Tensor(result0)
  }

  /// `|self|`.
  public func abs() throws(TorchError) -> Tensor {
    var result0 = ct_tensor()
    try check(ct_abs(self.handle, &result0))
    return Tensor(result0)
  }

  /// -1, 0 or 1.
  public func sign() throws(TorchError) -> Tensor {
    var result0 = ct_tensor()
    try check(ct_sign(self.handle, &result0))
    return Tensor(result0)
  }

  /// `e^self`.
  public func exp() throws(TorchError) -> Tensor {
    var result0 = ct_tensor()
    try check(ct_exp(self.handle, &result0))
    return Tensor(result0)
  }

  /// Natural logarithm.
  public func log() throws(TorchError) -> Tensor {
    var result0 = ct_tensor()
    try check(ct_log(self.handle, &result0))
    return Tensor(result0)
  }

  /// Square root.
  public func sqrt() throws(TorchError) -> Tensor {
    var result0 = ct_tensor()
    try check(ct_sqrt(self.handle, &result0))
    return Tensor(result0)
  }

  /// `self^2`.
  public func square() throws(TorchError) -> Tensor {
    var result0 = ct_tensor()
    try check(ct_square(self.handle, &result0))
    return Tensor(result0)
  }

  /// Largest whole number that is not above self.
  public func floor() throws(TorchError) -> Tensor {
    var result0 = ct_tensor()
    try check(ct_floor(self.handle, &result0))
    return Tensor(result0)
  }

  /// Self limited to min...max.
  public func clamp(min: Double, max: Double) throws(TorchError) -> Tensor {
    var result0 = ct_tensor()
    try check(ct_clamp(self.handle, min, max, &result0))
    return Tensor(result0)
  }

  /// Self limited to min...max, with the gradient of the identity (Bengio et al. 2013).
  public func clampStraightThrough(min: Double, max: Double) throws(TorchError) -> Tensor {
    var result0 = ct_tensor()
    try check(ct_clamp_straight_through(self.handle, min, max, &result0))
    return Tensor(result0)
  }

  /// For each byte its number in a table, [256]; in mixed precision of its type.
  public func lookup(_ table: Tensor) throws(TorchError) -> Tensor {
    var result0 = ct_tensor()
    try check(ct_lookup(self.handle, table.handle, &result0))
    return Tensor(result0)
  }

  /// The smaller of each pair.
  public func minimum(_ other: Tensor) throws(TorchError) -> Tensor {
    var result0 = ct_tensor()
    try check(ct_minimum(self.handle, other.handle, &result0))
    return Tensor(result0)
  }

  /// Whether each pair is equal.
  public func eq(_ other: Tensor) throws(TorchError) -> Tensor {
    var result0 = ct_tensor()
    try check(ct_eq(self.handle, other.handle, &result0))
    return Tensor(result0)
  }

  /// Whether each element is neither NaN nor infinite.
  public func isfinite() throws(TorchError) -> Tensor {
    var result0 = ct_tensor()
    try check(ct_isfinite(self.handle, &result0))
    return Tensor(result0)
  }
}

// MARK: Activations

extension Tensor {
  /// `max(self, 0)`.
  public func relu() throws(TorchError) -> Tensor {
    var result0 = ct_tensor()
    try check(ct_relu(self.handle, &result0))
    return Tensor(result0)
  }

  /// Hyperbolic tangent.
  public func tanh() throws(TorchError) -> Tensor {
    var result0 = ct_tensor()
    try check(ct_tanh(self.handle, &result0))
    return Tensor(result0)
  }

  /// `1 / (1 + e^-self)`.
  public func sigmoid() throws(TorchError) -> Tensor {
    var result0 = ct_tensor()
    try check(ct_sigmoid(self.handle, &result0))
    return Tensor(result0)
  }

  /// Swish: self * sigmoid(self).
  public func silu() throws(TorchError) -> Tensor {
    var result0 = ct_tensor()
    try check(ct_silu(self.handle, &result0))
    return Tensor(result0)
  }
}

// MARK: Reductions

extension Tensor {
  /// Sum of all elements.
  public func sum() throws(TorchError) -> Tensor {
    var result0 = ct_tensor()
    try check(ct_sum(self.handle, &result0))
    return Tensor(result0)
  }

  /// Sum over dimensions.
  public func sum(dims: [Int], keepdim: Bool = false) throws(TorchError) -> Tensor {
    var result0 = ct_tensor()
    try check(ct_sum_dims(self.handle, dims.int64, dims.count, keepdim, &result0))
    return Tensor(result0)
  }

  /// Mean of all elements.
  public func mean() throws(TorchError) -> Tensor {
    var result0 = ct_tensor()
    try check(ct_mean(self.handle, &result0))
    return Tensor(result0)
  }

  /// Mean over dimensions.
  public func mean(dims: [Int], keepdim: Bool = false) throws(TorchError) -> Tensor {
    var result0 = ct_tensor()
    try check(ct_mean_dims(self.handle, dims.int64, dims.count, keepdim, &result0))
    return Tensor(result0)
  }

  /// Index of the largest element along a dimension.
  public func argmax(dim: Int) throws(TorchError) -> Tensor {
    var result0 = ct_tensor()
    try check(ct_argmax(self.handle, Int64(dim), &result0))
    return Tensor(result0)
  }

  /// Whether all elements are true.
  public func all() throws(TorchError) -> Tensor {
    var result0 = ct_tensor()
    try check(ct_all(self.handle, &result0))
    return Tensor(result0)
  }

  /// Sum of the diagonal of a matrix.
  public func trace() throws(TorchError) -> Tensor {
    var result0 = ct_tensor()
    try check(ct_trace(self.handle, &result0))
    return Tensor(result0)
  }

  /// Inner product of two vectors.
  public func dot(_ other: Tensor) throws(TorchError) -> Tensor {
    var result0 = ct_tensor()
    try check(ct_dot(self.handle, other.handle, &result0))
    return Tensor(result0)
  }

  /// Square root of the sum of squares of all elements.
  public func norm() throws(TorchError) -> Tensor {
    var result0 = ct_tensor()
    try check(ct_norm(self.handle, &result0))
    return Tensor(result0)
  }
}

// MARK: Linear algebra

extension Tensor {
  /// Matrix product.
  public func matmul(_ other: Tensor) throws(TorchError) -> Tensor {
    var result0 = ct_tensor()
    try check(ct_matmul(self.handle, other.handle, &result0))
    return Tensor(result0)
  }

  /// Matrix times vector.
  public func mv(_ vector: Tensor) throws(TorchError) -> Tensor {
    var result0 = ct_tensor()
    try check(ct_mv(self.handle, vector.handle, &result0))
    return Tensor(result0)
  }

  /// `self * weight^T + bias`; weight: [out, in]; in mixed precision float32 or bfloat16, whichever costs less.
  public func linear(_ weight: Tensor, bias: Tensor? = nil) throws(TorchError) -> Tensor {
    var result0 = ct_tensor()
    try check(ct_linear(self.handle, weight.handle, bias.handleOrNone, &result0))
    return Tensor(result0)
  }

  /// `max([self, beside] * weight^T + bias, 0)` in one go, for one input or two side by side; weight: [out, in].
  public func linearRelu(_ weight: Tensor, bias: Tensor? = nil, beside: Tensor? = nil) throws(TorchError) -> Tensor {
    var result0 = ct_tensor()
    try check(ct_linear_relu(self.handle, weight.handle, bias.handleOrNone, beside.handleOrNone, &result0))
    return Tensor(result0)
  }

  /// Matrices with orthonormal columns and upper triangular, whose product is self.
  public func linalgQr() throws(TorchError) -> (Tensor, Tensor) {
    var result0 = ct_tensor()
    var result1 = ct_tensor()
    try check(ct_linalg_qr(self.handle, &result0, &result1))
    return (Tensor(result0), Tensor(result1))
  }

  /// Eigenvalues (ascending) and eigenvectors of a symmetric matrix.
  public func linalgEigh() throws(TorchError) -> (Tensor, Tensor) {
    var result0 = ct_tensor()
    var result1 = ct_tensor()
    try check(ct_linalg_eigh(self.handle, &result0, &result1))
    return (Tensor(result0), Tensor(result1))
  }

  /// Eigenvalues (ascending) of a symmetric matrix.
  public func linalgEigvalsh() throws(TorchError) -> Tensor {
    var result0 = ct_tensor()
    try check(ct_linalg_eigvalsh(self.handle, &result0))
    return Tensor(result0)
  }
}

// MARK: Convolution, pooling, resampling; images are [N, C, H, W]

extension Tensor {
  /// Cross-correlation; weight: [out, in / groups, kH, kW].
  public func conv2d(_ weight: Tensor, bias: Tensor? = nil, stride: [Int], padding: [Int], dilation: [Int], groups: Int = 1) throws(TorchError) -> Tensor {
    var result0 = ct_tensor()
    try check(ct_conv2d(self.handle, weight.handle, bias.handleOrNone, stride.int64, stride.count, padding.int64, padding.count, dilation.int64, dilation.count, Int64(groups), &result0))
    return Tensor(result0)
  }

  /// Gradient of conv2d with respect to its input; weight: [in, out / groups, kH, kW].
  public func convTranspose2d(_ weight: Tensor, bias: Tensor? = nil, stride: [Int], padding: [Int], outputPadding: [Int], dilation: [Int], groups: Int = 1) throws(TorchError) -> Tensor {
    var result0 = ct_tensor()
    try check(ct_conv_transpose2d(self.handle, weight.handle, bias.handleOrNone, stride.int64, stride.count, padding.int64, padding.count, outputPadding.int64, outputPadding.count, dilation.int64, dilation.count, Int64(groups), &result0))
    return Tensor(result0)
  }

  /// Mean of each window.
  public func avgPool2d(kernel: [Int], stride: [Int]) throws(TorchError) -> Tensor {
    var result0 = ct_tensor()
    try check(ct_avg_pool2d(self.handle, kernel.int64, kernel.count, stride.int64, stride.count, &result0))
    return Tensor(result0)
  }

  /// Largest element of each window.
  public func maxPool2d(kernel: [Int], stride: [Int]) throws(TorchError) -> Tensor {
    var result0 = ct_tensor()
    try check(ct_max_pool2d(self.handle, kernel.int64, kernel.count, stride.int64, stride.count, &result0))
    return Tensor(result0)
  }

  /// Resized by repeating the nearest element.
  public func upsampleNearest2d(size: [Int]) throws(TorchError) -> Tensor {
    var result0 = ct_tensor()
    try check(ct_upsample_nearest2d(self.handle, size.int64, size.count, &result0))
    return Tensor(result0)
  }

  /// Resized by bilinear interpolation.
  public func upsampleBilinear2d(size: [Int], alignCorners: Bool = false) throws(TorchError) -> Tensor {
    var result0 = ct_tensor()
    try check(ct_upsample_bilinear2d(self.handle, size.int64, size.count, alignCorners, &result0))
    return Tensor(result0)
  }

  /// Padded by a value: [left, right, top, bottom, ...].
  public func padConstant(padding: [Int], value: Double = 0) throws(TorchError) -> Tensor {
    var result0 = ct_tensor()
    try check(ct_pad_constant(self.handle, padding.int64, padding.count, value, &result0))
    return Tensor(result0)
  }
}

// MARK: Normalisation

extension Tensor {
  /// Per channel over batch and positions (Ioffe and Szegedy 2015); updates the running statistics in training.
  public func batchNorm(_ weight: Tensor? = nil, bias: Tensor? = nil, runningMean: Tensor? = nil, runningVar: Tensor? = nil, training: Bool, momentum: Double, eps: Double) throws(TorchError) -> Tensor {
    var result0 = ct_tensor()
    try check(ct_batch_norm(self.handle, weight.handleOrNone, bias.handleOrNone, runningMean.handleOrNone, runningVar.handleOrNone, training, momentum, eps, &result0))
    return Tensor(result0)
  }

  /// Over the last dimensions (Ba et al. 2016).
  public func layerNorm(normalizedShape: [Int], weight: Tensor? = nil, bias: Tensor? = nil, eps: Double) throws(TorchError) -> Tensor {
    var result0 = ct_tensor()
    try check(ct_layer_norm(self.handle, normalizedShape.int64, normalizedShape.count, weight.handleOrNone, bias.handleOrNone, eps, &result0))
    return Tensor(result0)
  }
}

// MARK: Losses

extension Tensor {
  /// Mean of -log softmax(self)[target]; self: [N, classes], target: int64 [N].
  public func crossEntropyLoss(_ target: Tensor) throws(TorchError) -> Tensor {
    var result0 = ct_tensor()
    try check(ct_cross_entropy_loss(self.handle, target.handle, &result0))
    return Tensor(result0)
  }

  /// Mean of squared differences.
  public func mseLoss(_ target: Tensor) throws(TorchError) -> Tensor {
    var result0 = ct_tensor()
    try check(ct_mse_loss(self.handle, target.handle, &result0))
    return Tensor(result0)
  }
}

// MARK: Shape

extension Tensor {
  /// The same elements in another shape.
  public func reshape(shape: [Int]) throws(TorchError) -> Tensor {
    var result0 = ct_tensor()
    try check(ct_reshape(self.handle, shape.int64, shape.count, &result0))
    return Tensor(result0)
  }

  /// Dimensions start_dim...end_dim made one.
  public func flatten(startDim: Int = 0, endDim: Int = -1) throws(TorchError) -> Tensor {
    var result0 = ct_tensor()
    try check(ct_flatten(self.handle, Int64(startDim), Int64(endDim), &result0))
    return Tensor(result0)
  }

  /// Dimensions in another order.
  public func permute(dims: [Int]) throws(TorchError) -> Tensor {
    var result0 = ct_tensor()
    try check(ct_permute(self.handle, dims.int64, dims.count, &result0))
    return Tensor(result0)
  }

  /// Two dimensions exchanged.
  public func transpose(dim0: Int, dim1: Int) throws(TorchError) -> Tensor {
    var result0 = ct_tensor()
    try check(ct_transpose(self.handle, Int64(dim0), Int64(dim1), &result0))
    return Tensor(result0)
  }

  /// The diagonal of a matrix (a view).
  public func diagonal() throws(TorchError) -> Tensor {
    var result0 = ct_tensor()
    try check(ct_diagonal(self.handle, &result0))
    return Tensor(result0)
  }

  /// Dimensions in reverse order.
  public func flip(dims: [Int]) throws(TorchError) -> Tensor {
    var result0 = ct_tensor()
    try check(ct_flip(self.handle, dims.int64, dims.count, &result0))
    return Tensor(result0)
  }

  /// Without a dimension of length 1.
  public func squeeze(dim: Int) throws(TorchError) -> Tensor {
    var result0 = ct_tensor()
    try check(ct_squeeze(self.handle, Int64(dim), &result0))
    return Tensor(result0)
  }

  /// A part of a dimension (a view).
  public func narrow(dim: Int, start: Int, length: Int) throws(TorchError) -> Tensor {
    var result0 = ct_tensor()
    try check(ct_narrow(self.handle, Int64(dim), Int64(start), Int64(length), &result0))
    return Tensor(result0)
  }

  /// One index of a dimension (a view).
  public func select(dim: Int, index: Int) throws(TorchError) -> Tensor {
    var result0 = ct_tensor()
    try check(ct_select(self.handle, Int64(dim), Int64(index), &result0))
    return Tensor(result0)
  }

  /// The given indices of a dimension.
  public func indexSelect(_ index: Tensor, dim: Int) throws(TorchError) -> Tensor {
    var result0 = ct_tensor()
    try check(ct_index_select(self.handle, index.handle, Int64(dim), &result0))
    return Tensor(result0)
  }

  /// Joined along a dimension.
  public static func cat(_ tensors: [Tensor], dim: Int = 0) throws(TorchError) -> Tensor {
    var result0 = ct_tensor()
    try check(ct_cat(tensors.handles, tensors.count, Int64(dim), &result0))
    return Tensor(result0)
  }

  /// Dimensions of length 1 repeated without copying.
  public func expand(shape: [Int]) throws(TorchError) -> Tensor {
    var result0 = ct_tensor()
    try check(ct_expand(self.handle, shape.int64, shape.count, &result0))
    return Tensor(result0)
  }

  /// Zeros with the same shape, type and layout in memory.
  public func zerosLike() throws(TorchError) -> Tensor {
    var result0 = ct_tensor()
    try check(ct_zeros_like(self.handle, &result0))
    return Tensor(result0)
  }

  /// A copy.
  public func clone() throws(TorchError) -> Tensor {
    var result0 = ct_tensor()
    try check(ct_clone(self.handle, &result0))
    return Tensor(result0)
  }

  /// The same elements outside the gradient graph.
  public func detach() throws(TorchError) -> Tensor {
    var result0 = ct_tensor()
    try check(ct_detach(self.handle, &result0))
    return Tensor(result0)
  }

  /// Laid out in a memory format.
  public func contiguous(format: MemoryFormat) throws(TorchError) -> Tensor {
    var result0 = ct_tensor()
    try check(ct_contiguous(self.handle, format.ct, &result0))
    return Tensor(result0)
  }

  /// Converted to an element type.
  public func to(_ dtype: ElementType) throws(TorchError) -> Tensor {
    var result0 = ct_tensor()
    try check(ct_to(self.handle, dtype.ct, &result0))
    return Tensor(result0)
  }
}

// MARK: In place

extension Tensor {
  /// Overwrites with another tensor's elements.
  public func copyInPlace(_ source: Tensor) throws(TorchError) {
    try check(ct_copy_in_place(self.handle, source.handle))
  }

  /// `self += scalar`.
  public func addInPlace(_ scalar: Double) throws(TorchError) {
    try check(ct_add_in_place_scalar(self.handle, scalar))
  }

  /// `self += alpha * other`.
  public func addInPlace(_ other: Tensor, alpha: Double = 1) throws(TorchError) {
    try check(ct_add_in_place(self.handle, other.handle, alpha))
  }

  /// Sets all elements.
  public func fillInPlace(value: Double) throws(TorchError) {
    try check(ct_fill_in_place(self.handle, value))
  }

  /// Sets all elements to 0.
  public func zeroInPlace() throws(TorchError) {
    try check(ct_zero_in_place(self.handle))
  }

  /// Draws all elements from N(mean, std^2).
  public func normalInPlace(mean: Double, std: Double, generator: RandomGenerator) throws(TorchError) {
    try check(ct_normal_in_place(self.handle, mean, std, generator.handle))
  }

  /// Draws all elements from U[from, to).
  public func uniformInPlace(from: Double, to: Double, generator: RandomGenerator) throws(TorchError) {
    try check(ct_uniform_in_place(self.handle, from, to, generator.handle))
  }

  /// Draws all elements uniformly from the whole numbers from..<to.
  public func randomInPlace(from: Int, to: Int, generator: RandomGenerator) throws(TorchError) {
    try check(ct_random_in_place(self.handle, Int64(from), Int64(to), generator.handle))
  }
}

// MARK: Many tensors at once

extension Tensor {
  /// Tensors += weight * (ends - tensors).
  public static func foreachLerpInPlace(_ tensors: [Tensor], ends: [Tensor], weight: Double) throws(TorchError) {
    try check(ct_foreach_lerp_in_place(tensors.handles, tensors.count, ends.handles, ends.count, weight))
  }

  /// Overwrites each with its source's elements.
  public static func foreachCopyInPlace(_ tensors: [Tensor], sources: [Tensor]) throws(TorchError) {
    try check(ct_foreach_copy_in_place(tensors.handles, tensors.count, sources.handles, sources.count))
  }

  /// Adds a number to each.
  public static func foreachAddInPlace(_ tensors: [Tensor], _ scalar: Double) throws(TorchError) {
    try check(ct_foreach_add_in_place(tensors.handles, tensors.count, scalar))
  }

  /// One AdamW step (Loshchilov and Hutter 2019) on every parameter.
  public static func fusedAdamwInPlace(_ parameters: [Tensor], gradients: [Tensor], expAvgs: [Tensor], expAvgSqs: [Tensor], steps: [Tensor], lr: Double, beta1: Double, beta2: Double, weightDecay: Double, eps: Double) throws(TorchError) {
    try check(ct_fused_adamw_in_place(parameters.handles, parameters.count, gradients.handles, gradients.count, expAvgs.handles, expAvgs.count, expAvgSqs.handles, expAvgSqs.count, steps.handles, steps.count, lr, beta1, beta2, weightDecay, eps))
  }
}
