import Foundation
import Testing

@testable import Engine

/// The trainer in Python as a command.
enum PythonTrainer {
  /// - Parameters:
  ///   - fault: what goes wrong in the first training jobs; see the script.
  ///   - times: in how many.
  ///   - member: in whose, if not just anyone's.
  ///   - seconds: how long a training job takes.
  ///   - evaluationSeconds: how long a job of evaluation takes.
  ///   - shows: whether evaluations show what a network does.
  ///   - data: a file without which it does not start.
  static func command(
    _ run: TestRun, fault: String? = nil, times: Int = 1, member: Int? = nil, seconds: Double = 0,
    evaluationSeconds: Double = 0, shows: Bool = false, data: String? = nil, threads: Int = 1
  ) throws -> WorkerCommand {
    let script = try #require(
      Bundle.module.path(forResource: "toy_trainer", ofType: "py", inDirectory: "Fixtures"))
    var arguments = ["python3", script, "--seconds", "\(seconds)", "--times", "\(times)"]
    arguments += ["--evaluation-seconds", "\(evaluationSeconds)"]
    if shows { arguments.append("--shows") }
    if let data { arguments += ["--data", data] }
    if let fault { arguments += ["--fault", fault, "--marker", "\(run.folder.path)/fault"] }
    if let member { arguments += ["--only", "member-0\(member)"] }
    return WorkerCommand(executable: "/usr/bin/env", arguments: arguments, threads: threads)
  }

  /// Workers that run it.
  static func executor(
    _ run: TestRun, workers: Int = 2, fault: String? = nil, times: Int = 1, member: Int? = nil,
    seconds: Double = 0, evaluationSeconds: Double = 0, shows: Bool = false, data: String? = nil,
    heartbeatTimeout: Double = 60
  ) throws -> LocalExecutor {
    LocalExecutor(
      workers: workers,
      command: try command(
        run, fault: fault, times: times, member: member, seconds: seconds,
        evaluationSeconds: evaluationSeconds, shows: shows, data: data),
      heartbeatTimeout: heartbeatTimeout, logFolder: run.folder.logs)
  }
}
