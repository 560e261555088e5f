import CLibFuzzer
import Foundation
import FuzzTargets

// FUZZ_TARGET=name fuzz [libFuzzer's arguments...]
// In the environment, since libFuzzer starts its own program again for some tasks.
if CommandLine.arguments.dropFirst() == ["--list"] {
  // A line for each target: its name, and the longest input that is worth trying.
  for target in FuzzTarget.all { print(target.name, target.longestInput) }
  exit(0)
}
let name = ProcessInfo.processInfo.environment["FUZZ_TARGET"] ?? ""
guard let target = FuzzTarget.all.first(where: { $0.name == name }) else {
  let names = FuzzTarget.all.map(\.name).joined(separator: ", ")
  FileHandle.standardError.write(Data("fuzz: FUZZ_TARGET is `\(name)`; expected one of \(names)\n".utf8))
  exit(64)
}
let read = target.read
var count = CommandLine.argc
var arguments: UnsafeMutablePointer<UnsafeMutablePointer<CChar>?>? = CommandLine.unsafeArgv
exit(
  LLVMFuzzerRunDriver(&count, &arguments) { bytes, count in
    read(UnsafeRawBufferPointer(start: bytes, count: count))
    return 0
  })
