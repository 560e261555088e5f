import Foundation

/// Measures a round of work each time a line arrives on standard input, until it ends.
///
/// The protocol of `Benchmarks/compare`: one line of JSON says what is measured (`{"ready":{...}}`), then each line
/// read is answered by the round's wall time (`{"seconds":0.31}`). So several programs can take turns on one machine.
///
/// - Parameters:
///   - facts: what decides the speed, such as threads and precision.
///   - warmUp: unmeasured rounds before the first, in which libraries choose kernels and caches fill.
///   - round: the work.
public func answerRounds(
  facts: [String: String], warmUp: Int = 3, _ round: () throws -> Void
) throws {
  for _ in 0..<warmUp {
    try round()
  }
  try answer(["ready": facts])
  let clock = ContinuousClock()
  while readLine() != nil {
    let time = try clock.measure(round)
    try answer(["seconds": time / .seconds(1)])
  }
}

private func answer(_ line: some Encodable) throws {
  let encoder = JSONEncoder()
  encoder.outputFormatting = .sortedKeys
  try FileHandle.standardOutput.write(contentsOf: encoder.encode(line) + Data("\n".utf8))
}
