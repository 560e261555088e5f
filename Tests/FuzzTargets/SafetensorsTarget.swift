import Foundation
import Safetensors

extension FuzzTarget {
  /// Safetensors files, with every tensor's elements.
  static let safetensors = FuzzTarget(name: "safetensors", longestInput: 4096) { input in
    ScratchFolder.withSafetensors(input) { path in
      let file = try SafetensorsFile(path: path)
      for tensor in file.tensors {
        file.withBytes(of: tensor) { bytes in
          precondition(bytes.count == tensor.range.count)
          precondition(bytes.count == tensor.shape.reduce(tensor.dtype.byteCount, *))
          // The last page of a mapping that is longer than its file ends the process.
          _ = (bytes.first, bytes.last)
        }
      }
    }
  }
}

/// Makes a file that holds only a header as long as the header wants it to be, if that is not much.
func addElements(to path: String) throws {
  do throws(SafetensorsError) {
    _ = try SafetensorsFile(path: path)
  } catch {
    guard case .wrongSize(let expected, let found) = error.reason, expected > found, expected < 1 << 22 else {
      throw error
    }
    truncate(path, off_t(expected))
  }
}
