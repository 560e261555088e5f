import CTorch

/// What libtorch, or a check of this layer, found wrong.
public struct TorchError: Error, Hashable, Sendable, CustomStringConvertible {
  /// What was wrong, in libtorch's words where it comes from there.
  public let description: String

  /// Makes an error with a message.
  public init(_ description: String) {
    self.description = description
  }
}

/// Turns an error value of the C interface into a thrown one.
@inline(__always)
func check(_ error: ct_error) throws(TorchError) {
  if error.message != nil {
    throw takeError(error)
  }
}

/// Moves an error value's message into Swift and frees it.
private func takeError(_ error: ct_error) -> TorchError {
  defer { ct_error_free(error) }
  return TorchError(String(cString: error.message))
}
