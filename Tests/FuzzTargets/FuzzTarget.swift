/// A reader of what comes from elsewhere, fed with any bytes.
///
/// What a reader refuses by an error is fine. A trap, a hang, or memory far beyond the input's size is a
/// finding.
public struct FuzzTarget: Sendable {
  /// Its name, which is also its corpus folder's.
  public let name: String
  /// The longest input that is worth trying, in bytes.
  public let longestInput: Int
  /// Reads an input.
  public let read: @Sendable (_ input: UnsafeRawBufferPointer) -> Void

  /// All targets.
  public static let all: [FuzzTarget] = [
    .safetensors,
    .checkpoint,
    .idx,
    .picture,
    .replay,
    .settings,
    .protocolLine,
    .record,
  ]
}
