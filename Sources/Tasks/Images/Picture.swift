import CPNG
import Engine
import Files
import Foundation

/// Pixels of a picture, row by row from the top.
public struct Picture: Hashable, Sendable {
  /// Pixels across.
  public let width: Int
  /// Pixels down.
  public let height: Int
  /// 1 for grey, 3 for red, green, blue.
  public let channels: Int
  /// [height, width, channels].
  public let pixels: [UInt8]

  /// How many pixels a picture may have: enough for a grid of 100,000 samples.
  private static let pixelLimit = 1 << 29
  /// How many pixels a picture that is read may have: a small file can claim any number.
  private static let readLimit = 1 << 26

  /// Makes a picture.
  ///
  /// - Throws: ``PictureShapeError`` if the number of pixels is not what the sizes say.
  public init(width: Int, height: Int, channels: Int, pixels: [UInt8]) throws(PictureShapeError) {
    let expected = try Self.byteCount(width, height, channels)
    guard pixels.count == expected else {
      throw PictureShapeError(
        "\(pixels.count) bytes for \(width)x\(height) pixels of \(channels) channels; expected \(expected)")
    }
    self.width = width
    self.height = height
    self.channels = channels
    self.pixels = pixels
  }

  /// Arranges pictures of one size in rows.
  ///
  /// - Parameters:
  ///   - images: [count, height, width, channels].
  ///   - columns: pictures in a row.
  ///   - scale: how many pixels wide and high every pixel becomes.
  ///   - gap: white pixels between pictures and around them.
  /// - Throws: ``PictureShapeError`` if there is no picture, or the number of bytes is not what the sizes
  ///   say.
  public static func grid(
    of images: [UInt8], count: Int, width: Int, height: Int, channels: Int, columns: Int, scale: Int,
    gap: Int = 2
  ) throws(PictureShapeError) -> Picture {
    let bytes = try byteCount(width, height, channels).multipliedReportingOverflow(by: count)
    guard count > 0, !bytes.overflow, images.count == bytes.partialValue else {
      throw PictureShapeError(
        "\(images.count) bytes for \(count) pictures of \(width)x\(height) pixels and \(channels) channels")
    }
    guard (1...1024).contains(scale), (0...1024).contains(gap) else {
      throw PictureShapeError("a scale of \(scale) and a gap of \(gap); expected up to 1024 each")
    }
    let columns = max(1, min(columns, count))
    let rows = (count + columns - 1) / columns
    let cell = (width: width * scale + gap, height: height * scale + gap)
    let total = (width: columns * cell.width + gap, height: rows * cell.height + gap)
    var pixels = [UInt8](repeating: 255, count: try byteCount(total.width, total.height, channels))
    for image in 0..<count {
      let left = gap + image % columns * cell.width
      let top = gap + image / columns * cell.height
      for y in 0..<height * scale {
        for x in 0..<width * scale {
          let source = ((image * height + y / scale) * width + x / scale) * channels
          let target = ((top + y) * total.width + left + x) * channels
          for channel in 0..<channels { pixels[target + channel] = images[source + channel] }
        }
      }
    }
    return try Picture(width: total.width, height: total.height, channels: channels, pixels: pixels)
  }

  /// The bytes of a picture's pixels.
  ///
  /// - Throws: ``PictureShapeError`` if there is no such picture, or it would be too large.
  private static func byteCount(_ width: Int, _ height: Int, _ channels: Int) throws(PictureShapeError) -> Int
  {
    guard width > 0, height > 0, [1, 3].contains(channels), width <= pixelLimit,
      height <= pixelLimit / width
    else {
      throw PictureShapeError(
        "\(width)x\(height) pixels of \(channels) channels; "
          + "expected 1 or 3 channels and 1 to \(pixelLimit) pixels in all")
    }
    return width * height * channels
  }

  /// Writes the picture as PNG; a file that is there is replaced only by a complete one.
  ///
  /// - Throws: ``PictureError`` if the file cannot be written.
  public func write(to path: String) throws(PictureError) {
    var image = png_image()
    image.version = png_uint_32(PNG_IMAGE_VERSION)
    image.width = png_uint_32(width)
    image.height = png_uint_32(height)
    image.format = png_uint_32(channels == 1 ? 0 : PNG_FORMAT_FLAG_COLOR)
    defer { png_image_free(&image) }
    // The first call only counts.
    var size = 0
    let isCounted = pixels.withUnsafeBytes {
      png_image_write_to_memory(&image, nil, &size, 0, $0.baseAddress, 0, nil) != 0
    }
    var file = Data(count: size)
    let isWritten = file.withUnsafeMutableBytes { file in
      pixels.withUnsafeBytes {
        png_image_write_to_memory(&image, file.baseAddress, &size, 0, $0.baseAddress, 0, nil) != 0
      }
    }
    guard isCounted, isWritten else { throw PictureError(path: path, reason: Self.message(image)) }
    do {
      try file.write(to: URL(filePath: path, directoryHint: .notDirectory), options: .atomic)
    } catch {
      throw PictureError(
        path: path, reason: error.localizedDescription,
        isDiskFull: (error as? CocoaError)?.code == .fileWriteOutOfSpace)
    }
  }

  /// How many bytes a PNG's file may have.
  static let mostBytes = 1 << 28

  /// Reads a PNG as grey or colour.
  ///
  /// - Throws: ``PictureError`` if the file cannot be read.
  public init(path: String) throws(PictureError) {
    var image = png_image()
    image.version = png_uint_32(PNG_IMAGE_VERSION)
    defer { png_image_free(&image) }
    let file: NSData
    do throws(FileAccessError) {
      file = try readRegularFile(path, limit: Self.mostBytes) as NSData
    } catch {
      throw PictureError(path: path, reason: error.explanation)
    }
    // The file's bytes are needed until the end of the reading.
    defer { withExtendedLifetime(file) {} }
    guard png_image_begin_read_from_memory(&image, file.bytes, file.length) != 0 else {
      throw PictureError(path: path, reason: Self.message(image))
    }
    let channels = image.format & png_uint_32(PNG_FORMAT_FLAG_COLOR) == 0 ? 1 : 3
    image.format = png_uint_32(channels == 1 ? 0 : PNG_FORMAT_FLAG_COLOR)
    guard Int(image.width) * Int(image.height) <= Self.readLimit else {
      throw PictureError(
        path: path,
        reason: "it claims \(image.width)x\(image.height) pixels; expected at most \(Self.readLimit) in all")
    }
    var pixels = [UInt8](repeating: 0, count: Int(image.width) * Int(image.height) * channels)
    let done = pixels.withUnsafeMutableBytes { png_image_finish_read(&image, nil, $0.baseAddress, 0, nil) }
    guard done != 0 else { throw PictureError(path: path, reason: Self.message(image)) }
    (width, height, self.channels) = (Int(image.width), Int(image.height), channels)
    self.pixels = pixels
  }

  private static func message(_ image: png_image) -> String {
    withUnsafeBytes(of: image.message) { String(decoding: $0.prefix { $0 != 0 }, as: UTF8.self) }
  }
}

/// Sizes and pixels do not make a picture.
public struct PictureShapeError: Error, Hashable, Sendable, CustomStringConvertible {
  /// What was found and what was expected.
  public let description: String

  init(_ problem: String) { description = "this is no picture: \(problem)" }
}

/// A picture file cannot be written or read.
public struct PictureError: DiskError, Hashable, Sendable, CustomStringConvertible {
  /// The file.
  public let path: String
  /// libpng's or the system's reason.
  public let reason: String
  /// Whether there is no room left for the file.
  public var isDiskFull = false

  /// Both, as a sentence.
  public var description: String { "\(path): the picture cannot be written or read: \(reason)" }
}
