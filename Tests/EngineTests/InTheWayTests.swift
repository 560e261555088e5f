import Files
import Foundation
import TestSupport
import Testing

@testable import Engine

/// Folders, named pipes and links that have the names of a run's files.
@Suite(.timeLimit(.minutes(10))) struct InTheWayTests {
  enum Obstacle: CaseIterable {
    case folder
    case pipe
    case link
    case brokenLink
  }

  /// Puts something in place of a file.
  private func put(_ obstacle: Obstacle, at path: String, target: TemporaryFolder) throws {
    unlink(path)
    let manager = FileManager.default
    switch obstacle {
    case .folder:
      try manager.createDirectory(atPath: path, withIntermediateDirectories: true)
      try Data("precious".utf8).write(to: URL(fileURLWithPath: "\(path)/file"))
    case .pipe: #expect(mkfifo(path, 0o600) == 0)
    case .link:
      try target.write("precious", to: "target")
      try manager.createSymbolicLink(atPath: path, withDestinationPath: target.file("target"))
    case .brokenLink:
      try manager.createSymbolicLink(atPath: path, withDestinationPath: target.file("nothing"))
    }
  }

  /// Makes sure that what was at a path is beside it now, untouched, and that a regular file has the name or
  /// nothing has.
  private func expectAside(_ obstacle: Obstacle, _ path: String, target: TemporaryFolder) throws {
    let url = URL(fileURLWithPath: path)
    let aside = url.deletingLastPathComponent().path + "/in-the-way-1." + url.lastPathComponent
    var status = stat()
    #expect(lstat(aside, &status) == 0, "\(path)")
    let kinds: [Obstacle: mode_t] = [.folder: S_IFDIR, .pipe: S_IFIFO, .link: S_IFLNK, .brokenLink: S_IFLNK]
    #expect(status.st_mode & S_IFMT == kinds[obstacle])
    if obstacle == .folder {
      #expect(try String(contentsOfFile: "\(aside)/file", encoding: .utf8) == "precious")
    }
    if obstacle == .link {
      #expect(try String(contentsOfFile: target.file("target"), encoding: .utf8) == "precious")
    }
    if lstat(path, &status) == 0 { #expect(status.st_mode & S_IFMT == S_IFREG) }
  }

  @Test(
    "what is in place of a checkpoint is moved aside and reported, and the run ends as if nothing had been",
    arguments: Obstacle.allCases)
  func checkpoints(obstacle: Obstacle) async throws {
    let settings = RunSettings.test(seed: randomSeed())
    let undisturbed = try await TestRun.undisturbed(settings)
    let run = try await TestRun.stopped(settings, after: 22)
    let record = try Record(path: run.folder.record)
    let start = try #require(try record.members(interval: 2).first { !$0.isFinished }).startCheckpoint
    // What a member of a later interval will be trained to.
    let future = run.folder.result(member: 3, interval: 3)
    try run.folder.prepare(interval: 3)
    let target = try TemporaryFolder()
    for name in [start, future] { try put(obstacle, at: run.folder.absolute(name), target: target) }
    try await run.run(settings, InProcessExecutor(workers: 2), resumes: true)
    #expect(try run.outcome() == undisturbed.outcome())
    for name in [start, future] { try expectAside(obstacle, run.folder.absolute(name), target: target) }
    let damage = run.seen.compactMap {
      if case .checkpointDamaged(start, let reason) = $0 { reason } else { nil }
    }
    #expect(damage.count == 1)
    #expect(damage.first?.contains("was moved aside to in-the-way-1.") == true)
    let warnings = run.seen.compactMap {
      if case .memberWarned(3, 3, let warning) = $0 { warning } else { nil }
    }
    #expect(warnings.first?.contains("had the name \(future), and was moved aside") == true)
    #expect(run.seen.contains(.checkpointRestored(file: start, isIdentical: true)))
    // It is nothing that pruning knows.
    _ = try run.folder.prune()
    for name in [start, future] { try expectAside(obstacle, run.folder.absolute(name), target: target) }
  }

  @Test(
    "what is in place of attachments is moved aside, and the run ends as if nothing had been",
    arguments: zip(Obstacle.allCases, [ToyTrainer.Attachments.some, .shared, .shared, .some]))
  func attachments(obstacle: Obstacle, attaches: ToyTrainer.Attachments) async throws {
    let settings = RunSettings.test(seed: randomSeed())
    let undisturbed = try await TestRun.undisturbed(settings, attaches: attaches)
    let run = try await TestRun.stopped(settings, after: 30, attaches: attaches)
    let target = try TemporaryFolder()
    let names = try run.attachmentNames().map { "\(run.folder.attachments.path)/\($0)" }
    for path in names { try put(obstacle, at: path, target: target) }
    let executor = InProcessExecutor(workers: 2, attaches: attaches)
    try await run.run(settings, executor, resumes: true)
    // What nobody needed any more was left where it was.
    let moved = names.filter { FileKind(of: $0) == .regular }
    #expect(!moved.isEmpty)
    for path in moved { try expectAside(obstacle, path, target: target) }
    let folder = run.folder.attachments.path
    for name in try FileManager.default.contentsOfDirectory(atPath: folder)
    where FileKind(of: "\(folder)/\(name)") != .regular {
      try FileManager.default.removeItem(atPath: "\(folder)/\(name)")
    }
    #expect(try run.outcome() == undisturbed.outcome())
  }

  @Test("what is in place of the best network's file is moved aside", arguments: Obstacle.allCases)
  func best(obstacle: Obstacle) async throws {
    let settings = RunSettings.test(seed: randomSeed())
    let undisturbed = try await TestRun.undisturbed(settings)
    let run = try await TestRun.stopped(settings, after: 30)
    let target = try TemporaryFolder()
    try put(obstacle, at: run.folder.absolute(RunFolder.bestName), target: target)
    try await run.run(settings, InProcessExecutor(workers: 2), resumes: true)
    #expect(try run.outcome() == undisturbed.outcome())
    try expectAside(obstacle, run.folder.absolute(RunFolder.bestName), target: target)
  }

  @Test("an attachment that is added moves a folder of its name aside; what is moved gets a free name")
  func added() throws {
    let folder = try TemporaryFolder()
    let attachments = AttachmentFolder(path: folder.path)
    func add() throws -> String {
      try attachments.add(extension: "txt") { try Data("a".utf8).write(to: URL(fileURLWithPath: $0)) }
    }
    let name = try add()
    for number in 1...2 {
      try put(.folder, at: folder.file(name), target: folder)
      #expect(try add() == name)
      #expect(try String(contentsOfFile: folder.file(name), encoding: .utf8) == "a")
      #expect(try folder.names(in: "in-the-way-\(number).\(name)") == ["file"])
    }
  }

  @Test("a named pipe in place of a digest's file, a settings file or a summary does not wait")
  func pipes() async throws {
    let run = try await TestRun.undisturbed(.test(seed: randomSeed()))
    for path in [run.folder.summary, run.folder.absolute("config.base"), run.folder.absolute("pipe")] {
      unlink(path)
      #expect(mkfifo(path, 0o600) == 0)
    }
    #expect(throws: RunError.self) { try run.folder.readSummary() }
    #expect(throws: RunError.self) { try run.folder.baseFolder() }
    let pipe = run.folder.absolute("pipe")
    let damage = FileDigests().damage(of: pipe, expected: "x")
    #expect(damage == "it cannot be read: it is a named pipe, expected a regular file")
    let other = try TemporaryFolder()
    #expect(throws: RunError.self) {
      try RunFolder(path: other.file("run")).create(configuration: pipe)
    }
  }
}
