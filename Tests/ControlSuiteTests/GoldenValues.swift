import Foundation
import Safetensors

@testable import ControlSuite

/// Where `scripts/setup` puts the suite's models.
let models = URL(fileURLWithPath: #filePath).deletingLastPathComponent().deletingLastPathComponent()
  .deletingLastPathComponent().appendingPathComponent(".deps/data/dm_control").path

/// Values that `reference/control_suite_golden.py` made.
struct GoldenValues {
  private let file: SafetensorsFile

  /// - Parameter name: the file's, without its ending.
  init(_ name: String) throws {
    let url = Bundle.module.url(forResource: "Golden/\(name)", withExtension: "safetensors")
    file = try SafetensorsFile(path: url?.path ?? "Golden/\(name).safetensors")
  }

  /// A tensor of float64.
  subscript(name: String) -> [Double] {
    get throws { try values(name, .float64) }
  }

  /// A tensor of integers.
  func integers(_ name: String) throws -> [Int64] { try values(name, .int64) }

  /// A tensor of one integer.
  func integer(_ name: String) throws -> UInt64 { UInt64(try integers(name)[0]) }

  /// A tensor of bytes.
  func bytes(_ name: String) throws -> [UInt8] { try values(name, .uint8) }

  private func values<Element>(_ name: String, _ type: DType) throws -> [Element] {
    guard let tensor = file[name], tensor.dtype == type else { throw MissingValue(name: name) }
    return file.withBytes(of: tensor) { bytes in
      // Nothing says that they are aligned.
      (0..<bytes.count / MemoryLayout<Element>.stride).map {
        bytes.loadUnaligned(fromByteOffset: $0 * MemoryLayout<Element>.stride, as: Element.self)
      }
    }
  }
}

struct MissingValue: Error {
  let name: String
}
