import Engine
import Testing

@testable import Command
@testable import PBTNAS

@Suite struct RunViewTests {
  private let space = SearchSpace(
    genes: (0..<6).map { Gene(name: "g\($0)", options: ["a", "b", "c"], owns: []) })

  /// A run of 4 members and 3 intervals that began at second 100.
  private func started() -> RunView {
    var view = RunView()
    let settings = RunSettings(
      task: "gan", method: MethodSettings(populationSize: 4, intervals: 3), workers: 2)
    view.take(
      .runStarted(settings: settings, searchSpace: space, folder: "runs/x-1", firstInterval: 1), at: 100)
    view.take(.intervalStarted(interval: 1, genomes: genomes), at: 100)
    return view
  }

  private var genomes: [Genome] { (0..<4).map { Genome([$0 % 3, 1, 2, 0, 1, 2]) } }

  private func result(_ fitness: Double) -> TrainingResult {
    TrainingResult(fitness: fitness, metrics: [:], files: [], seconds: 10)
  }

  private func train(
    _ member: Int, _ interval: Int, _ fitness: Double, in view: inout RunView, at time: Double
  ) {
    view.take(.memberStarted(member: member, interval: interval), at: time)
    view.take(.memberFinished(member: member, interval: interval, result: result(fitness)), at: time)
  }

  private func text(_ view: RunView, width: Int = 100, height: Int = 40, at time: Double) -> String {
    view.lines(width: width, height: height, at: time).map { $0.text(colours: false) }
      .map { line in String(line.reversed().drop { $0 == " " }.reversed()) }.joined(separator: "\n")
  }

  @Test("a table shows every member's genome, fitness and state, and below it how far the run is")
  func firstInterval() {
    var view = started()
    train(0, 1, -12.5, in: &view, at: 110)
    view.take(.memberStarted(member: 1, interval: 1), at: 110)
    view.take(
      .progress(member: 1, interval: 1, progress: TrainingProgress(fraction: 0.436, samplesPerSecond: 812.4)),
      at: 112)
    view.take(.memberFailed(member: 2, interval: 1, reason: "it\nbroke"), at: 113)
    let expected = """
      pbtnas  runs/x-1  interval 1 of 3
          genome     fitness        best  samples/s  state
       0  012012    -12.5000    -12.5000          -  done
       1  112012           -           -        812  training 43 %
       2  212012    diverged           -          -  failed
       3  012012           -           -          -  waiting

      [########################................] 60 % of interval 1; 0 of 3 done
      best so far: -12.5000 by member 0 in interval 1
      0:14 elapsed, about 1:36 left
      member 2 failed in interval 1: it broke
      """
    #expect(text(view, at: 114.36) == expected)
  }

  @Test(
    "an offspring's row says where it comes from until it is trained, and keeps nothing of whom it replaced")
  func offspring() {
    var view = started()
    for member in 0..<4 { train(member, 1, -Double(10 + member), in: &view, at: 120) }
    view.take(.intervalFinished(interval: 1, ranking: [0, 1, 2, 3], fitness: [-10, -11, -12, -13]), at: 120)
    view.take(.bestImproved(member: 0, interval: 1, fitness: -10), at: 120)
    let child = Offspring(
      of: 0, donor: 1, filling: 3, Genome([0, 1, 2, 0, 1, 1]), donated: [1, 2, 3, 5], .mix, after: 1,
      RunSeed(1))
    view.take(.offspringMade(offspring: child, interval: 2, freshTensors: 0), at: 121)
    view.take(.intervalStarted(interval: 2, genomes: Array(genomes[..<3]) + [child.genome]), at: 121)
    train(0, 2, -20, in: &view, at: 125)
    let expected = """
      pbtnas  runs/x-1  interval 2 of 3
          genome     fitness        best  samples/s  state
       0  012012    -20.0000    -10.0000          -  done
       1  112012    -11.0000    -11.0000          -  waiting
       2  212012    -12.0000    -12.0000          -  waiting
       3  012011           -           -          -  new from 0 with 4 genes of 1

      [##########..............................] 25 % of interval 2; 1 of 3 done
      best so far: -10.0000 by member 0 in interval 1
      0:25 elapsed, about 0:35 left
      """
    #expect(text(view, at: 125) == expected)
    train(3, 2, -9, in: &view, at: 130)
    #expect(text(view, at: 130).contains(" 3  012011     -9.0000     -9.0000          -  done"))
  }

  @Test(
    "what a trainer wants to be seen stands beside its member's state, and in the line of a member that is done"
  )
  func metrics() {
    var view = started()
    var found = result(-3)
    found.metrics = ["episode_return": 612.345, "loss": 0.1, "episode_steps": 500]
    found.shownMetrics = ["episode_return", "episode_steps", "unknown"]
    view.take(.memberStarted(member: 0, interval: 1), at: 101)
    view.take(.memberFinished(member: 0, interval: 1, result: found), at: 110)
    #expect(
      text(view, at: 110).contains(
        " 0  012012     -3.0000     -3.0000          -  done  episode_return 612.3, episode_steps 500\n"))
    #expect(shownMetrics(found) == "episode_return 612.3, episode_steps 500")
    #expect(shownMetrics(result(-3)) == nil)
  }

  @Test("what went amiss in training that goes on is shown")
  func warning() {
    var view = started()
    view.take(.memberWarned(member: 1, interval: 1, warning: "an episode ended"), at: 101)
    #expect(text(view, at: 101).hasSuffix("\nmember 1, interval 1: an episode ended"))
  }

  @Test("after a lost worker the member waits again, and the view says what happened")
  func lostWorker() {
    var view = started()
    view.take(.memberStarted(member: 1, interval: 1), at: 101)
    view.take(
      .progress(member: 1, interval: 1, progress: TrainingProgress(fraction: 0.9, samplesPerSecond: 5)),
      at: 102)
    view.take(.workerLost(member: 1, interval: 1, reason: "killed by signal 9", tryAgain: true), at: 103)
    #expect(view.members[1].state == .waiting && view.members[1].samplesPerSecond == nil)
    #expect(text(view, at: 103).hasSuffix("\nmember 1: killed by signal 9; trying again"))
  }

  @Test("the time left follows from what this process has trained, not from what a resume was told of")
  func timeLeft() {
    var view = started()
    for member in 0..<3 {
      view.take(.memberFinished(member: member, interval: 1, result: result(-1)), at: 100)
    }
    #expect(view.left(at: 105) == nil)
    train(3, 1, -1, in: &view, at: 110)
    // One member took 10 s; 8 are left.
    #expect(view.left(at: 110) == 80)
    view.take(.intervalFinished(interval: 1, ranking: [0, 1, 2, 3], fitness: [-1, -1, -1, -1]), at: 110)
    view.take(.intervalStarted(interval: 2, genomes: genomes), at: 110)
    #expect(view.left(at: 110) == 80)
    for interval in 2...3 {
      for member in 0..<4 { train(member, interval, -1, in: &view, at: 200) }
      view.take(
        .intervalFinished(interval: interval, ranking: [0, 1, 2, 3], fitness: [-1, -1, -1, -1]), at: 200)
      if interval == 2 { view.take(.intervalStarted(interval: 3, genomes: genomes), at: 200) }
    }
    #expect(view.left(at: 200) == 0)
  }

  @Test(
    "the view never leaves the terminal, whatever its size",
    arguments: [1, 10, 40, 60, 79, 200], [1, 3, 6, 10, 12, 60])
  func size(width: Int, height: Int) {
    var view = started()
    train(2, 1, -1.25, in: &view, at: 101)
    view.take(
      .memberFailed(member: 3, interval: 1, reason: String(repeating: "long ", count: 60)), at: 102)
    let lines = view.lines(width: width, height: height, at: 110)
    #expect(!lines.isEmpty && lines.count <= height)
    #expect(lines.allSatisfy { $0.length <= width && $0.text(colours: false).count == $0.length })
  }

  @Test("where there is no room for all members, those in training and the fittest are shown")
  func fewRows() {
    var view = started()
    train(0, 1, -5, in: &view, at: 101)
    train(2, 1, -3, in: &view, at: 101)
    view.take(.memberStarted(member: 3, interval: 1), at: 101)
    let shown = text(view, height: 10, at: 102)
    #expect(shown.contains("\n 2  212012") && shown.contains("\n 3  012012"))
    #expect(!shown.contains("\n 0  012012") && shown.contains("... and 2 members more"))
  }

  @Test("without colours there is not one escape, and no message can bring one in")
  func noColours() {
    var view = started()
    view.say("evil \u{1b}[2J\u{7}text\tand\nmore")
    let plain = text(view, at: 101)
    #expect(!plain.contains("\u{1b}") && plain.hasSuffix("evil [2Jtext and more"))
    let coloured = view.lines(width: 80, height: 30, at: 101).map { $0.text(colours: true) }
    #expect(coloured.contains { $0.contains("\u{1b}[1mpbtnas\u{1b}[0m") })
    #expect(coloured.allSatisfy { !$0.contains("\u{1b}[2J") })
  }

  @Test("of a trainer's words no line passes for an event, and a huge fitness stays short")
  func hostileWords() {
    let lines = PlainLines()
    let warned = RunEvent.memberWarned(member: 1, interval: 2, warning: "it smokes\ninterval 2 done")
    #expect(lines.text(for: warned) == "  interval 2 member 1  it smokes\n    interval 2 done")
    #expect(shown(1e308) == "1.0000e+308" && shown(-1e9) == "-1.0000e+09" && shown(-12.5) == "-12.5000")
    #expect(shown(999_999_999.5) == "999999999.5000")
  }

  @Test("events about members that do not exist change nothing")
  func strangers() {
    var view = started()
    let before = text(view, at: 101)
    view.take(.memberStarted(member: 9, interval: 1), at: 101)
    view.take(.progress(member: -1, interval: 1, progress: .init(fraction: 1, samplesPerSecond: 1)), at: 101)
    // Late news of a member that is not in training.
    view.take(.progress(member: 0, interval: 1, progress: .init(fraction: 1, samplesPerSecond: 1)), at: 101)
    #expect(text(view, at: 101) == before)
  }
}
