import Foundation

/// What became of showing a network.
struct Showing: Codable, Hashable {
  /// The digest of the network's file.
  var digest: String?
  /// The files that show it, by their names in the run's folder.
  var files: [String]
  /// Why there are none, or fewer than there should be.
  var problem: String?
}

// At the end of a search, what the best network does is shown.
extension Search {
  /// Has the best network evaluated on the run's own draws once more, now with files that show what it does.
  /// That these cannot be made ends no run: the reason is kept and told.
  func showBest() async throws {
    guard let best else { return }
    if let shown: Showing = try record.get(Self.showingKey), shown.digest == best.digest,
      shown.problem == nil,
      shown.files.allSatisfy({ FileManager.default.fileExists(atPath: folder.absolute($0)) })
    {
      return
    }
    try tell(.showingBest(member: best.member, interval: best.interval))
    let job = EvaluateJob(
      genome: best.genome, checkpoint: folder.absolute(RunFolder.bestName), seed: settings.evaluationSeed,
      artifacts: folder.bestArtifacts)
    var showing = Showing(digest: best.digest, files: [])
    do {
      let result = try await perform(.evaluate(job), best.member, best.interval)
      for warning in result?.warnings ?? [] {
        try tell(.memberWarned(member: best.member, interval: best.interval, warning: warning))
      }
      let files = result?.files ?? []
      let missing = files.filter { !FileManager.default.fileExists(atPath: $0) }
      showing.files = files.filter { !missing.contains($0) }.map(folder.name(of:))
      showing.problem =
        result?.artifactsProblem
        ?? missing.first.map { "the trainer named the file \($0), which is not there" }
    } catch let error
      where (error is JobFailed || error is WorkerLost || Self.isMembersFault(error)) && !isInterrupted
    {
      showing.problem = String(describing: error)
    }
    try record.set(Self.showingKey, showing)
    if !showing.files.isEmpty { try tell(.bestShown(files: showing.files)) }
    if let problem = showing.problem { try tell(.bestNotShown(reason: problem)) }
  }

  /// The record's key of a ``Showing``.
  static var showingKey: String { "shown" }
}
