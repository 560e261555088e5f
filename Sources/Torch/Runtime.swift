import CTorch

/// libtorch itself: version, threads, GPUs.
public enum Runtime {
  /// libtorch's version, such as "2.13.0".
  public static var version: String { String(cString: ct_version()) }

  /// What libtorch was built with and which processor features it uses, in its own words.
  public static func buildDescription() throws(TorchError) -> String {
    var text = ct_error()
    try check(ct_build_description(&text))
    defer { ct_error_free(text) }
    return String(cString: text.message)
  }

  /// How many threads one operation uses.
  public static var threads: Int { Int(ct_threads()) }

  /// Sets how many threads one operation uses. Results can differ in the last bits between thread counts.
  public static func setThreads(_ count: Int) throws(TorchError) {
    guard count > 0, let count = Int32(exactly: count) else {
      throw TorchError("the number of threads must be positive, not \(count)")
    }
    try check(ct_set_threads(count))
  }

  /// Keeps freed memory for later tensors instead of giving it back to the operating system, which would hand
  /// out empty pages again at every step: half of the training time of a small agent that sees pictures. For
  /// programs that train; the process takes up to twice the most memory that its tensors ever took at once.
  ///
  /// - Returns: whether the C library, too, keeps memory for what is not a tensor; only glibc does.
  @discardableResult public static func reuseMemory() -> Bool { ct_reuse_memory() }

  /// Whether the processor multiplies bfloat16 numbers itself (AVX-512 BF16), so that mixed precision is
  /// faster.
  public static var computesBFloat16: Bool { ct_computes_bfloat16() }

  /// Loads libtorch's CUDA half, which is not linked: without this call no GPU is seen.
  ///
  /// - Throws: ``TorchError`` with the loader's reason, such as a CPU-only build. Untested with a real GPU.
  public static func loadCUDA() throws(TorchError) {
    try check(ct_load_cuda())
  }

  /// How many CUDA devices can be used; 0 before ``loadCUDA()``.
  public static var cudaDeviceCount: Int { Int(ct_cuda_device_count()) }

  /// How many tensors and generators are alive, for finding leaks.
  public static var liveHandles: Int { Int(ct_live_handles()) }
}
