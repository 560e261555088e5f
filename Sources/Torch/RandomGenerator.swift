import CTorch

/// A source of random numbers that belongs to nobody else: libtorch's global generator is never used.
public final class RandomGenerator {
  let handle: ct_generator

  /// Starts a generator from a seed; the same seed gives the same numbers on the same kind of device.
  ///
  /// On the CPU, libtorch's Mersenne Twister takes the seed's low 32 bits alone: seeds that differ in the
  /// others only give the same numbers.
  public init(seed: UInt64, device: Device = .cpu) throws(TorchError) {
    var handle = ct_generator()
    try check(ct_generator_make(seed, device.ct, &handle))
    self.handle = handle
  }

  deinit {
    ct_generator_free(handle)
  }
}
