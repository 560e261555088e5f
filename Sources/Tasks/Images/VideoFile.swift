import Files
import Foundation

/// Writes a video picture by picture: an animated PNG by itself, or whatever ffmpeg makes of another
/// extension.
public protocol VideoWriter: AnyObject {
  /// Appends a picture, [height, width, 3].
  func append(_ pixels: [UInt8]) throws
  /// Completes the file; before, there is none of its name.
  func finish() throws
}

/// A video's pictures.
public struct VideoFormat: Hashable, Sendable {
  /// Pixels across; even, as video formats want it.
  public let width: Int
  /// Pixels down; even.
  public let height: Int
  /// Pictures a second.
  public let rate: Double

  /// Describes a video.
  public init(width: Int, height: Int, rate: Double) {
    self.width = width
    self.height = height
    self.rate = rate
  }

  /// The bytes of a picture.
  var byteCount: Int { width * height * 3 }

  /// The extension of the most compact video that can be made here: `mp4` where there is ffmpeg, else `png`.
  static var bestExtension: String { FFmpegVideo.program == nil ? "png" : "mp4" }

  /// Starts a video file: an animated PNG where the path ends in `.png` or `.apng`, else what ffmpeg makes of
  /// the path's extension.
  ///
  /// - Throws: ``VideoError`` if the file cannot be made, or there is no ffmpeg.
  public func writer(to path: String) throws -> any VideoWriter {
    // What the PNG's and ffmpeg's fields hold, far more than screens have.
    guard (1...16_384).contains(width), (1...16_384).contains(height), rate > 0, rate <= 65_535 else {
      throw VideoError(path: path, reason: .format(self))
    }
    let name = (path as NSString).pathExtension.lowercased()
    return ["png", "apng"].contains(name)
      ? try AnimatedPicture(self, path: path) : try FFmpegVideo(self, path: path)
  }
}

/// A video by the program ffmpeg, which is given raw pictures.
final class FFmpegVideo: VideoWriter {
  private let path: String
  private let temporary: String
  private let process = Process()
  private let input = Pipe()
  private var isFinished = false

  init(_ format: VideoFormat, path: String) throws {
    self.path = path
    let parts = (path as NSString)
    temporary = "\(parts.deletingPathExtension).part-\(getpid()).\(parts.pathExtension)"
    guard let program = Self.program else { throw VideoError(path: path, reason: .noFFmpeg) }
    // ffmpeg would write through a link of this name.
    let descriptor = createNewFile(temporary)
    guard descriptor >= 0 else {
      throw VideoError(path: path, reason: .system(String(cString: strerror(errno))))
    }
    close(descriptor)
    // A program that ends early is an error of writing, not the end of this one.
    signal(SIGPIPE, SIG_IGN)
    process.executableURL = URL(fileURLWithPath: program)
    process.arguments = Self.arguments(format, writing: temporary)
    process.standardInput = input
    do {
      try process.run()
    } catch {
      throw VideoError(path: path, reason: .ffmpeg(error.localizedDescription))
    }
  }

  /// What ffmpeg is started with.
  static func arguments(_ format: VideoFormat, writing path: String) -> [String] {
    [
      "-loglevel", "error", "-y", "-f", "rawvideo", "-pixel_format", "rgb24", "-video_size",
      "\(format.width)x\(format.height)", "-framerate", "\(format.rate)", "-i", "-", "-pix_fmt", "yuv420p",
      // Without the prefix, `-x.mp4` would be an option and `tcp://host` an address.
      "file:\(path)",
    ]
  }

  /// Where ffmpeg is, if it is on the search path.
  static var program: String? {
    (ProcessInfo.processInfo.environment["PATH"] ?? "").split(separator: ":").map { "\($0)/ffmpeg" }
      .first { FileManager.default.isExecutableFile(atPath: $0) }
  }

  func append(_ pixels: [UInt8]) throws {
    do {
      try input.fileHandleForWriting.write(contentsOf: Data(pixels))
    } catch {
      throw VideoError(path: path, reason: .ffmpeg("it ended before the last picture"))
    }
  }

  func finish() throws {
    try input.fileHandleForWriting.close()
    process.waitUntilExit()
    guard process.terminationStatus == 0 else {
      throw VideoError(path: path, reason: .ffmpeg("it ended with status \(process.terminationStatus)"))
    }
    guard rename(temporary, path) == 0 else {
      throw VideoError(path: path, reason: .system(String(cString: strerror(errno))))
    }
    isFinished = true
  }

  deinit {
    if isFinished { return }
    if process.isRunning { process.terminate() }
    unlink(temporary)
  }
}

/// Why there is no video.
public struct VideoError: Error, Hashable, Sendable, CustomStringConvertible {
  /// What is wrong.
  public enum Reason: Hashable, Sendable {
    /// The program that makes videos is not there.
    case noFFmpeg
    /// The program failed.
    case ffmpeg(String)
    /// A call of the operating system failed.
    case system(String)
    /// No video can have this size or rate.
    case format(VideoFormat)
    /// A picture has the wrong number of bytes.
    case pictureSize(expected: Int, found: Int)
    /// A library could not compress a picture.
    case compression(Int)
  }

  /// The file.
  public let path: String
  /// What is wrong.
  public let reason: Reason

  /// The file, what was wrong and how to mend it, as a sentence.
  public var description: String {
    switch reason {
    case .noFFmpeg:
      "\(path): there is no ffmpeg on the search path; install it (Debian: ffmpeg), "
        + "or name a file that ends in .png, for an animated PNG"
    case .ffmpeg(let message): "\(path): ffmpeg made no video: \(message)"
    case .system(let message): "\(path): the video cannot be written: \(message)"
    case .format(let format):
      "\(path): a video of \(format.width)x\(format.height) pixels and \(format.rate) pictures a second; "
        + "expected 1 to 16384 pixels each way and up to 65535 pictures a second"
    case .pictureSize(let expected, let found):
      "\(path): a picture has \(found) bytes, expected \(expected)"
    case .compression(let status): "\(path): zlib could not compress a picture: status \(status)"
    }
  }
}
