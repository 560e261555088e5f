import Foundation
import TestSupport

@testable import Safetensors

extension TemporaryFolder {
  /// Writes a file with this header, whatever it says, and so many bytes of elements.
  func raw(header: String, length: UInt64? = nil, elements: Int = 0) throws -> String {
    var count = (length ?? UInt64(header.utf8.count)).littleEndian
    let bytes = withUnsafeBytes(of: &count) { Data($0) } + Data(header.utf8) + Data(count: elements)
    let path = file("raw.safetensors")
    try bytes.write(to: URL(fileURLWithPath: path))
    return path
  }
}

/// Why a file is refused; nil if it is not.
func refusal(_ path: String) throws -> SafetensorsError? {
  do {
    _ = try SafetensorsFile(path: path)
    return nil
  } catch {
    return error
  }
}
