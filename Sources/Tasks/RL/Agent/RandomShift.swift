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
  ///
  /// - Throws: ``RLError/shiftShape(images:offsets:)`` if there is not a pair of offsets for each image.
  func callAsFunction(_ images: Tensor, offsets: [Int]) throws -> Tensor {
    let shape = images.shape
    guard shape.count == 4, offsets.count == 2 * shape[0] else {
      throw RLError.shiftShape(images: shape, offsets: offsets.count)
    }
    let (height, width) = (shape[2], shape[3])
    let pixels = try images.array(of: UInt8.self)
    let shifted = [UInt8](unsafeUninitializedCapacity: pixels.count) { buffer, count in
      pixels.withUnsafeBufferPointer { source in
        for plane in 0..<shape[0] * shape[1] {
          let image = plane / shape[1]
          let (dx, dy) = (offsets[2 * image] - reach, offsets[2 * image + 1] - reach)
          for y in 0..<height {
            let from = (plane * height + min(max(y + dy, 0), height - 1)) * width
            let to = (plane * height + y) * width
            copyRow(
              UnsafeBufferPointer(rebasing: source[from..<from + width]), shiftedBy: dx,
              to: UnsafeMutableBufferPointer(rebasing: buffer[to..<to + width]))
          }
        }
      }
      count = pixels.count
    }
    return try Tensor(shifted, shape: shape)
  }

  /// Copies a row of pixels from `dx` on, and repeats the one at the border where there are none.
  private func copyRow(
    _ row: UnsafeBufferPointer<UInt8>, shiftedBy dx: Int, to target: UnsafeMutableBufferPointer<UInt8>
  ) {
    let (left, right) = (min(max(-dx, 0), row.count), min(max(dx, 0), row.count))
    let kept = row.count - left - right
    target[..<left].update(repeating: row[0])
    _ = target[left..<left + kept].update(fromContentsOf: row[right..<right + kept])
    target[(left + kept)...].update(repeating: row[row.count - 1])
  }
}
