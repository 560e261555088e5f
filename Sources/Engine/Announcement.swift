import PBTNAS

/// What a trainer says of itself before it is given jobs.
public struct Announcement: Hashable, Sendable {
  /// The genes that its networks are built from, and the hyperparameters that it can be told.
  public var searchSpace: SearchSpace
  /// Whether it makes files that show what a network does where an evaluation asks for them; then a search's
  /// best network is evaluated once more at the end, with such files.
  public var showsBest: Bool

  /// Describes a trainer.
  public init(searchSpace: SearchSpace, showsBest: Bool = false) {
    self.searchSpace = searchSpace
    self.showsBest = showsBest
  }

  /// What is not as another worker of the same trainer has announced it; nil if all is.
  func difference(from other: Announcement) -> String? {
    if searchSpace != other.searchSpace { return "search space" }
    return showsBest == other.showsBest ? nil : "value of `shows_best`"
  }
}
