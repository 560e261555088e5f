import Torch

/// DrQ-v2's image augmentation: an image padded by its border, cropped at a random place, one for each image.
///
/// DrQ-v2 samples the padded image on a bilinear grid that is moved by whole pixels: but for rounding, a
/// crop. So bytes stay bytes here.
struct RandomShift {
  /// The largest shift in pixels, DrQ-v2's `pad`.
  let reach: Int

  /// images: bytes [B, C, H, W], the same out.
  func callAsFunction(_ images: Tensor, _ random: RandomGenerator) throws -> Tensor {
    let offsets = try Tensor.empty([images.shape[0], 2], .int64)
    try offsets.randomInPlace(from: 0, to: 2 * reach + 1, generator: random)
    return try callAsFunction(images, offsets: offsets.array(of: Int64.self).map(Int.init))
  }

  /// The crop of each image that begins `offsets` (x, y, 0...2 * reach, for one image after the other) inside
  /// its padding.
  func callAsFunction(_ images: Tensor, offsets: [Int]) throws -> Tensor {
    let shape = images.shape
    guard shape.count == 4, offsets.count == 2 * shape[0] else {
      throw TorchError("expected images [B, C, H, W] and two offsets each, got \(shape), \(offsets.count)")
    }
    let (height, width) = (shape[2], shape[3])
    let pixels = try images.array(of: UInt8.self)
    let imageLength = shape[1] * height * width
    let shifted = [UInt8](unsafeUninitializedCapacity: pixels.count) { buffer, count in
      pixels.withUnsafeBufferPointer { source in
        for image in 0..<shape[0] {
          let (dx, dy) = (offsets[2 * image] - reach, offsets[2 * image + 1] - reach)
          for channel in 0..<shape[1] {
            let plane = image * imageLength + channel * height * width
            for y in 0..<height {
              let from = plane + min(max(y + dy, 0), height - 1) * width
              let to = plane + y * width
              for x in 0..<width {
                buffer[to + x] = source[from + min(max(x + dx, 0), width - 1)]
              }
            }
          }
        }
      }
      count = pixels.count
    }
    return try Tensor(shifted, shape: shape)
  }
}
