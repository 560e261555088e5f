import Foundation

#if canImport(FoundationXML)
  import FoundationXML
#endif

/// A model's XML before it is compiled, so that a task can change it.
final class ModelDocument {
  private let document: XMLDocument
  private let path: String

  init(_ data: Data, path: String) throws(ControlSuiteError) {
    self.path = path
    // A document mends what is cut off or mismatched, and says nothing. So may `parse`, but it leaves the
    // error.
    let parser = XMLParser(data: data)
    guard parser.parse(), parser.parserError == nil, let document = try? XMLDocument(data: data) else {
      throw .badModel(path: path, reason: "its XML cannot be read beyond line \(parser.lineNumber)")
    }
    self.document = document
  }

  /// The document as text.
  var data: Data { document.xmlData }

  /// Removes the one element of a kind with a name.
  func remove(_ kind: String, named name: String) throws(ControlSuiteError) {
    try element(kind, named: name).detach()
  }

  /// Removes all elements of a kind.
  func removeAll(_ kind: String) throws(ControlSuiteError) {
    for element in try elements("//\(kind)") {
      element.detach()
    }
  }

  /// Sets an attribute of the one element of a kind with a name.
  func set(_ attribute: String, of kind: String, named name: String, to value: String)
    throws(ControlSuiteError)
  {
    let element = try element(kind, named: name)
    element.removeAttribute(forName: attribute)
    let node = XMLNode(kind: .attribute)
    node.name = attribute
    node.stringValue = value
    element.addAttribute(node)
  }

  private func element(_ kind: String, named name: String) throws(ControlSuiteError) -> XMLElement {
    guard let found = try elements("//\(kind)[@name='\(name)']").first else {
      throw .missingElement(kind: kind, name: name, model: path)
    }
    return found
  }

  private func elements(_ expression: String) throws(ControlSuiteError) -> [XMLElement] {
    do {
      return try document.nodes(forXPath: expression).compactMap { $0 as? XMLElement }
    } catch {
      throw .badModel(path: path, reason: "its XML cannot be searched (\(error.localizedDescription))")
    }
  }
}
