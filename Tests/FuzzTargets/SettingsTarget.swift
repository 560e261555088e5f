import Configuration
import Tasks

extension FuzzTarget {
  /// Settings files.
  static let settings = FuzzTarget(name: "settings", longestInput: 2048) { input in
    ScratchFolder.withFile("input.yml", input) { path in
      attempt { _ = try SettingsNode.read(file: path).leaves(except: ["task", "search"]) }
      _ = try RunConfiguration(file: path)
    }
  }
}
