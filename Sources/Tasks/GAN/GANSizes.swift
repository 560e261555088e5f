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
