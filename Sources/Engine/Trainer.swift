import Foundation
import PBTNAS
import Safetensors

/// A program that initialises, trains and evaluates one network at a time, and keeps its weights in
/// safetensors files. It knows nothing of populations.
///
/// The engine's side of the same conversation is the worker protocol: ``Job`` and `AnswerLine` as JSON lines.
public protocol Trainer: AnyObject {
  /// The genes that the trainer's networks are built from, and the hyperparameters that ``train(_:progress:)`` can be
  /// told.
  var searchSpace: SearchSpace { get }

  /// Whether ``evaluate(_:progress:)`` makes files that show what a network does, where a job has
  /// `artifacts`. Then a search's best network is evaluated once more at the end. False unless a trainer says
  /// otherwise.
  var showsBest: Bool { get }

  /// Builds the network of a genome with fresh weights and writes its checkpoint to `job.output`.
  func initialise(_ job: InitialiseJob) throws

  /// Trains the network of a checkpoint for one interval, writes the new checkpoint, and evaluates it.
  ///
  /// - Parameter progress: called now and then with the fraction done (0...1) and throughput figures.
  func train(_ job: TrainJob, progress: (TrainingProgress) -> Void) throws -> TrainingResult

  /// Evaluates the network of a checkpoint without training it.
  ///
  /// - Parameter progress: called now and then with the fraction done (0...1) and throughput figures.
  func evaluate(_ job: EvaluateJob, progress: (TrainingProgress) -> Void) throws -> TrainingResult
}

extension Trainer {
  /// Nothing is shown.
  public var showsBest: Bool { false }

  /// Evaluates the network of a checkpoint without training it, and without saying how far that is.
  public func evaluate(_ job: EvaluateJob) throws -> TrainingResult { try evaluate(job) { _ in } }
}

/// An error that can mean that there is no room left on the disk. That is not the network's fault: the run stops, and can go on later.
public protocol DiskError: Error {
  /// Whether it means that.
  var isDiskFull: Bool { get }
}

/// Whether an error, of this package or of the system's libraries, means that there is no room left on the disk.
func meansFullDisk(_ error: any Error) -> Bool {
  switch error {
  case let error as any DiskError: error.isDiskFull
  case let error as CocoaError: error.code == .fileWriteOutOfSpace
  case let error as POSIXError: [.ENOSPC, .EDQUOT].contains(error.code)
  default: false
  }
}

extension SafetensorsError: DiskError {
  /// Whether there is no room left for the file.
  public var isDiskFull: Bool { if case .diskFull = reason { true } else { false } }
}

/// Asks for a freshly initialised network.
public struct InitialiseJob: Codable, Sendable, Hashable {
  /// The option of every gene.
  public var genome: Genome
  /// The seed of the initial weights, below 2^53 so that every JSON reader keeps it exact.
  public var seed: UInt64
  /// Where the checkpoint is to be written.
  public var output: String

  /// Makes a job.
  public init(genome: Genome, seed: UInt64, output: String) {
    self.genome = genome
    self.seed = seed
    self.output = output
  }
}

/// Asks for one interval of training from a checkpoint, followed by an evaluation.
public struct TrainJob: Codable, Sendable, Hashable {
  /// The option of every gene.
  public var genome: Genome
  /// The checkpoint to start from.
  public var checkpoint: String
  /// The seed of everything random in this interval, below 2^53.
  public var seed: UInt64
  /// The seed of the evaluation, below 2^53: the same for all members and intervals, so that they are
  /// compared on the same draws.
  public var evaluationSeed: UInt64
  /// Where the new checkpoint is to be written.
  public var output: String
  /// Path without extension for files that show what the network does, such as a grid of samples:
  /// the trainer adds `.png` and the like. Nil if none are wanted.
  public var artifacts: String?
  /// The path of the run's ``AttachmentFolder``, for trainers whose checkpoints have attachments. The engine
  /// always names one.
  public var attachments: String?
  /// The attachments that all members share, by their names: a list for each interval that has added some,
  /// the oldest first, in the order of the members that added them. Nil where nobody shares any.
  public var sharedAttachments: [[String]]?
  /// Values of hyperparameters, by the names that the trainer announces in its search space, to train with instead
  /// of its own; nil if none are searched.
  public var hyperparameters: [String: Double]?

  /// Makes a job.
  public init(
    genome: Genome, checkpoint: String, seed: UInt64, evaluationSeed: UInt64, output: String,
    artifacts: String?, attachments: String? = nil, sharedAttachments: [[String]]? = nil,
    hyperparameters: [String: Double]? = nil
  ) {
    self.genome = genome
    self.checkpoint = checkpoint
    self.seed = seed
    self.evaluationSeed = evaluationSeed
    self.output = output
    self.artifacts = artifacts
    self.attachments = attachments
    self.sharedAttachments = sharedAttachments
    self.hyperparameters = hyperparameters
  }
}

/// Asks for an evaluation of a checkpoint.
public struct EvaluateJob: Codable, Sendable, Hashable {
  /// The option of every gene.
  public var genome: Genome
  /// The checkpoint to evaluate.
  public var checkpoint: String
  /// The seed of the evaluation, below 2^53.
  public var seed: UInt64
  /// Path without extension for files that show what the network does; nil if none are wanted. That they
  /// cannot be made is no reason to fail: see ``TrainingResult/artifactsProblem``.
  public var artifacts: String?

  /// Makes a job.
  public init(genome: Genome, checkpoint: String, seed: UInt64, artifacts: String?) {
    self.genome = genome
    self.checkpoint = checkpoint
    self.seed = seed
    self.artifacts = artifacts
  }
}

/// How far a job of training or of evaluation has come.
public struct TrainingProgress: Codable, Sendable, Hashable {
  /// The part of the job that is done, 0...1.
  public var fraction: Double
  /// Training samples (images, environment steps) a second.
  public var samplesPerSecond: Double

  /// Makes a progress report.
  public init(fraction: Double, samplesPerSecond: Double) {
    self.fraction = fraction
    self.samplesPerSecond = samplesPerSecond
  }
}

/// What an evaluation, or training followed by one, found.
public struct TrainingResult: Codable, Sendable, Hashable {
  /// Higher is better. NaN and infinities mean that the network diverged.
  public var fitness: Double
  /// Further figures by name, e.g. `["discriminator_loss": 1.2]`.
  public var metrics: [String: Double]
  /// Which of them a user wants to see beside the fitness while a search runs, in this order; nil for none.
  public var shownMetrics: [String]?
  /// Files written because of `artifacts`.
  public var files: [String]
  /// Seconds spent in training and evaluating, without loading and saving.
  public var seconds: Double
  /// Why files that `artifacts` asked for are not there; nil if nothing is amiss.
  public var artifactsProblem: String?
  /// What went amiss without ending the job, as sentences for the record and the views; nil for nothing.
  public var warnings: [String]?
  /// Attachments that all members are to share from the next interval on, by their names in the run's
  /// ``AttachmentFolder``; nil for none.
  public var shares: [String]?
  /// Those of the job's shared attachments that are not needed any more, as far as this network is concerned;
  /// nil for none.
  public var releases: [String]?

  /// Makes a result.
  public init(
    fitness: Double, metrics: [String: Double], files: [String], seconds: Double,
    shownMetrics: [String]? = nil, artifactsProblem: String? = nil, warnings: [String]? = nil,
    shares: [String]? = nil, releases: [String]? = nil
  ) {
    self.fitness = fitness
    self.metrics = metrics
    self.shownMetrics = shownMetrics
    self.files = files
    self.seconds = seconds
    self.artifactsProblem = artifactsProblem
    self.warnings = warnings
    self.shares = shares
    self.releases = releases
  }
}
