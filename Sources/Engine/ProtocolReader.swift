import Foundation
import PBTNAS

/// The readers of the worker protocol's lines, for tests that feed them with any bytes.
package enum ProtocolReader {
  /// A reader for each kind of line; for answers, one for each kind of job.
  package static let all: [@Sendable (Data) throws -> Void] =
    [
      { try ReadyLine.announcement(in: $0).searchSpace.validate() },
      { _ = try WorkerProtocol.decode(JobLine.self, $0, expected: "a job") },
    ]
    + jobs.map { job in { _ = try AnswerLine.meaning(of: $0, for: job, id: 1) } }

  private static let jobs: [Job] = [
    .initialise(InitialiseJob(genome: Genome([0]), seed: 1, output: "output")),
    .train(
      TrainJob(
        genome: Genome([0]), checkpoint: "checkpoint", seed: 1, evaluationSeed: 2, output: "output",
        artifacts: nil)),
    .evaluate(EvaluateJob(genome: Genome([0]), checkpoint: "checkpoint", seed: 1, artifacts: nil)),
  ]
}
