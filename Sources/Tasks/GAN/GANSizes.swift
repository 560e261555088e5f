import PBTNAS

/// The sizes of the GAN's two networks.
public struct GANSizes: Hashable, Sendable, Codable {
  /// The number of generator cells; each doubles the resolution.
  public var cells: Int
  /// The width and height of the first cell's input.
  public var bottomWidth: Int
  /// Image channels: 1 for grey, 3 for colours.
  public var imageChannels: Int
  /// The length of the latent vector; each cell's projection gets an equal part of it.
  public var latentLength: Int
  /// The generator's channels.
  public var generatorWidth: Int
  /// The discriminator's channels.
  public var discriminatorWidth: Int

  /// Sizes; the defaults are the paper's for CIFAR-10.
  public init(
    cells: Int = 3, bottomWidth: Int = 4, imageChannels: Int = 3, latentLength: Int = 120,
    generatorWidth: Int = 256, discriminatorWidth: Int = 128
  ) {
    self.cells = cells
    self.bottomWidth = bottomWidth
    self.imageChannels = imageChannels
    self.latentLength = latentLength
    self.generatorWidth = generatorWidth
    self.discriminatorWidth = discriminatorWidth
  }

  /// The width and height of the images.
  public var resolution: Int { bottomWidth << cells }
}

// MARK: Limits

extension GANSizes: NetworkSizes {
  /// How many cells a generator may have.
  static let cellLimits = 1...5
  /// How wide the first cell's input may be.
  static let bottomWidthLimits = 1...32
  /// How long latent vectors may be.
  static let latentLimits = 1...4096
  /// How many channels a network may have.
  static let widthLimits = 1...4096
  /// How wide images may be: the sizes to which the data set's can be brought.
  static let resolutions = [8, 16, 32]
  /// Grey or colour, the pictures that can be drawn.
  private static let channelCounts = [1, 3]

  static let textDescription = "a GAN's sizes in JSON"

  var limitedNumbers: [(key: String, value: Int, limits: ClosedRange<Int>)] {
    [
      ("cells", cells, Self.cellLimits), ("bottomWidth", bottomWidth, Self.bottomWidthLimits),
      ("imageChannels", imageChannels, 1...3), ("latentLength", latentLength, Self.latentLimits),
      ("generatorWidth", generatorWidth, Self.widthLimits),
      ("discriminatorWidth", discriminatorWidth, Self.widthLimits),
    ]
  }

  var conflict: (key: String, found: String, expected: String)? {
    if !Self.channelCounts.contains(imageChannels) {
      return ("imageChannels", "\(imageChannels)", "1 for grey or 3 for colours")
    }
    if !hasEqualParts {
      return ("latentLength", "\(latentLength)", "a multiple of `cells` (\(cells))")
    }
    if !hasResolution {
      return (
        "bottomWidth", "\(bottomWidth)", "8, 16 or 32 for `bottomWidth` doubled by each of \(cells) cells"
      )
    }
    return nil
  }

  /// Whether every cell gets an equal part of the latent vector.
  var hasEqualParts: Bool { latentLength.isMultiple(of: cells) }
  /// Whether the images have a size that the data set's can be brought to.
  var hasResolution: Bool { Self.resolutions.contains(resolution) }

  var genes: SearchSpace { GanSearchSpace(cells: cells).searchSpace }
}
