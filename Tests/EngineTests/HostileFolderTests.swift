import Foundation
import TestSupport
import Testing

@testable import Engine

/// A run's folder that comes from elsewhere, and may hold anything.
@Suite struct HostileFolderTests {
  /// A folder that is not the run's, with files of names that the engine gives.
  private func victim() throws -> TemporaryFolder {
    let folder = try TemporaryFolder()
    for name in ["member-00.safetensors", "\(String(repeating: "a", count: 32)).toy", "new-1"] {
      try folder.write("precious", to: name)
    }
    try FileManager.default.createDirectory(
      atPath: folder.file("folder/inner"), withIntermediateDirectories: true)
    try folder.write("precious", to: "folder/inner/file")
    return folder
  }

  private func isIntact(_ victim: TemporaryFolder) throws -> Bool {
    let names = try FileManager.default.subpathsOfDirectory(atPath: victim.path)
    return try names.count == 6
      && String(contentsOfFile: victim.file("folder/inner/file"), encoding: .utf8) == "precious"
  }

  @Test(
    "nothing is removed through a link in a run's folder, which is refused with the link's path",
    arguments: ["attachments", "checkpoints", "checkpoints/interval-001"], [true, false])
  func links(name: String, isFinished: Bool) async throws {
    let settings = RunSettings.test(seed: randomSeed())
    let run =
      isFinished
      ? try await TestRun.undisturbed(settings) : try await TestRun.stopped(settings, after: 30)
    let victim = try victim()
    let link = run.folder.absolute(name)
    if FileManager.default.fileExists(atPath: link) { try FileManager.default.removeItem(atPath: link) }
    try FileManager.default.createSymbolicLink(atPath: link, withDestinationPath: victim.path)
    let refused = RunError.notAFolder(path: link)
    #expect(throws: refused) { try run.folder.prune() }
    #expect(throws: refused) { try run.folder.prune(isDryRun: true) }
    await #expect(throws: refused) {
      try await run.run(settings, InProcessExecutor(workers: 2), resumes: true)
    }
    #expect(try isIntact(victim))
  }

  @Test("no worker's log is written through a link or into a pipe", arguments: ["link", "pipe"])
  func logs(kind: String) async throws {
    let run = try TestRun()
    let victim = try victim()
    try FileManager.default.createDirectory(atPath: run.folder.logs, withIntermediateDirectories: true)
    let log = "\(run.folder.logs)/worker-0.log"
    switch kind {
    case "link":
      try FileManager.default.createSymbolicLink(atPath: log, withDestinationPath: victim.file("new-1"))
    default: #expect(mkfifo(log, 0o600) == 0)
    }
    let error = await #expect(throws: RunError.self) {
      try await run.run(.test(), PythonTrainer.executor(run, workers: 1))
    }
    #expect(error?.description.contains(log) == true, "\(String(describing: error))")
    #expect(try String(contentsOfFile: victim.file("new-1"), encoding: .utf8) == "precious")
  }

  @Test("links in place of files, folders, and names that the engine does not give stay where they are")
  func others() async throws {
    let settings = RunSettings.test(seed: randomSeed())
    let run = try await TestRun.undisturbed(settings, attaches: .some)
    let victim = try victim()
    let manager = FileManager.default
    let kept = [
      "checkpoints/interval-004/notes.txt", "checkpoints/interval-004/member-1.safetensors",
      "checkpoints/interval-004/member-00.safetensors-old", "checkpoints/mine/member-00.safetensors",
      "checkpoints/interval-4/member-00.safetensors", "attachments/README", "samples/interval-001/mine.png",
    ]
    for name in kept {
      let path = URL(fileURLWithPath: run.folder.absolute(name))
      try manager.createDirectory(at: path.deletingLastPathComponent(), withIntermediateDirectories: true)
      try Data("mine".utf8).write(to: path)
    }
    let link = run.folder.absolute("checkpoints/interval-004/member-77.safetensors")
    try manager.createSymbolicLink(atPath: link, withDestinationPath: victim.file("new-1"))
    let folder = run.folder.absolute("attachments/new-folder")
    try manager.createDirectory(atPath: folder, withIntermediateDirectories: true)
    let pruned = try run.folder.prune()
    #expect(!pruned.names.isEmpty)
    #expect(try isIntact(victim))
    for name in kept { #expect(manager.fileExists(atPath: run.folder.absolute(name)), "\(name)") }
    #expect(try manager.destinationOfSymbolicLink(atPath: link) == victim.file("new-1"))
    #expect(manager.fileExists(atPath: folder))
    #expect(try run.folder.checkpointNames().isEmpty)
  }

  @Test("what would be removed is named, and that is what goes")
  func named() async throws {
    let run = try await TestRun.stopped(.test(seed: randomSeed()), after: 30, attaches: .some)
    let left = "checkpoints/interval-001/member-00.safetensors.part-123"
    try FileManager.default.createDirectory(
      atPath: run.folder.absolute("checkpoints/interval-001"), withIntermediateDirectories: true)
    try Data([1, 2, 3]).write(to: URL(fileURLWithPath: run.folder.absolute(left)))
    let before = Set(try run.folder.checkpointNames())
    let would = try run.folder.prune(isDryRun: true)
    #expect(would.names.contains(left))
    #expect(Set(try run.folder.checkpointNames()) == before)
    #expect(try run.folder.prune() == would)
    #expect(Set(try run.folder.checkpointNames()) == before.subtracting(would.names))
  }

  @Test(
    "a record without members is refused where there are checkpoints, and nothing is removed or started over")
  func emptyRecord() async throws {
    let settings = RunSettings.test(seed: randomSeed())
    let finished = try await TestRun.undisturbed(settings)
    let stopped = try await TestRun.stopped(settings, after: 30)
    for run in [finished, stopped] {
      let before = try run.folder.checkpointNames().sorted()
      for suffix in ["", "-wal", "-shm"] {
        try? FileManager.default.removeItem(atPath: run.folder.record + suffix)
      }
      try Data().write(to: URL(fileURLWithPath: run.folder.record))
      func isRefused(_ work: () throws -> Void) {
        let error = #expect(throws: RunError.self) { try work() }
        #expect(error?.description.contains("\(run.folder.record): the run's record is damaged") == true)
        #expect(error?.description.contains("has no members, but there is") == true)
      }
      isRefused { _ = try run.folder.prune() }
      isRefused { _ = try run.folder.prune(isDryRun: true) }
      isRefused { _ = try run.search(settings, InProcessExecutor(workers: 1), resumes: true) }
      isRefused { _ = try run.search(settings, InProcessExecutor(workers: 1)) }
      isRefused { try run.folder.create(configuration: "config.yml") }
      #expect(try run.folder.checkpointNames().sorted() == before)
    }
  }

  @Test("a start that was interrupted before the first members were recorded can be resumed")
  func interruptedStart() async throws {
    let settings = RunSettings.test(seed: randomSeed())
    let expected = try await TestRun.undisturbed(settings).outcome()
    // Some of the first networks are there.
    let run = try await TestRun.stopped(settings, after: 5)
    #expect(try Record(path: run.folder.record).lastInterval() == nil)
    #expect(try !run.folder.checkpointNames().isEmpty)
    try await run.run(settings, InProcessExecutor(workers: 2), resumes: true)
    #expect(try run.outcome() == expected)
  }

  @Test(
    "the folder of a start that was killed while it was made can be used again",
    arguments: [
      [".lock"], [".lock", ".dat.nosync1f.a1b2"], [".lock", "config.yml"],
      [".lock", "config.yml", ".dat.nosync1f.a1b2"], [".lock", "config.yml", "config.base"],
    ])
  func killedStart(leftovers: [String]) throws {
    let folder = try TemporaryFolder()
    try folder.write("task: toy\n", to: "settings.yml")
    let run = try TestRun(folder.file("run"))
    for name in leftovers { try folder.write("half", to: "run/\(name)") }
    try run.folder.create(configuration: folder.file("settings.yml"))
    #expect(try folder.names(in: "run") == [".lock", "config.base", "config.yml"])
    #expect(try String(contentsOfFile: run.folder.configuration, encoding: .utf8) == "task: toy\n")
  }

  @Test(
    "a folder with anything else in it is not taken for one of an interrupted start",
    arguments: [
      ["config.yml"], [".lock", "thesis.tex"], [".dat.nosync1f.a1b2"],
      [".lock", "config.yml", "checkpoints"],
    ])
  func usedFolder(names: [String]) throws {
    let folder = try TemporaryFolder()
    try folder.write("task: toy\n", to: "settings.yml")
    let run = try TestRun(folder.file("run"))
    for name in names { try folder.write("mine", to: "run/\(name)") }
    #expect(throws: RunError.notEmpty(folder: run.folder.path)) {
      try run.folder.create(configuration: folder.file("settings.yml"))
    }
    #expect(try folder.names(in: "run") == names.sorted())
  }

  @Test("a search whose folder is moved stops and leaves no folder behind, and is resumed where it is now")
  func movedMeanwhile() async throws {
    let settings = RunSettings.test(seed: randomSeed())
    let expected = try await TestRun.undisturbed(settings, attaches: .some).outcome()
    let run = try TestRun()
    let place = "\(run.folder.path)-moved"
    func searchAndMove() async throws {
      let search = try run.search(settings, InProcessExecutor(workers: 2, attaches: .some)) { event in
        guard case .intervalFinished(2, _, _) = event else { return }
        try? FileManager.default.moveItem(atPath: run.folder.path, toPath: place)
      }
      _ = try await search.run()
    }
    await #expect(throws: RunError.moved(folder: run.folder.path)) { try await searchAndMove() }
    #expect(!FileManager.default.fileExists(atPath: run.folder.path))
    let moved = try TestRun(place)
    await moved.waitForLock()
    try await moved.run(settings, InProcessExecutor(workers: 2, attaches: .some), resumes: true)
    #expect(try moved.outcome() == expected)
  }
}
