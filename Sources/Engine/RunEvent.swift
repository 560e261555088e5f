import Foundation
import PBTNAS

/// What happens in a run, as it happens: for displays, for machines (`--json`), and for the record.
public enum RunEvent: Codable, Hashable, Sendable {
  /// The run begins, or goes on.
  case runStarted(settings: RunSettings, searchSpace: SearchSpace, folder: String, firstInterval: Int)
  /// An interval begins with these genomes.
  case intervalStarted(interval: Int, genomes: [Genome])
  /// A worker begins to train a member.
  case memberStarted(member: Int, interval: Int)
  /// How far a member has come.
  case progress(member: Int, interval: Int, progress: TrainingProgress)
  /// Something went amiss while a member was trained, which goes on all the same.
  case memberWarned(member: Int, interval: Int, warning: String)
  /// A member was trained and evaluated.
  case memberFinished(member: Int, interval: Int, result: TrainingResult)
  /// A member could not be trained in this interval: it ranks last.
  case memberFailed(member: Int, interval: Int, reason: String)
  /// A worker was lost; the job is tried again unless it was tried too often.
  case workerLost(member: Int, interval: Int, reason: String, tryAgain: Bool)
  /// A worker did not start at first, before there was anything to do; it is started once more.
  case workerStartsAgain(reason: String)
  /// All members are trained; best first.
  case intervalFinished(interval: Int, ranking: [Int], fitness: [Double])
  /// The best network so far was found.
  case bestImproved(member: Int, interval: Int, fitness: Double)
  /// A member was replaced.
  case offspringMade(offspring: Offspring, interval: Int, freshTensors: Int)
  /// A checkpoint is missing or is not what was written; it will be made again from what it came from.
  case checkpointDamaged(file: String, reason: String)
  /// A checkpoint was made again; `isIdentical` if with the same bytes.
  case checkpointRestored(file: String, isIdentical: Bool)
  /// The search is over, and its best network is evaluated once more to show what it does.
  case showingBest(member: Int, interval: Int)
  /// These files, by their names in the run's folder, show what the best network does.
  case bestShown(files: [String])
  /// Files that would show what the best network does could not be made.
  case bestNotShown(reason: String)
  /// The run was stopped from outside; what was finished is kept.
  case interrupted(folder: String)
  /// The run cannot go on; what was finished is kept.
  case runFailed(reason: String)
  /// The run is done.
  case runFinished(summary: RunSummary)
}

extension RunEvent {
  /// The event's name, by which the record keeps it.
  var kind: String { Mirror(reflecting: self).children.first?.label ?? String(describing: self) }

  /// The event as one line of JSON: an object whose only key is the event's name.
  public var jsonLine: String {
    (try? Record.json(self)) ?? "{}"
  }
}

/// What a run has found.
public struct RunSummary: Codable, Hashable, Sendable {
  /// The run's folder.
  public var folder: String
  /// The task's name; nil in records of older versions.
  public var task: String?
  /// The best network's fitness.
  public var bestFitness: Double
  /// The member that had it.
  public var bestMember: Int
  /// At the end of which interval.
  public var bestInterval: Int
  /// Its genome.
  public var bestGenome: Genome
  /// The hyperparameters of the interval that made it, where they are searched.
  public var bestHyperparameters: [String: Double]?
  /// Files that show what the best network does, by their names in the folder; nil where the trainer makes
  /// none.
  public var bestFiles: [String]?
  /// Why there are none, where there should be some.
  public var bestFilesProblem: String?
  /// The best fitness at the end of the first interval.
  public var firstIntervalBestFitness: Double
  /// Intervals done.
  public var intervals: Int
  /// Offspring made.
  public var offspring: Int
  /// Tensors that no parent could give, over all offspring.
  public var freshTensors: Int
  /// Jobs that were tried again or given up because of a lost worker.
  public var lostJobs: Int
  /// Seconds since the run began, without those between an interruption and a resume.
  public var seconds: Double
  /// The part of that time in which no worker trained or evaluated, or was loading and saving.
  public var engineShare: Double
}
