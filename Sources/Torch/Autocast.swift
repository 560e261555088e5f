import CTorch

/// How a network is computed: weights are float32 in every case.
public enum Precision: String, Sendable, Codable, CaseIterable {
  /// Everything in float32.
  case float32
  /// Convolutions and matrix products in bfloat16, the rest in float32 (automatic mixed precision).
  case bfloat16
}

/// Runs `body` in a precision. Mixed precision is a property of the thread, so `body` is synchronous; the gradients
/// of what was computed in `body` may be taken outside it.
public func withPrecision<Result>(
  _ precision: Precision, on device: Device = .cpu, _ body: () throws -> Result
) throws -> Result {
  let enabled = precision == .bfloat16
  var was = false
  try check(ct_set_autocast(device.ct.kind, enabled, ct_bfloat16, &was))
  let result = Swift.Result { try body() }
  var ignored = false
  try check(ct_set_autocast(device.ct.kind, was, ct_bfloat16, &ignored))
  if enabled && !was {
    // The cache holds this region's bfloat16 copies of weights, which the next optimiser step makes stale.
    try check(ct_clear_autocast_cache())
  }
  return try result.get()
}
