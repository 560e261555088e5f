import PBTNAS
import Torch

/// Labelled images in memory, as bytes.
struct ImageSet {
  /// [count, 1, side, side], bytes.
  private let pixels: Tensor
  /// [count], int64.
  private let labels: Tensor
  /// The number of images.
  let count: Int

  /// The images of a data set in another size.
  init(_ data: FashionMNIST, side: Int) throws {
    count = data.count
    pixels = try Tensor(data.resized(to: side), shape: [data.count, 1, side, side])
    labels = try Tensor(data.labels.map(Int64.init), shape: [data.count])
  }

  /// The images and labels of the given indices: [n, 1, side, side] in -1...1, and int64 [n].
  func batch(_ indices: [Int]) throws -> (images: Tensor, labels: Tensor) {
    let index = try Tensor(indices.map(Int64.init), shape: [indices.count])
    return (try Self.scaled(pixels.indexSelect(index, dim: 0)), try labels.indexSelect(index, dim: 0))
  }

  /// What `body` gives for all images in order, some at a time.
  func mapBatches<Result>(
    of size: Int, _ body: (_ images: Tensor, _ labels: Tensor) throws -> Result
  ) throws -> [Result] {
    try stride(from: 0, to: count, by: size).map { start in
      let length = min(size, count - start)
      return try body(
        Self.scaled(pixels.narrow(dim: 0, start: start, length: length)),
        labels.narrow(dim: 0, start: start, length: length))
    }
  }

  /// Bytes 0...255 as -1...1.
  private static func scaled(_ bytes: Tensor) throws -> Tensor {
    try bytes.to(.float32) / 127.5 - 1
  }
}

/// Draws batches of indices: all of them in random order, then all in another.
struct BatchSampler {
  private var order: [Int]
  private var position: Int
  private var random: SeededGenerator

  /// Starts at a random order of 0..<count.
  init(count: Int, seed: UInt64) {
    order = Array(0..<count)
    random = SeededGenerator(seed: seed)
    position = count
  }

  /// The next indices; a batch may reach over into the next order.
  mutating func next(_ size: Int) -> [Int] {
    (0..<size).map { _ in
      if position == order.count {
        random.shuffle(&order)
        position = 0
      }
      position += 1
      return order[position - 1]
    }
  }
}
