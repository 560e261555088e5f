import Foundation

/// A line in pieces, each in its own style.
struct StyledLine: Hashable {
  /// How a piece looks; the raw value is the terminal's code for it.
  enum Style: Int {
    case plain = 0
    case bold = 1
    case dim = 2
    case red = 31
    case green = 32
    case yellow = 33
  }

  /// A piece.
  struct Piece: Hashable {
    var text: String
    var style: Style
  }

  private(set) var pieces: [Piece] = []

  /// A line of one piece.
  init(_ text: String = "", _ style: Style = .plain) { add(text, style) }

  /// Appends a piece; what would change the terminal's state or break the line is left out.
  mutating func add(_ text: String, _ style: Style = .plain) {
    let shown = text.map { $0.isNewline || $0 == "\t" ? " " : $0 }.filter { character in
      character.unicodeScalars.allSatisfy { $0.properties.generalCategory != .control }
    }
    pieces.append(Piece(text: String(shown), style: style))
  }

  /// Characters across.
  var length: Int { pieces.reduce(0) { $0 + $1.text.count } }

  /// The line cut to a width.
  func clipped(to width: Int) -> StyledLine {
    var (line, room) = (StyledLine(), max(0, width))
    for piece in pieces {
      line.add(String(piece.text.prefix(room)), piece.style)
      room = max(0, room - piece.text.count)
    }
    return line
  }

  /// The line's text, with the terminal's codes for the styles if `colours`.
  func text(colours: Bool) -> String {
    pieces.filter { !$0.text.isEmpty }.map { piece in
      colours && piece.style != .plain ? "\u{1b}[\(piece.style.rawValue)m\(piece.text)\u{1b}[0m" : piece.text
    }.joined()
  }
}

// What a user sees of a run.
extension RunView {
  /// Lines besides the members' rows.
  private static let otherLines = 7

  /// The view at a time, at most `height` lines of at most `width` characters.
  func lines(width: Int, height: Int, at time: Double) -> [StyledLine] {
    let shown = membersThatFit(height - Self.otherLines)
    var lines = [title, header(width: width)]
    lines += shown.map { row($0, width: width) }
    if shown.count < members.count {
      lines.append(StyledLine("... and \(members.count - shown.count) members more", .dim))
    }
    lines += [StyledLine(), bar(width: width), bestLine, timeLine(at: time)]
    if let message { lines.append(StyledLine(message, .yellow)) }
    return lines.suffix(max(1, height)).map { $0.clipped(to: width) }
  }

  private var title: StyledLine {
    var line = StyledLine("pbtnas", .bold)
    line.add("  \(folder)  interval \(interval) of \(intervals)")
    return line
  }

  private func header(width: Int) -> StyledLine {
    StyledLine(
      columns("", "genome", "fitness", "best", "samples/s", width: width) + "state", .dim)
  }

  private func row(_ index: Int, width: Int) -> StyledLine {
    let member = members[index]
    let speed = member.samplesPerSecond.map { String(format: "%.0f", $0) } ?? "-"
    let isBest = best.map { $0.member == index && $0.fitness == member.best } ?? false
    var line = StyledLine(
      columns(
        String(index), member.genome, member.fitness.map(shown) ?? "-", member.best.map(shown) ?? "-", speed,
        width: width), isBest ? .green : .plain)
    switch member.state {
    case .waiting: line.add(member.origin.map { "new \($0)" } ?? "waiting", .dim)
    case .training(1): line.add("evaluating", .bold)
    case .training(let fraction): line.add("training \(percent(fraction))", .bold)
    case .done:
      line.add("done", .green)
      if let metrics = member.metrics { line.add("  \(metrics)", .dim) }
    case .failed: line.add("failed", .red)
    }
    return line
  }

  /// A row's columns up to the state. The genome gives way where the terminal is narrow.
  private func columns(
    _ index: String, _ genome: String, _ fitness: String, _ best: String, _ speed: String, width: Int
  ) -> String {
    let digits = max(2, String(max(0, members.count - 1)).count)
    let wanted = max("genome".count, members.map(\.genome.count).max() ?? 0)
    // Three columns of numbers, two blanks after each of the five, and "training 100 %".
    let room = width - digits - 10 - 10 - 9 - 5 * 2 - 14
    let genomeWidth = max("genome".count, min(wanted, room))
    let cut = genome.count > genomeWidth ? genome.prefix(genomeWidth - 2) + ".." : genome
    return [
      flushRight(index, digits), flushLeft(cut, genomeWidth), flushRight(fitness, 10), flushRight(best, 10),
      flushRight(speed, 9),
    ].map { $0 + "  " }.joined()
  }

  private func bar(width: Int) -> StyledLine {
    let length = max(4, min(40, width - 50))
    let filled = Int(intervalFraction * Double(length))
    var line = StyledLine("[")
    line.add(String(repeating: "#", count: filled), .green)
    line.add(String(repeating: ".", count: length - filled), .dim)
    line.add("] \(percent(intervalFraction)) of interval \(interval); \(intervalsDone) of \(intervals) done")
    return line
  }

  private var bestLine: StyledLine {
    guard let best else { return StyledLine("best so far: none yet") }
    var line = StyledLine("best so far: ")
    line.add(shown(best.fitness), .bold)
    line.add(" by member \(best.member) in interval \(best.interval)")
    return line
  }

  private func timeLine(at time: Double) -> StyledLine {
    let end = left(at: time).map { "about \(clock($0)) left" } ?? "time left is known when a member is done"
    return StyledLine("\(clock(elapsed(at: time))) elapsed, \(end)")
  }

  /// The members to show where there is no room for all: those in training, then the fittest; in order of their numbers.
  private func membersThatFit(_ room: Int) -> [Int] {
    guard members.count > room else { return Array(members.indices) }
    func urgency(_ index: Int) -> (Int, Double) {
      let fitness = members[index].fitness.map { $0.isNaN ? -.infinity : $0 } ?? -.infinity
      if case .training = members[index].state { return (1, fitness) }
      return (0, fitness)
    }
    let order = members.indices.sorted { urgency($0) > urgency($1) }
    return order.prefix(max(0, room - 1)).sorted()
  }
}

/// Text at the right end of a column.
private func flushRight(_ text: some StringProtocol, _ width: Int) -> String {
  String(repeating: " ", count: max(0, width - text.count)) + text
}

/// Text at the left end of a column.
private func flushLeft(_ text: some StringProtocol, _ width: Int) -> String {
  text + String(repeating: " ", count: max(0, width - text.count))
}

/// A part of 1 in whole percent; 100 only at the end.
private func percent(_ fraction: Double) -> String { "\(Int(fraction * 100)) %" }

/// Seconds as `m:ss`, or `h:mm:ss`.
private func clock(_ seconds: Double) -> String {
  let total = seconds.isFinite ? Int(min(max(0, seconds), 1e9).rounded()) : 0
  let (hours, minutes, rest) = (total / 3600, total / 60 % 60, total % 60)
  return hours > 0
    ? String(format: "%d:%02d:%02d", hours, minutes, rest) : String(format: "%d:%02d", minutes, rest)
}
