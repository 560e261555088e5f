import Foundation
import PBTNAS
import Safetensors

/// What a model soup was made of and what it gained.
public struct SoupSummary: Codable, Hashable, Sendable {
  /// A fitness of the best member alone and of the soup, on the same draws.
  public struct Gain: Codable, Hashable, Sendable {
    /// The best member's.
    public var best: Double
    /// The soup's.
    public var soup: Double
  }

  /// The soup's file.
  public var file: String
  /// The digest of its bytes; nil in summaries of before there were digests.
  public var digest: String?
  /// The parts of the network that are averaged, by how their parameters' names begin; nil if all of it is.
  public var parts: [String]?
  /// The interval whose members were tried.
  public var interval: Int
  /// The members with the best one's genome, the best first.
  public var candidates: [Int]
  /// Those that are in the soup.
  public var members: [Int]
  /// On the draws by which the soup was chosen, which are the run's own.
  public var gain: Gain
  /// On other draws, which nothing was chosen by.
  public var gainOnOtherDraws: Gain
  /// The fitness of the run's best network, which may be of an earlier interval.
  public var runBestFitness: Double
}

extension RunFolder {
  /// What the last soup was made of and gained; nil if none was made, or its file is another one by now.
  ///
  /// - Throws: ``RunError/noRun(folder:)``
  public func readSoup() throws -> SoupSummary? {
    try requireRun()
    guard var soup: SoupSummary = try Record(reading: record).get("soup"),
      FileDigests().damage(of: absolute(Self.bestSoupName), expected: soup.digest) == nil
    else { return nil }
    soup.file = bestSoup
    return soup
  }
}

extension SoupSummary {
  /// The summary as one line of JSON.
  public var json: String {
    get throws { try Record.json(self) }
  }
}

/// A step on the way to a soup: what a member would do to it.
public struct SoupStep: Hashable, Sendable {
  /// The member.
  public let member: Int
  /// The fitness of the soup with it.
  public let fitness: Double
  /// Whether it stays in the soup.
  public let isKept: Bool
}

/// Averages the weights of a finished run's last members greedily, and writes `best-soup.safetensors`.
///
/// The members with the genome of the last interval's best one are tried, the fittest first; one stays in the
/// soup if the soup's fitness improves by it (Wortsman et al. 2022, "Model soups", arXiv 2203.05482, recipe
/// 1). What is not averaged (``PBTNAS/CheckpointContents/isAveragedInSoup(_:parts:)``) is the best member's.
///
/// - Parameters:
///   - parts: the parts of the network that are averaged, by how their parameters' names begin: the paper's RL
///     variants are `encoder` alone and `actor` alone. Empty for all of it.
///   - settings: as they are now, which must be those that the run began with; nil for the record's.
///   - executor: evaluates; it is started and stopped here.
///   - report: is told every step.
/// - Throws: ``RunError`` if there is no run, or one that is not finished; ``SoupError``; what the executor
///   throws.
public func makeSoup(
  of folder: RunFolder, parts: [String] = [], settings: RunSettings? = nil, executor: any Executor,
  report: (SoupStep) -> Void
) async throws -> SoupSummary {
  let run = try FinishedRun(folder, settings)
  let interval = run.summary.intervals
  let rows = try run.record.members(interval: interval)
  let candidates = soupCandidates(
    try rows.map { try $0.decodedGenome() }, fitness: rows.map(\.fitnessOrNaN))
  guard !candidates.isEmpty else { throw SoupError.nobody(folder: folder.path, interval: interval) }
  let ingredients = try candidates.map { try ingredient(rows[$0], folder) }
  if let (part, known) = ingredients[0].contents.unknownSoupPart(among: parts) {
    throw SoupError.unknownPart(part, known: known)
  }
  return try await run.withExecutor(executor) {
    let summary = try await Kitchen(run: run, parts: parts, executor: executor)
      .cook(candidates, ingredients, report)
    try run.record.set("soup", summary)
    return summary
  }
}

/// A member's last checkpoint, if it is what the record says.
private func ingredient(_ row: Record.Row, _ folder: RunFolder) throws -> Checkpoint {
  let path = folder.absolute(row.end.name)
  if let damage = FileDigests().damage(of: path, expected: row.end.digest) {
    throw SoupError.checkpoint(path, reason: damage)
  }
  return try Checkpoint(path: path)
}

/// Tries soups of one run.
private struct Kitchen {
  let run: FinishedRun
  let parts: [String]
  let executor: any Executor

  func cook(
    _ candidates: [Int], _ ingredients: [Checkpoint], _ report: (SoupStep) -> Void
  ) async throws -> SoupSummary {
    let (folder, settings) = (run.folder, run.settings)
    let trial = folder.soupTrial
    // It may already have been renamed.
    defer { unlink(trial) }
    let chosenBy = settings.evaluationSeed
    let others = settings.soupSeed
    let (best, genome) = (ingredients[0].file.path, ingredients[0].genome)
    let alone = try await evaluate(best, genome, chosenBy, candidates[0])
    report(SoupStep(member: candidates[0], fitness: alone, isKept: true))
    var (chosen, fitness) = ([0], alone)
    for index in ingredients.indices.dropFirst() {
      try writeSoup(of: (chosen + [index]).map { ingredients[$0] }, parts: parts, to: trial)
      let found = try await evaluate(trial, genome, chosenBy, candidates[index])
      let isKept = found > fitness
      report(SoupStep(member: candidates[index], fitness: found, isKept: isKept))
      if isKept { (chosen, fitness) = (chosen + [index], found) }
    }
    let members = chosen.map { candidates[$0] }
    var texts = ingredients[0].productTexts(fitness: fitness, run.space)
    texts["soup"] = try Record.json(members)
    if !parts.isEmpty { texts["soup_parts"] = try Record.json(parts) }
    try writeSoup(of: chosen.map { ingredients[$0] }, parts: parts, texts: texts, to: trial)
    try folder.makeSampleFolder()
    defer {
      // An empty folder that stays harms nobody.
      try? folder.removeEmptySampleFolders()
    }
    let summary = SoupSummary(
      file: folder.bestSoup, digest: try FileDigests.compute(trial), parts: parts.isEmpty ? nil : parts,
      interval: run.summary.intervals, candidates: candidates, members: members,
      gain: .init(best: alone, soup: fitness),
      gainOnOtherDraws: .init(
        best: try await evaluate(best, genome, others, candidates[0]),
        soup: try await evaluate(
          trial, genome, others, candidates[0], artifacts: "\(folder.samples)/soup")),
      runBestFitness: run.summary.bestFitness)
    // An earlier soup stays what it is until everything is known of this one.
    guard rename(trial, folder.bestSoup) == 0 else { throw FileError.last(folder.bestSoup, "renaming") }
    return summary
  }

  /// The fitness of a network.
  ///
  /// - Parameter member: whom the record names if the worker is lost or the trainer warns of something.
  private func evaluate(
    _ checkpoint: String, _ genome: Genome, _ seed: UInt64, _ member: Int, artifacts: String? = nil
  ) async throws -> Double {
    try await run.evaluate(
      EvaluateJob(genome: genome, checkpoint: checkpoint, seed: seed, artifacts: artifacts),
      member: member, interval: run.summary.intervals, with: executor
    ).fitness
  }
}

/// Writes the mean of checkpoints of one genome, without optimiser state. What is not averaged is the first
/// one's.
///
/// - Parameters:
///   - parts: the parts of the network that are averaged, by how their parameters' names begin; empty for all.
///   - texts: the header's texts; nil for the first checkpoint's.
/// - Throws: ``CheckpointError`` if the checkpoints are not of the same network, ``SafetensorsError`` if
///   writing fails.
func writeSoup(
  of checkpoints: [Checkpoint], parts: [String] = [], texts: [String: String]? = nil, to path: String
) throws {
  guard let first = checkpoints.first else { return }
  for other in checkpoints.dropFirst() { try other.check(continues: first) }
  let tensors = zip(first.file.tensors, first.contents.tensors).filter {
    if case .optimizerState = TensorName($0.0.name) { false } else { true }
  }
  let writer = try SafetensorsWriter(
    path: path, tensors: tensors.map { .init(name: $0.0.name, dtype: $0.0.dtype, shape: $0.0.shape) },
    metadata: texts ?? first.file.metadata)
  for (info, description) in tensors {
    let sources = first.contents.isAveragedInSoup(description, parts: parts) ? checkpoints : [first]
    let files = try sources.map { source in
      guard let tensor = source.file[info.name] else {
        throw CheckpointError(source.file.path, .missingTensor(info.name))
      }
      return (file: source.file, tensor: tensor)
    }
    try withBytes(of: files[...], []) { parts in
      switch info.dtype {
      case _ where parts.count == 1: try writer.write(parts[0])
      case .float64: try writeMean(parts, Float64Element.self, to: writer)
      case .bfloat16: try writeMean(parts, BFloat16Element.self, to: writer)
      case .float16: try writeMean(parts, Float16Element.self, to: writer)
      default: try writeMean(parts, Float32Element.self, to: writer)
      }
    }
  }
  try writer.finish()
}

/// Hands the bytes of all these tensors to a body at once.
private func withBytes(
  of tensors: ArraySlice<(file: SafetensorsFile, tensor: TensorInfo)>, _ opened: [UnsafeRawBufferPointer],
  _ body: ([UnsafeRawBufferPointer]) throws -> Void
) throws {
  guard let next = tensors.first else { return try body(opened) }
  try next.file.withBytes(of: next.tensor) { try withBytes(of: tensors.dropFirst(), opened + [$0], body) }
}

/// Elementwise means, summed in float64 and rounded once.
private func writeMean<Element: StoredElement>(
  _ parts: [UnsafeRawBufferPointer], _ element: Element.Type, to writer: SafetensorsWriter
) throws {
  let size = MemoryLayout<Element.Bits>.size
  let means = (0..<parts[0].count / size).map { index in
    let sum = parts.reduce(0.0) { sum, part in
      sum + Double(Element.value(part.loadUnaligned(fromByteOffset: index * size, as: Element.Bits.self)))
    }
    return Element.bits(Element.Value(sum / Double(parts.count)))
  }
  try means.withUnsafeBytes { try writer.write($0) }
}

/// Why there is no soup.
public enum SoupError: Error, Hashable, Sendable {
  /// No member of the last interval has a finite fitness.
  case nobody(folder: String, interval: Int)
  /// A member's checkpoint is gone or damaged.
  case checkpoint(String, reason: String)
  /// The network has no such part to average.
  case unknownPart(String, known: [String])
}

extension SoupError: CustomStringConvertible {
  /// What is wrong and how to mend it, as a sentence.
  public var description: String {
    switch self {
    case .nobody(let folder, let interval):
      "\(folder): no member of interval \(interval) has a finite fitness, so there is nothing to average"
    case .checkpoint(let path, let reason):
      "\(path) cannot be averaged: \(reason); a soup needs the checkpoints that a run leaves, "
        + "so make it before `pbtnas prune`"
    case .unknownPart(let part, let known):
      "--part \(part): the network has no weights to average whose names begin so; there are "
        + known.joined(separator: ", ")
    }
  }
}
