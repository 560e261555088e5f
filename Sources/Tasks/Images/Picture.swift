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

  /// Makes a picture.
  public init(width: Int, height: Int, channels: Int, pixels: [UInt8]) {
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
  public static func grid(
    of images: [UInt8], count: Int, width: Int, height: Int, channels: Int, columns: Int, scale: Int,
    gap: Int = 2
  ) -> Picture {
    let columns = max(1, min(columns, count))
    let rows = (count + columns - 1) / columns
    let cell = (width: width * scale + gap, height: height * scale + gap)
    let total = (width: columns * cell.width + gap, height: rows * cell.height + gap)
    var pixels = [UInt8](repeating: 255, count: total.width * total.height * channels)
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
    return Picture(width: total.width, height: total.height, channels: channels, pixels: pixels)
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

  /// How many bytes a PNG may have, as a file and as pixels: a picture of 9,000 by 9,000 pixels in colour. A small file can
  /// stand for far more.
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
    guard Int(image.width) * Int(image.height) <= Self.mostBytes / channels else {
      throw PictureError(
        path: path, reason: "it has \(image.width)x\(image.height) pixels, which are too many")
    }
    var pixels = [UInt8](repeating: 0, count: Int(image.width) * Int(image.height) * channels)
    let done = pixels.withUnsafeMutableBytes { png_image_finish_read(&image, nil, $0.baseAddress, 0, nil) }
    guard done != 0 else { throw PictureError(path: path, reason: Self.message(image)) }
    self.init(width: Int(image.width), height: Int(image.height), channels: channels, pixels: pixels)
  }

  private static func message(_ image: png_image) -> String {
    withUnsafeBytes(of: image.message) { String(decoding: $0.prefix { $0 != 0 }, as: UTF8.self) }
  }
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
