import Foundation
import PBTNAS
import Testing

@testable import Engine

/// Lines of trainers that say anything at all.
@Suite struct HostileLineTests {
  private static let train = Job.train(
    TrainJob(
      genome: Genome([0]), checkpoint: "/a", seed: 1, evaluationSeed: 2, output: "/b", artifacts: nil))

  private func answer(_ line: Data) throws -> AnswerLine.Meaning {
    try AnswerLine.meaning(of: line, for: Self.train, id: 7)
  }

  private func answer(_ line: String) throws -> AnswerLine.Meaning { try answer(Data(line.utf8)) }

  /// An answer that is a result.
  private func result(_ line: String) throws -> TrainingResult {
    guard case .finished(let result?) = try answer(line) else { throw JobFailed("no result: \(line)") }
    return result
  }

  /// Lines with what is said about them.
  static let unreadable: [(Data, String)] = [
    (Data([0x7B, 0x22, 0xFB, 0x22, 0x3A, 0x31, 0x7D]), "`{\"\u{fffd}\":1}` (not UTF-8)"),
    (Data(#"{"id":7,"error":""#.utf8) + [0xC3] + Data(#""}"#.utf8), "(not UTF-8)"),
    // Half of a surrogate pair, as UTF-8 must not have it.
    (Data(#"{"id":7,"error":""#.utf8) + [0xED, 0xA0, 0x80] + Data(#""}"#.utf8), "(not UTF-8)"),
    (#"{"id":7}"#.data(using: .utf16LittleEndian)!, "(with a zero byte)"),
    (#"{"id":7}"#.data(using: .utf16)!, "(not UTF-8)"),
    (Data(#"{"id":7,"progress":1e+}"#.utf8), "progress"),
    (Data(String(repeating: "[", count: 100_000).utf8), "(nested more than 64 deep)"),
    (Data(String(repeating: #"{"a":"#, count: 100_000).utf8), "(nested more than 64 deep)"),
    (Data(String(repeating: "/*", count: 100_000).utf8), "(not a JSON object)"),
    (Data(#"{"id":7,"error":"\ud800"}"#.utf8), "expected"),
    (Data(#"{"id":1e999}"#.utf8), "expected"),
    (Data(#"{"id":7,"fitness":1e400}"#.utf8), "expected"),
    (Data(#"{"id":99999999999999999999999}"#.utf8), "expected"),
    (Data(#"{"id":0x7,"fitness":1}"#.utf8), "(not a JSON object)"),
    (Data(#"{"id":7,"fitness":+Infinity}"#.utf8), "(not a JSON object)"),
    (Data(#"{"id":7,"fitness":1}/*"#.utf8), "(not a JSON object)"),
    (Data(#"{'id':7,"fitness":1}"#.utf8), "(not a JSON object)"),
    (Data(repeating: UInt8(ascii: " "), count: ProtocolLimits.line + 1), "(longer than 16 MB)"),
  ]

  @Test(
    "a line that cannot be read breaks the protocol, as the first line, as an answer and as a job",
    arguments: unreadable)
  func unreadableLines(line: Data, says: String) throws {
    func check(_ error: any Error, _ says: String) -> Bool {
      let text = "\(error)"
      return error is ProtocolViolation && text.contains(says) && text.count < 1000
        && text.hasPrefix("the trainer broke the worker protocol: found ")
    }
    #expect { try answer(line) } throws: { check($0, says) }
    // A first line lacks other fields than an answer does.
    #expect { try ReadyLine.announcement(in: line) } throws: { check($0, "expected `{\"ready\":true") }
    var lines: [AnswerLine] = []
    try Engine.answer(line, with: ToyTrainer()) { lines.append($0) }
    #expect(lines.count == 1 && lines[0].id == -1 && lines[0].error?.contains("expected a job") == true)
  }

  @Test("bare words are numbers, and in texts they stay what they are")
  func bareWords() throws {
    let found = try result(
      #"{"id":7, "fitness": -Infinity, "metrics":{"NaN":NaN,"a\"b -Infinity":Infinity,"c":"-Infinity"},"#
        + #""files":["/NaN","\\"],"artifacts_problem":"Infinity\\\" NaN"}"#)
    #expect(found.fitness == -.infinity && found.metrics["NaN"]?.isNaN == true)
    #expect(found.metrics[#"a"b -Infinity"#] == .infinity && found.metrics["c"] == -.infinity)
    #expect(found.files == ["/NaN", #"\"#] && found.artifactsProblem == #"Infinity\" NaN"#)
    // A slice of other bytes has indices of its own.
    let slice = Data(#"xx{"id":7,"fitness":NaN}"#.utf8).dropFirst(2)
    guard case .finished(let result?) = try answer(slice) else { throw JobFailed("no result") }
    #expect(result.fitness.isNaN)
  }

  @Test("no change of a line's bytes does more than break the protocol")
  func mutations() throws {
    let seed = randomSeed()
    var random = SeededGenerator(seed: seed)
    let lines = [
      #"{"id":7,"fitness":-31.2,"metrics":{"é\u00e9":1e-3,"\ud83d\ude00":NaN},"files":["a\\\"b"],"seconds":2}"#,
      #"{"id":7,"progress":0.4,"samples_per_second":812E+2}"#, #"{"id":7,"error":"why","disk_full":true}"#,
      #"{"ready":true,"protocol":1,"search_space":{"genes":[{"name":"g","options":["a"],"owns":["n"]}]}}"#,
      #"{"id":7,"job":"train","genome":[0,3],"seed":5,"evaluation_seed":6,"checkpoint":"/a","output":"/b"}"#,
    ].map { Array($0.utf8) }
    let words = [
      "1e+", "-", "0x", "\\u", "\\ud800", "\\", "\"", "{", "}", "[", "]", ":", ",", "NaN", "-Infinity",
      "1e999",
      "9999999999999999999999", "/*", "'", "\u{feff}", "\u{2028}", "\0", "_", "\u{301}",
    ].map { Array($0.utf8) }
    for _ in 0..<3000 {
      var bytes = lines[random.below(lines.count)]
      for _ in 0...random.below(3) {
        let place = random.below(bytes.count + 1)
        let end = min(bytes.count, place + random.below(8))
        switch random.below(5) {
        case 0: bytes.insert(contentsOf: words[random.below(words.count)], at: place)
        case 1: bytes.replaceSubrange(place..<end, with: words[random.below(words.count)])
        case 2: bytes.removeSubrange(place..<end)
        case 3: bytes.replaceSubrange(place..<end, with: [UInt8(random.below(256))])
        default: bytes.removeSubrange(place...)
        }
      }
      let line = Data(bytes)
      _ = isProgressReport(line)
      for read in [{ _ = try answer(line) }, { _ = try ReadyLine.announcement(in: line) }] {
        do {
          try read()
        } catch {
          #expect(error is ProtocolViolation, "seed \(seed): \(line as NSData)")
        }
      }
      try Engine.answer(line, with: ToyTrainer()) { #expect($0.error != nil || $0.progress != nil) }
    }
  }
}

@Suite struct ProtocolLimitTests {
  private let train = Job.train(
    TrainJob(
      genome: Genome([0]), checkpoint: "/a", seed: 1, evaluationSeed: 2, output: "/b", artifacts: nil))

  private func meaning(_ answer: AnswerLine) throws -> AnswerLine.Meaning {
    try AnswerLine.meaning(of: WorkerProtocol.line(answer), for: train, id: 7)
  }

  private func result(_ answer: AnswerLine) throws -> TrainingResult {
    guard case .finished(let result?) = try meaning(answer) else { throw JobFailed("no result") }
    return result
  }

  private static func names(_ count: Int) -> [String] { (0..<count).map { "n\($0)" } }

  private static func gene(_ name: String = "g", _ options: [String] = ["a"], owns: [String] = []) -> Gene {
    Gene(name: name, options: options, owns: owns)
  }

  static let spaces: [(SearchSpace, String)] = [
    (SearchSpace(genes: names(10_001).map { gene($0) }), "found 10001 genes, expected at most 10000"),
    (SearchSpace(genes: [gene("g", names(100_001))]), "found 100001 options of all genes"),
    (SearchSpace(genes: [gene(owns: names(10_001))]), "found 10001 entries in `owns` of all genes"),
    (SearchSpace(genes: [gene()], hyperparameters: names(1001)), "found 1001 hyperparameters"),
    (
      SearchSpace(genes: [gene(String(repeating: "x", count: 501))]), "found a gene's name of 501 bytes, `xxx"
    ),
    (SearchSpace(genes: [gene("g", ["a\nb"])]), "an option's name `a\nb` with a control character"),
    (SearchSpace(genes: [gene("\u{1b}[2Jg")]), "a gene's name `g` with a control character"),
    (SearchSpace(genes: [gene(owns: ["a.\u{202e}b"])]), "an entry in `owns` `a.\u{fffd}b`"),
    (SearchSpace(genes: [gene()], hyperparameters: ["\u{7}"]), "a hyperparameter's name `\u{fffd}`"),
  ]

  @Test("a search space beyond the limits is refused before anything is sized by it")
  func largeSpaces() throws {
    // No arguments of the test, which would be printed.
    for (space, says) in Self.spaces {
      let line = try WorkerProtocol.line(ReadyLine(ready: true, protocol: 1, searchSpace: space))
      #expect { try ReadyLine.announcement(in: line) } throws: {
        $0 is ProtocolViolation && "\($0)".contains(says)
      }
    }
  }

  @Test("a search space at the limits is checked without comparing all names with all")
  func largestSpace() throws {
    let genes = Self.names(10_000).map { Self.gene($0, ["a"], owns: ["m.\($0)"]) }
    try SearchSpace(genes: genes, hyperparameters: Self.names(1000)).validate()
    let wide = SearchSpace(genes: [Self.gene("g", Self.names(100_000))])
    // 10^10 comparisons took minutes.
    let start = clock()
    try wide.validate()
    #expect(Double(clock() - start) / Double(CLOCKS_PER_SEC) < 20)
    #expect(throws: SearchSpaceError.duplicateHyperparameter("a")) {
      try SearchSpace(genes: [Self.gene()], hyperparameters: ["a", "b", "a"]).validate()
    }
  }

  static let answers: [(AnswerLine, String)] = [
    (
      AnswerLine(
        id: 7, fitness: 1,
        metrics: Dictionary(uniqueKeysWithValues: names(10_001).map { ($0, 1) })), "found 10001 `metrics`"
    ),
    (AnswerLine(id: 7, fitness: 1, shownMetrics: names(10_001)), "found 10001 `shown_metrics`"),
    (AnswerLine(id: 7, fitness: 1, files: names(1001)), "found 1001 `files`, expected at most 1000"),
    (AnswerLine(id: 7, fitness: 1, shares: names(1001)), "found 1001 `shares`"),
    (AnswerLine(id: 7, fitness: 1, releases: names(100_001)), "found 100001 `releases`"),
    (
      AnswerLine(id: 7, fitness: 1, metrics: ["a\u{1b}[31m": 1]),
      "a metric's name `a` with a control character"
    ),
    (AnswerLine(id: 7, fitness: 1, files: ["/a\nb"]), "a path in `files` `/a\nb`"),
    (
      AnswerLine(id: 7, fitness: 1, files: [String(repeating: "/a", count: 2049)]),
      "a path in `files` of 4098 bytes"
    ),
    (AnswerLine(id: 7, fitness: 1, releases: ["../x"]), "found `releases` with `../x`"),
    (
      AnswerLine(
        id: 7, fitness: 1,
        shares: ["0123456789abcdef0123456789abcdef." + String(repeating: "x", count: 500)]), "found `shares`"
    ),
  ]

  @Test("an answer's lists and names beyond the limits are refused")
  func largeAnswers() {
    for (answer, says) in Self.answers {
      #expect { try meaning(answer) } throws: {
        $0 is ProtocolViolation && "\($0)".contains(says)
      }
    }
  }

  @Test("a trainer's sentences reach no terminal with commands in them, nor without end")
  func sentences() throws {
    let hostile = "\u{1b}[31mred\u{1b}[0m\u{7}\u{8}\r\nline\ttwo\rthree\u{202e}\u{1b}]0;title\u{7}\u{1b}["
    let clean = "red\u{fffd}\u{fffd}\nline\ttwo\nthree\u{fffd}]0;title\u{fffd}"
    let long = String(repeating: "e\u{301}", count: 10_001)
    #expect(try meaning(AnswerLine(id: 7, error: hostile)) == .failed(JobFailed(clean)))
    let found = try result(
      AnswerLine(
        id: 7, fitness: 1, artifactsProblem: hostile,
        warnings: [hostile, long] + Array(repeating: "w", count: 100_000)))
    #expect(found.artifactsProblem == clean)
    #expect(found.warnings?.count == 101 && found.warnings?.first == clean)
    #expect(found.warnings?[1] == long.prefix(10_000) + "...")
    #expect(found.warnings?.last == "and 99902 more warnings")
    // What stands on one letter is cut, too.
    let stacked = "e" + String(repeating: "\u{301}", count: 1_000_000)
    #expect(stacked.printable(10).unicodeScalars.count < 100)
    #expect("plain, 漢字 and 👩‍👩‍👧".printable(100) == "plain, 漢字 and 👩‍👩‍👧")
    #expect { try AnswerLine.meaning(of: Data("\u{1b}[2JEpoch 1".utf8), for: train, id: 7) } throws: {
      "\($0)".contains("found `Epoch 1` (not a JSON object)")
    }
  }

  @Test("numbers that only serve to be shown or measured are limited to what can be shown and measured")
  func numbers() throws {
    func progress(_ fraction: Double, _ speed: Double?) throws -> TrainingProgress? {
      let line = AnswerLine(id: 7, progress: fraction, samplesPerSecond: speed)
      return if case .progress(let progress) = try meaning(line) { progress } else { nil }
    }
    for (fraction, speed, shown, shownSpeed) in [
      (.nan, .nan, 0, 0), (-1, -5, 0, 0), (1e308, 1e308, 1, 1e9), (.infinity, .infinity, 1, 1e9),
      (0.25, 812, 0.25, 812),
    ] as [(Double, Double, Double, Double)] {
      #expect(
        try progress(fraction, speed) == TrainingProgress(fraction: shown, samplesPerSecond: shownSpeed))
    }
    #expect(try progress(0.5, nil) == TrainingProgress(fraction: 0.5, samplesPerSecond: 0))
    for (seconds, counted) in [(.nan, 0), (-1, 0), (.infinity, 1e9), (2.5, 2.5)] as [(Double, Double)] {
      #expect(try result(AnswerLine(id: 7, fitness: 1, seconds: seconds)).seconds == counted)
    }
    // The fitness is the trainer's own business.
    #expect(try result(AnswerLine(id: 7, fitness: 1e308)).fitness == 1e308)
  }

  @Test("the documentation has the limits that are checked")
  func documentation() throws {
    let root = URL(fileURLWithPath: #filePath).appending(path: "../../..").standardized.path
    let text = try String(contentsOfFile: "\(root)/docs/trainers.md", encoding: .utf8)
    let format = NumberFormatter()
    (format.numberStyle, format.locale) = (.decimal, Locale(identifier: "en_US"))
    for (row, limit) in [
      ("bytes of a line", ProtocolLimits.line),
      ("depth of nested arrays and objects", ProtocolLimits.nesting),
      ("genes", ProtocolLimits.genes), ("options of all genes together", ProtocolLimits.options),
      ("entries in `owns` of all genes together", ProtocolLimits.owned),
      ("hyperparameters", ProtocolLimits.hyperparameters),
      (
        "bytes of a name, be it of a gene, an option, a hyperparameter, a metric or an attachment, or in `owns`",
        ProtocolLimits.name
      ),
      ("entries in `metrics`, and in `shown_metrics`", ProtocolLimits.metrics),
      ("entries in `files`", ProtocolLimits.files), ("bytes of a path in `files`", ProtocolLimits.path),
      ("entries in `shares`", ProtocolLimits.shares), ("entries in `releases`", ProtocolLimits.releases),
    ] {
      let number = try #require(format.string(from: limit as NSNumber))
      #expect(text.contains("| \(row) | \(number) |"), "\(row): \(number)")
    }
    let sentence = try #require(format.string(from: ProtocolLimits.sentence as NSNumber))
    #expect(text.contains("are cut to \(sentence) characters"))
    #expect(text.contains("the first \(ProtocolLimits.warnings) are kept"))
    #expect(ProtocolLimits.samplesPerSecond == 1e9 && ProtocolLimits.seconds == 1e9)
    #expect(LineQueue.maximalBytes == 1 << 20 && WorkerOutput.reportPause == .milliseconds(100))
  }
}
