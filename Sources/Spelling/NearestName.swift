/// `; did you mean ...?` where one of the names is near to a text; nothing where none is.
public func suggestion(for text: String, among names: some Sequence<String>) -> String {
  nearestName(to: text, among: names).map { "; did you mean `\($0)`?" } ?? ""
}

/// The name that a text is most likely a misspelling of; nil where none is near: within two edits, or a third
/// of its letters.
public func nearestName(to text: String, among names: some Sequence<String>) -> String? {
  let nearest = names.map { (name: $0, distance: editDistance(text, $0)) }.min { $0.distance < $1.distance }
  guard let nearest, nearest.distance <= max(2, nearest.name.count / 3) else { return nil }
  return nearest.name
}

/// How many insertions, deletions, replacements and swaps of neighbours make one word into another (Damerau
/// 1964).
func editDistance(_ a: String, _ b: String) -> Int {
  let (a, b) = (Array(a), Array(b))
  var rows = [Array(0...b.count)]
  for i in 0..<a.count {
    var row = [i + 1]
    for j in 0..<b.count {
      var cost = min(rows[i][j + 1] + 1, row[j] + 1, rows[i][j] + (a[i] == b[j] ? 0 : 1))
      if i > 0, j > 0, a[i] == b[j - 1], a[i - 1] == b[j] { cost = min(cost, rows[i - 1][j - 1] + 1) }
      row.append(cost)
    }
    rows.append(row)
  }
  return rows[a.count][b.count]
}
