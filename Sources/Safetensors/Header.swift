import Foundation

/// The JSON header of a safetensors file.
struct Header {
  /// What stands under `__metadata__`.
  var metadata: [String: String]
  /// The tensors in the order of their bytes.
  var tensors: [TensorInfo]

  /// The longest header that readers of the format accept, in bytes.
  static let longest = 100_000_000

  private static let metadataKey = "__metadata__"

  init(metadata: [String: String], tensors: [TensorInfo]) {
    self.metadata = metadata
    self.tensors = tensors
  }

  /// Reads a header and checks every tensor's type, shape and place.
  init(json: Data, path: String) throws(SafetensorsError) {
    metadata = [:]
    tensors = []
    guard let object = try? JSONSerialization.jsonObject(with: json) as? [String: Any] else {
      throw SafetensorsError(path, .header("expected a JSON object"))
    }
    let names = try Self.names(in: json, path)
    guard names.count == object.count else {
      let twice = Dictionary(grouping: names) { $0 }.first { $0.value.count > 1 }?.key
      throw SafetensorsError(path, .tensor(twice ?? "?", "two tensors have this name"))
    }
    for (name, value) in object {
      if name == Self.metadataKey {
        guard let texts = value as? [String: String] else {
          throw SafetensorsError(path, .header("`__metadata__` must hold strings only"))
        }
        metadata = texts
      } else {
        tensors.append(try Self.tensor(name, value, path))
      }
    }
    tensors.sort {
      ($0.range.lowerBound, $0.range.upperBound, $0.name) < (
        $1.range.lowerBound, $1.range.upperBound, $1.name
      )
    }
    var end = 0
    for tensor in tensors {
      guard tensor.range.lowerBound == end else {
        throw SafetensorsError(
          path,
          .tensor(
            tensor.name,
            "its bytes start at \(tensor.range.lowerBound), where \(end) was expected: "
              + "tensors must follow each other without gap or overlap, each under its own name"))
      }
      end = tensor.range.upperBound
    }
  }

  /// The names of the outermost object, as often as they occur: the JSON reader keeps only one of each.
  ///
  /// - Parameter json: well-formed JSON.
  private static func names(in json: Data, _ path: String) throws(SafetensorsError) -> [String] {
    var names: [String] = []
    var depth = 0
    var lastText = json.startIndex..<json.startIndex
    var index = json.startIndex
    while index < json.endIndex {
      switch json[index] {
      case UInt8(ascii: "{"), UInt8(ascii: "["): depth += 1
      case UInt8(ascii: "}"), UInt8(ascii: "]"): depth -= 1
      case UInt8(ascii: ":") where depth == 1:
        guard let name = try? JSONDecoder().decode(String.self, from: json[lastText]) else {
          throw SafetensorsError(path, .header("expected a JSON object"))
        }
        names.append(name)
      case UInt8(ascii: "\""):
        let start = index
        index += 1
        while index < json.endIndex && json[index] != UInt8(ascii: "\"") {
          index += json[index] == UInt8(ascii: "\\") ? 2 : 1
        }
        lastText = start..<min(index + 1, json.endIndex)
      default: break
      }
      index += 1
    }
    return names
  }

  private static func tensor(_ name: String, _ value: Any, _ path: String) throws(SafetensorsError)
    -> TensorInfo
  {
    func wrong(_ message: String) -> SafetensorsError { SafetensorsError(path, .tensor(name, message)) }
    guard let fields = value as? [String: Any], let dtypeName = fields["dtype"] as? String,
      let shape = fields["shape"] as? [Int], let offsets = fields["data_offsets"] as? [Int],
      offsets.count == 2
    else {
      throw wrong("expected `dtype`, `shape` and two `data_offsets`")
    }
    guard let dtype = DType(rawValue: dtypeName) else {
      throw wrong(
        "unknown dtype `\(dtypeName)`; known: \(DType.allCases.map(\.rawValue).joined(separator: ", "))")
    }
    guard shape.allSatisfy({ $0 >= 0 }), offsets[0] >= 0, offsets[0] <= offsets[1] else {
      throw wrong("negative length or offsets out of order: shape \(shape), data_offsets \(offsets)")
    }
    var size = dtype.byteCount
    for length in shape {
      let (product, overflow) = size.multipliedReportingOverflow(by: length)
      if overflow { throw wrong("shape \(shape) is larger than any file") }
      size = product
    }
    guard size == offsets[1] - offsets[0] else {
      throw wrong(
        "shape \(shape) of \(dtypeName) needs \(size) bytes, but data_offsets give \(offsets[1] - offsets[0])"
      )
    }
    return TensorInfo(name: name, dtype: dtype, shape: shape, range: offsets[0]..<offsets[1])
  }

  /// The header's bytes with its length in front, padded with spaces so that the elements start at a multiple of 8.
  func encoded() throws -> Data {
    var object: [String: Any] = [:]
    if !metadata.isEmpty { object[Self.metadataKey] = metadata }
    for tensor in tensors {
      object[tensor.name] = [
        "dtype": tensor.dtype.rawValue, "shape": tensor.shape,
        "data_offsets": [tensor.range.lowerBound, tensor.range.upperBound],
      ]
    }
    var json = try JSONSerialization.data(
      withJSONObject: object, options: [.sortedKeys, .withoutEscapingSlashes])
    json.append(contentsOf: repeatElement(UInt8(ascii: " "), count: (8 - json.count % 8) % 8))
    var length = UInt64(json.count).littleEndian
    return Swift.withUnsafeBytes(of: &length) { Data($0) } + json
  }
}
