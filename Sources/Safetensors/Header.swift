import Foundation

/// The JSON header of a safetensors file.
struct Header {
  /// What stands under `__metadata__`.
  var metadata: [String: String]
  /// The tensors in the order of their bytes.
  var tensors: [TensorInfo]

  /// The longest header that is read, in bytes: enough for 60,000 tensors. Other readers of the format accept ten times
  /// as much, but what is in a header takes many times its length in memory.
  static let longest = 10_000_000
  /// The most dimensions of a tensor, far above what any library computes with.
  private static let mostDimensions = 64

  private static let metadataKey = "__metadata__"

  init(metadata: [String: String], tensors: [TensorInfo]) {
    self.metadata = metadata
    self.tensors = tensors
  }

  /// Reads a header and checks every tensor's type, shape and place.
  init(json: UnsafeRawBufferPointer, path: String) throws(SafetensorsError) {
    metadata = [:]
    tensors = []
    guard case .object(let members)? = JSONText(json) else {
      throw SafetensorsError(path, .header("expected a JSON object"))
    }
    var names: Set<String> = []
    for (name, value) in members {
      guard names.insert(name).inserted else {
        throw SafetensorsError(path, .tensor(name, "two tensors have this name"))
      }
      if name == Self.metadataKey {
        metadata = try Self.texts(value, path)
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

  private static func texts(_ value: JSONText, _ path: String) throws(SafetensorsError) -> [String: String] {
    var texts: [String: String] = [:]
    guard case .object(let members) = value else {
      throw SafetensorsError(path, .header("`__metadata__` must be an object"))
    }
    for (key, value) in members {
      guard let text = value.string, texts.updateValue(text, forKey: key) == nil else {
        throw SafetensorsError(
          path, .header("`__metadata__` must hold strings only, each under its own name"))
      }
    }
    return texts
  }

  private static func tensor(
    _ name: String, _ value: JSONText, _ path: String
  ) throws(SafetensorsError) -> TensorInfo {
    func wrong(_ message: String) -> SafetensorsError { SafetensorsError(path, .tensor(name, message)) }
    guard case .object(let members) = value,
      case let fields = Dictionary(
        members.map { ($0.name, $0.value) }, uniquingKeysWith: { first, _ in first }),
      fields.count == members.count, let dtypeName = fields["dtype"]?.string,
      let shape = fields["shape"]?.integers,
      let offsets = fields["data_offsets"]?.integers, offsets.count == 2
    else {
      throw wrong("expected `dtype`, `shape` and two `data_offsets`, each once")
    }
    guard shape.count <= mostDimensions else {
      throw wrong("it has \(shape.count) dimensions, expected at most \(mostDimensions)")
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

  /// A text as JSON writes it (RFC 8259, section 7).
  private static func quoted(_ text: String) -> String {
    var quoted = "\""
    for scalar in text.unicodeScalars {
      switch scalar {
      case "\"", "\\": quoted += "\\\(scalar)"
      case "\0"..<" ": quoted += String(format: "\\u%04x", scalar.value)
      default: quoted.unicodeScalars.append(scalar)
      }
    }
    return quoted + "\""
  }

  /// The header's bytes with its length in front, names in their order, padded with spaces so that the elements start at a multiple of 8.
  func encoded() -> Data {
    var members = tensors.map { tensor in
      let shape = tensor.shape.map(String.init).joined(separator: ",")
      let offsets = "\(tensor.range.lowerBound),\(tensor.range.upperBound)"
      let fields =
        "{\"data_offsets\":[\(offsets)],\"dtype\":\"\(tensor.dtype.rawValue)\",\"shape\":[\(shape)]}"
      return (name: tensor.name, text: fields)
    }
    if !metadata.isEmpty {
      let texts = metadata.sorted { $0.key < $1.key }.map {
        "\(Self.quoted($0.key)):\(Self.quoted($0.value))"
      }
      members.append((name: Self.metadataKey, text: "{\(texts.joined(separator: ","))}"))
    }
    members.sort { $0.name < $1.name }
    let texts = members.map { "\(Self.quoted($0.name)):\($0.text)" }
    var json = Data("{\(texts.joined(separator: ","))}".utf8)
    json.append(contentsOf: repeatElement(UInt8(ascii: " "), count: (8 - json.count % 8) % 8))
    var length = UInt64(json.count).littleEndian
    return Swift.withUnsafeBytes(of: &length) { Data($0) } + json
  }
}
