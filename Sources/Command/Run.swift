import ArgumentParser
import Engine
import Foundation
import Tasks

struct Run: AsyncParsableCommand {
  static let configuration = CommandConfiguration(
    abstract: "Start a search.",
    discussion: "Interrupting it (Ctrl-C) keeps what is finished; `pbtnas resume` goes on from there.")

  @Argument(help: ArgumentHelp("The settings file (YAML).", valueName: "config"))
  var file: String

  @Option(
    name: .shortAndLong,
    help: ArgumentHelp(
      "The run's folder; must be empty, or not exist yet. (default: runs/<config's name>-<number>)",
      valueName: "folder"))
  var output: String?

  @OptionGroup var workers: WorkersOption

  @OptionGroup var display: DisplayOptions

  func run() async throws {
    // Settings that are refused leave no folder behind.
    _ = try RunConfiguration(file: file, checksData: true)
    let folder = try output.map(RunFolder.init) ?? Self.freshFolder(for: file)
    try folder.create(configuration: file)
    try await runSearch(in: folder, workers: workers.workers, resumes: false, display)
  }

  /// `runs/<name>-1`, or with the next number that is free.
  private static func freshFolder(for file: String) throws -> RunFolder {
    let name = URL(fileURLWithPath: file).deletingPathExtension().lastPathComponent
    return try RunFolder.makeFirstFree((1...1_000_000).lazy.map { "runs/\(name)-\($0)" })
  }
}

struct Resume: AsyncParsableCommand {
  static let configuration = CommandConfiguration(
    abstract: "Go on with a search that was interrupted.")

  @Argument(help: ArgumentHelp("The run's folder.", valueName: "run"))
  var folder: String

  @OptionGroup var workers: WorkersOption

  @OptionGroup var display: DisplayOptions

  func run() async throws {
    try await runSearch(in: RunFolder(path: folder), workers: workers.workers, resumes: true, display)
  }
}

struct WorkersOption: ParsableArguments {
  @Option(help: "How many work at once, instead of what the settings say.")
  var workers: Int?

  func validate() throws {
    if let workers, workers < 1 { throw ValidationError("--workers must be at least 1, not \(workers)") }
  }
}

struct DisplayOptions: ParsableArguments {
  @Flag(help: "Print the best network's file at the end, and nothing else.")
  var quiet = false

  @Flag(help: "Print every event as a line of JSON.")
  var json = false

  func validate() throws {
    if quiet && json { throw ValidationError("--quiet and --json exclude each other") }
  }
}

/// What is started as a worker: this program, or the user's, which is looked up as a shell would and starts in the settings file's folder.
func workerCommand(
  _ configuration: RunConfiguration, in folder: RunFolder, _ base: String
) throws -> WorkerCommand {
  let threads = configuration.run.threadsPerWorker
  if let program = configuration.program {
    return WorkerCommand(executable: "/usr/bin/env", arguments: program, threads: threads, folder: base)
  }
  return WorkerCommand(
    executable: try FileManager.default.destinationOfSymbolicLink(atPath: "/proc/self/exe"),
    arguments: [
      "worker", "--config", folder.configuration, "--base-folder", base, "--threads", String(threads),
    ], threads: threads)
}

/// Workers for a run.
private func executor(
  _ configuration: RunConfiguration, in folder: RunFolder, _ base: String, workers: Int
) throws -> LocalExecutor {
  LocalExecutor(
    workers: workers, command: try workerCommand(configuration, in: folder, base),
    heartbeatTimeout: configuration.run.heartbeatTimeout, logFolder: folder.logs)
}

/// Has a finished run's trainer do something, to the end or to Ctrl-C.
///
/// - Parameters:
///   - count: how many workers; nil for as many as the settings say.
///   - most: how many have something to do.
func withWorkers(
  of folder: RunFolder, count: Int? = nil, atMost most: Int,
  _ work: (RunSettings, any Executor) async throws -> Void
) async throws {
  let base = try folder.baseFolder()
  let configuration = try RunConfiguration(
    file: folder.configuration, baseFolder: base, checksData: true)
  let executor = try executor(
    configuration, in: folder, base, workers: min(count ?? configuration.run.workers, most))
  let interrupts = InterruptHandler { await executor.stop() }
  defer { interrupts.cancel() }
  do {
    try await work(configuration.run, executor)
  } catch is CancellationError {
    throw ExitCode(130)
  }
}

/// Wires settings, workers, search and display together, and runs to the end or to Ctrl-C.
private func runSearch(
  in folder: RunFolder, workers: Int?, resumes: Bool, _ options: DisplayOptions
) async throws {
  let base = try folder.baseFolder()
  // For a new run the files were looked at before it had a folder.
  let configuration = try RunConfiguration(
    file: folder.configuration, baseFolder: base, checksData: resumes)
  var settings = configuration.run
  settings.workers = workers ?? settings.workers
  let executor = try executor(configuration, in: folder, base, workers: settings.workers)
  let display = makeDisplay(options)
  let search = try Search(folder, settings, executor: executor, resumes: resumes) { display.show($0) }
  let interrupts = InterruptHandler {
    display.stopping()
    await search.interrupt()
  }
  defer {
    interrupts.cancel()
    display.close()
  }
  do {
    _ = try await search.run()
  } catch is CancellationError {
    display.close()
    throw ExitCode(130)
  }
}
