/// `; did you mean ...?` where one of the names is near to a text; nothing where none is.
public func suggestion(for text: String, among names: some Sequence<String>) -> String {
  nearestName(to: text, among: names).map { "; did you mean `\($0)`?" } ?? ""
}

/// The name that a text is most likely a misspelling of; nil where none is near: within two edits, or a third
/// of its letters.
public func nearestName(to text: String, among names: some Sequence<String>) -> String? {
  let length = text.count
  // A text of another length is at least as many edits away: only a long text has to be compared with long
  // names.
  let candidates = names.filter { abs($0.count - length) <= largestDistance(to: $0) }
  let nearest = candidates.map { (name: $0, distance: editDistance(text, $0)) }
    .min { $0.distance < $1.distance }
  guard let nearest, nearest.distance <= largestDistance(to: nearest.name) else { return nil }
  return nearest.name
}

private func largestDistance(to name: String) -> Int { max(2, name.count / 3) }

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
