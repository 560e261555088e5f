import Engine
import Foundation

extension FuzzTarget {
  /// Lines of the worker protocol, from trainers and from the engine.
  static let protocolLine = FuzzTarget(name: "protocol-line", longestInput: 2048) { input in
    let line = Data(input)
    for read in ProtocolReader.all { attempt { try read(line) } }
  }
}
