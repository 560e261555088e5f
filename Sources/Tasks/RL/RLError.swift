/// Why an agent cannot be trained, evaluated or used.
public enum RLError: Error, Hashable, Sendable {
  /// The policy's actions are not finite any more.
  case actionNotFinite
  /// The engine has not said where attachments go.
  case noAttachmentFolder
  /// A checkpoint's networks have other sizes than the settings say.
  case otherSizes(path: String, found: DrQSizes, expected: DrQSizes)
  /// A part of a batch does not fit the agent, or the other parts.
  case batchShape(part: String, found: [Int], expected: [Int])
  /// Images that are to be shifted are not a batch of them, or do not have two offsets each.
  case shiftShape(images: [Int], offsets: Int)
}

extension RLError: CustomStringConvertible {
  /// What is wrong and what was expected, as a sentence.
  public var description: String {
    switch self {
    case .actionNotFinite:
      "the policy's actions are not finite: its weights have diverged; a lower rl.learning_rate may help"
    case .noAttachmentFolder:
      "the job names no folder `attachments`; expected one, where the replay buffer's segments go"
    case .otherSizes(let path, let found, let expected):
      "\(path): its networks have other sizes than the settings say: "
        + "\(found.differences(from: expected)); expected a checkpoint of a run with these settings"
    case .batchShape(let part, let found, let expected):
      "a batch's \(part) have the shape \(found), expected \(expected), as the agent's sizes say"
    case .shiftShape(let images, let offsets):
      "images of the shape \(images) were to be shifted by \(offsets) offsets; "
        + "expected [images, channels, height, width] and two offsets for each image"
    }
  }
}

extension DrQSizes {
  /// What is not as in other sizes, in words; named like the settings.
  fileprivate func differences(from expected: DrQSizes) -> String {
    let parts: [(name: String, found: String, expected: String)] = [
      ("observations", "\(observation.shape)", "\(expected.observation.shape)"),
      ("actions", "\(actions)", "\(expected.actions)"),
      ("hidden", "\(hidden)", "\(expected.hidden)"),
      ("encoder_channels", "\(encoderChannels)", "\(expected.encoderChannels)"),
      ("feature_dims", "\(featureLengths)", "\(expected.featureLengths)"),
    ]
    return parts.filter { $0.found != $0.expected }
      .map { "`\($0.name)` \($0.found) instead of \($0.expected)" }.joined(separator: ", ")
  }
}
