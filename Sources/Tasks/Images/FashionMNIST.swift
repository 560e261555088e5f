import Foundation

/// Zalando's Fashion-MNIST (Xiao et al. 2017, arXiv 1708.07747): 60,000 training and 10,000 test images of garments, 28x28, grey, in 10 classes.
public struct FashionMNIST: Sendable {
  /// A part of the data set.
  public enum Part: String, Sendable {
    /// 60,000 images.
    case training = "train"
    /// 10,000 images.
    case test = "t10k"
  }

  /// The images' width and height.
  public static let side = 28
  /// Pixels, [count, 28, 28], 0 for black.
  public let pixels: [UInt8]
  /// A label for every image, 0...9.
  public let labels: [UInt8]

  /// The number of images.
  public var count: Int { labels.count }

  /// Reads a part from a folder with the idx files, compressed by gzip or not.
  ///
  /// - Throws: ``ImageDataError`` if a file is missing or wrong.
  public init(folder: String, _ part: Part) throws(ImageDataError) {
    let (imagePath, labelPath) = Self.files(folder, part)
    let images = try IDXFile(path: imagePath, rank: 3)
    let labels = try IDXFile(path: labelPath, rank: 1)
    guard images.dimensions[1...] == [Self.side, Self.side], images.dimensions[0] == labels.dimensions[0]
    else {
      throw ImageDataError(
        imagePath,
        .mismatch(
          "expected \(labels.dimensions[0]) images of 28x28, one per label, found \(images.dimensions)"))
    }
    if let wrong = labels.bytes.first(where: { $0 > 9 }) {
      throw ImageDataError(labelPath, .mismatch("expected labels 0...9, found \(wrong)"))
    }
    pixels = images.bytes
    self.labels = labels.bytes
  }

  /// The first file of a part that is not there; nil if all are.
  static func missingFile(of part: Part, in folder: String) -> String? {
    let (images, labels) = files(folder, part)
    return [images, labels].first { !FileManager.default.fileExists(atPath: $0) }
  }

  static func files(_ folder: String, _ part: Part) -> (images: String, labels: String) {
    (
      file(folder, "\(part.rawValue)-images-idx3-ubyte"),
      file(folder, "\(part.rawValue)-labels-idx1-ubyte")
    )
  }

  private static func file(_ folder: String, _ name: String) -> String {
    let compressed = "\(folder)/\(name).gz"
    let plain = "\(folder)/\(name)"
    return !FileManager.default.fileExists(atPath: compressed)
      && FileManager.default.fileExists(atPath: plain)
      ? plain : compressed
  }

  /// The images padded by black to 32x32 and averaged over blocks, so that they are `side` wide and high.
  ///
  /// - Parameter side: 8, 16 or 32.
  /// - Returns: [count, side, side].
  func resized(to side: Int) -> [UInt8] {
    let padding = 2
    let block = 32 / side
    return [UInt8](unsafeUninitializedCapacity: count * side * side) { target, initialised in
      var index = 0
      for image in 0..<count {
        for y in 0..<side {
          for x in 0..<side {
            var sum = 0
            for row in y * block - padding..<(y + 1) * block - padding where (0..<Self.side).contains(row) {
              for column in x * block - padding..<(x + 1) * block - padding
              where (0..<Self.side).contains(column) {
                sum += Int(pixels[(image * Self.side + row) * Self.side + column])
              }
            }
            target[index] = UInt8((sum + block * block / 2) / (block * block))
            index += 1
          }
        }
      }
      initialised = index
    }
  }
}
