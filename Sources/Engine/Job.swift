import Foundation

/// What the engine asks of a trainer, one at a time.
public enum Job: Hashable, Sendable {
  /// A freshly initialised network.
  case initialise(InitialiseJob)
  /// One interval of training, and an evaluation.
  case train(TrainJob)
  /// An evaluation.
  case evaluate(EvaluateJob)

  /// The job's name in the protocol.
  var name: String {
    switch self {
    case .initialise: "initialise"
    case .train: "train"
    case .evaluate: "evaluate"
    }
  }
}

/// A job with the number that its answers carry: a line from the engine to a trainer.
struct JobLine: Codable, Hashable, Sendable {
  var id: Int
  var job: Job

  private enum CodingKeys: String, CodingKey {
    case id
    case job
  }

  init(id: Int, job: Job) {
    self.id = id
    self.job = job
  }

  init(from decoder: any Decoder) throws {
    let container = try decoder.container(keyedBy: CodingKeys.self)
    id = try container.decode(Int.self, forKey: .id)
    let name = try container.decode(String.self, forKey: .job)
    switch name {
    case "initialise": job = .initialise(try InitialiseJob(from: decoder))
    case "train": job = .train(try TrainJob(from: decoder))
    case "evaluate": job = .evaluate(try EvaluateJob(from: decoder))
    default:
      throw DecodingError.dataCorruptedError(
        forKey: .job, in: container,
        debugDescription: "unknown job `\(name)`; known: initialise, train, evaluate")
    }
  }

  func encode(to encoder: any Encoder) throws {
    var container = encoder.container(keyedBy: CodingKeys.self)
    try container.encode(id, forKey: .id)
    try container.encode(job.name, forKey: .job)
    switch job {
    case .initialise(let job): try job.encode(to: encoder)
    case .train(let job): try job.encode(to: encoder)
    case .evaluate(let job): try job.encode(to: encoder)
    }
  }
}
