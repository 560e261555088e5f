extension Tensor {
  /// `a + b`, elementwise with broadcasting.
  public static func + (a: Tensor, b: Tensor) throws(TorchError) -> Tensor { try a.add(b) }

  /// `a + b`, elementwise.
  public static func + (a: Tensor, b: Double) throws(TorchError) -> Tensor { try a.add(b) }

  /// `a + b`, elementwise.
  public static func + (a: Double, b: Tensor) throws(TorchError) -> Tensor { try b.add(a) }

  /// `a - b`, elementwise with broadcasting.
  public static func - (a: Tensor, b: Tensor) throws(TorchError) -> Tensor { try a.sub(b) }

  /// `a - b`, elementwise.
  public static func - (a: Tensor, b: Double) throws(TorchError) -> Tensor { try a.sub(b) }

  /// `a - b`, elementwise.
  public static func - (a: Double, b: Tensor) throws(TorchError) -> Tensor { try b.rsub(a) }

  /// `a * b`, elementwise with broadcasting.
  public static func * (a: Tensor, b: Tensor) throws(TorchError) -> Tensor { try a.mul(b) }

  /// `a * b`, elementwise.
  public static func * (a: Tensor, b: Double) throws(TorchError) -> Tensor { try a.mul(b) }

  /// `a / b`, elementwise with broadcasting.
  public static func / (a: Tensor, b: Tensor) throws(TorchError) -> Tensor { try a.div(b) }

  /// `a / b`, elementwise.
  public static func / (a: Tensor, b: Double) throws(TorchError) -> Tensor { try a.div(b) }

  /// `-a`, elementwise.
  public static prefix func - (a: Tensor) throws(TorchError) -> Tensor { try a.neg() }
}
