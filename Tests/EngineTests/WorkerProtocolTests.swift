import Foundation
import PBTNAS
import Testing

@testable import Engine

@Suite struct WorkerProtocolTests {
  private let train = Job.train(
    TrainJob(
      genome: Genome([0, 3]), checkpoint: "/a/b.safetensors", seed: (1 << 53) - 1, evaluationSeed: 7,
      output: "/c",
      artifacts: nil))
  private let initialise = Job.initialise(InitialiseJob(genome: Genome([1]), seed: 5, output: "/c"))

  @Test func jobsAreLinesThatATrainerInAnyLanguageReads() throws {
    // These bytes are the contract with trainers of others: they must not change.
    #expect(
      String(decoding: try WorkerProtocol.line(JobLine(id: 7, job: train)), as: UTF8.self) == """
        {"checkpoint":"/a/b.safetensors","evaluation_seed":7,"genome":[0,3],"id":7,"job":"train","output":"/c","seed":9007199254740991}

        """)
    #expect(
      String(decoding: try WorkerProtocol.line(JobLine(id: 8, job: initialise)), as: UTF8.self) == """
        {"genome":[1],"id":8,"job":"initialise","output":"/c","seed":5}

        """)
    var job = TrainJob(
      genome: Genome([1]), checkpoint: "/a", seed: 5, evaluationSeed: 7, output: "/c", artifacts: nil)
    job.hyperparameters = ["learning_rate.generator": 0.0013]
    #expect(
      String(decoding: try WorkerProtocol.line(JobLine(id: 8, job: .train(job))), as: UTF8.self) == """
        {"checkpoint":"/a","evaluation_seed":7,"genome":[1],"hyperparameters":{"learning_rate.generator":0.0013},\
        "id":8,"job":"train","output":"/c","seed":5}

        """)
    let evaluate = Job.evaluate(
      EvaluateJob(genome: Genome([1]), checkpoint: "/a", seed: 5, artifacts: "/s/member-00"))
    #expect(
      String(decoding: try WorkerProtocol.line(JobLine(id: 9, job: evaluate)), as: UTF8.self) == """
        {"artifacts":"/s/member-00","checkpoint":"/a","genome":[1],"id":9,"job":"evaluate","seed":5}

        """)
  }

  @Test func jobsAreReadBack() throws {
    for job in [train, initialise] {
      let line = try WorkerProtocol.line(JobLine(id: 3, job: job))
      #expect(try WorkerProtocol.decode(JobLine.self, line, expected: "") == JobLine(id: 3, job: job))
    }
  }

  @Test func theFirstLineGivesTheSearchSpace() throws {
    let line =
      #"{"ready":true,"protocol":1,"search_space":{"genes":[{"name":"g","options":["a","b"],"owns":["n.g"]}]}}"#
    let space = SearchSpace(genes: [Gene(name: "g", options: ["a", "b"], owns: ["n.g"])])
    #expect(try ReadyLine.announcement(in: Data(line.utf8)) == Announcement(searchSpace: space))
    let showing = line.dropLast() + #","shows_best":true}"#
    #expect(
      try ReadyLine.announcement(in: Data(showing.utf8)) == Announcement(searchSpace: space, showsBest: true))
    let announced = Announcement(searchSpace: space)
    #expect(announced.difference(from: announced) == nil)
    #expect(
      Announcement(searchSpace: space, showsBest: true).difference(from: announced) == "value of `shows_best`"
    )
    #expect(Announcement(searchSpace: SearchSpace(genes: [])).difference(from: announced) == "search space")
    // A trainer that shows nothing says what it always said.
    let ready = try WorkerProtocol.line(ReadyLine(ready: true, protocol: 1, searchSpace: space))
    #expect(!String(decoding: ready, as: UTF8.self).contains("shows_best"))
  }

  @Test func answersAreUnderstood() throws {
    func meaning(_ line: String, _ job: Job) throws -> AnswerLine.Meaning {
      try AnswerLine.meaning(of: Data(line.utf8), for: job, id: 7)
    }
    #expect(
      try meaning(#"{"id":7,"progress":0.4,"samples_per_second":812}"#, train)
        == .progress(TrainingProgress(fraction: 0.4, samplesPerSecond: 812)))
    #expect(
      try meaning(
        #"{"id":7,"fitness":-31.2,"metrics":{"the_loss":1},"files":["/x.png"],"seconds":1.9}"#, train)
        == .finished(
          TrainingResult(fitness: -31.2, metrics: ["the_loss": 1], files: ["/x.png"], seconds: 1.9)))
    #expect(
      try meaning(#"{"id":7,"fitness":"-Infinity"}"#, train)
        == .finished(TrainingResult(fitness: -.infinity, metrics: [:], files: [], seconds: 0)))
    #expect(
      try meaning(#"{"id":7,"fitness":1,"artifacts_problem":"no camera"}"#, train)
        == .finished(
          TrainingResult(fitness: 1, metrics: [:], files: [], seconds: 0, artifactsProblem: "no camera")))
    #expect(
      try meaning(#"{"id":7,"fitness":1,"metrics":{"loss":2},"shown_metrics":["loss"]}"#, train)
        == .finished(
          TrainingResult(fitness: 1, metrics: ["loss": 2], files: [], seconds: 0, shownMetrics: ["loss"])))
    #expect(
      try meaning(#"{"id":7,"fitness":1,"warnings":["it smokes"]}"#, train)
        == .finished(
          TrainingResult(fitness: 1, metrics: [:], files: [], seconds: 0, warnings: ["it smokes"])))
    let name = "0123456789abcdef0123456789abcdef.x"
    #expect(
      try meaning(#"{"id":7,"fitness":1,"shares":["\#(name)"],"releases":[]}"#, train)
        == .finished(
          TrainingResult(fitness: 1, metrics: [:], files: [], seconds: 0, shares: [name], releases: [])))
    #expect(try meaning(#"{"id":7}"#, initialise) == .finished(nil))
    #expect(try meaning(#"{"id":7,"error":"why"}"#, initialise) == .failed(JobFailed("why")))
    #expect(
      try meaning(#"{"id":7,"error":"why","disk_full":true}"#, train)
        == .failed(JobFailed("why", isDiskFull: true)))
    for number in [#""NaN""#, "NaN"] {
      guard case .finished(let result) = try meaning(#"{"id":7,"fitness":\#(number)}"#, train) else {
        Issue.record("expected a result")
        return
      }
      #expect(result?.fitness.isNaN == true)
    }
  }

  @Test("a job lists what is shared, and a shared name that is no digest is refused before it becomes a path")
  func sharedAttachments() throws {
    guard case .train(var job) = train else { return }
    let plain = String(decoding: try WorkerProtocol.line(job), as: UTF8.self)
    #expect(!plain.contains("shared"))
    job.sharedAttachments = [["a.x", "b.x"], ["c.x"]]
    let line = String(decoding: try WorkerProtocol.line(job), as: UTF8.self)
    #expect(line.contains(#""shared_attachments":[["a.x","b.x"],["c.x"]]"#))
    #expect {
      try AnswerLine.meaning(
        of: Data(#"{"id":7,"fitness":1,"shares":["../../etc/passwd"]}"#.utf8), for: train, id: 7)
    } throws: { "\($0)".contains("found `shares` with `../../etc/passwd`, expected names of attachments") }
  }

  @Test(arguments: [
    (#"Epoch 1, loss 0.3"#, "`Epoch 1, loss 0.3` (not a JSON object)"),
    (#""#, "`` (not a JSON object)"),
    (#"[7]"#, "`[7]` (not a JSON object)"),
    (#"{"fitness":1}"#, "(`id` is missing)"),
    (#"{"id":"7","fitness":1}"#, "(`id` is not of type Int)"),
    (#"{"id":7.5,"fitness":1}"#, "(a value of the wrong form)"),
    (#"{"id":7,"fitness":"high"}"#, "`fitness`"),
    (#"{"id":7,"fitness":1,"metrics":{"FID":"low"}}"#, "`metrics.FID`"),
    (#"{"id":7,"fitness":1,"files":"x"}"#, "`files` is not of type Array"),
    (#"{"id":8,"fitness":1}"#, "an answer to job 8"),
    (#"{"id":7,"metrics":{}}"#, "an answer without `fitness`"),
  ])
  func anAnswerThatIsNoneIsNamedWithWhatWasExpected(line: String, says: String) {
    #expect {
      try AnswerLine.meaning(of: Data(line.utf8), for: train, id: 7)
    } throws: { error in
      "\(error)".contains(says) && "\(error)".contains("`{\"id\":7}` with `fitness`, `progress` or `error`")
    }
  }

  @Test(arguments: [
    ("Welcome!", "`Welcome!` (not a JSON object)"),
    (#"{"ready":true,"protocol":2,"search_space":7}"#, "protocol 2"),
    (#"{"ready":false,"protocol":1,"search_space":{"genes":[]}}"#, #""ready":false"#),
    (#"{"ready":true,"protocol":1}"#, "`search_space` is missing"),
    (
      #"{"ready":true,"protocol":1,"search_space":{"genes":[{"name":"g"}]}}"#,
      "`search_space.genes.0.options` is missing"
    ),
  ])
  func aFirstLineThatIsNoneIsNamedWithWhatWasExpected(line: String, says: String) {
    #expect {
      try ReadyLine.announcement(in: Data(line.utf8))
    } throws: { error in
      "\(error)".contains(says)
        && "\(error)".contains("\"search_space\":{\"genes\":[...]}}` as the first line")
    }
  }
}

@Suite struct ServeTests {
  /// What a trainer says to a line.
  private func answers(_ line: String, _ trainer: some Trainer = ToyTrainer()) throws -> [AnswerLine] {
    var lines: [AnswerLine] = []
    try answer(Data(line.utf8), with: trainer) { lines.append($0) }
    return lines
  }

  @Test func aTrainersJobsAreDone() throws {
    let run = try TestRun()
    let (start, end) = ("\(run.folder.path)/start", "\(run.folder.path)/end")
    #expect(
      try answers(#"{"id":1,"job":"initialise","genome":[1,0,2,1],"seed":5,"output":"\#(start)"}"#)
        == [AnswerLine(id: 1)])
    let trained = try answers(
      #"{"id":2,"job":"train","genome":[1,0,2,1],"seed":5,"evaluation_seed":6,"checkpoint":"\#(start)","output":"\#(end)"}"#
    )
    #expect(trained.count == 2 && trained.allSatisfy { $0.id == 2 })
    #expect(trained[0].progress == 0.5 && trained[0].samplesPerSecond == 100)
    let evaluated = try answers(
      #"{"id":3,"job":"evaluate","genome":[1,0,2,1],"seed":6,"checkpoint":"\#(end)","later":"field"}"#)
    #expect(evaluated.count == 2 && evaluated.allSatisfy { $0.id == 3 })
    #expect(evaluated[0].progress == 0.25 && evaluated[0].samplesPerSecond == 50)
    #expect(evaluated[1].fitness == trained[1].fitness && evaluated[1].fitness != nil)
  }

  @Test func whatATrainerThrowsIsItsAnswer() throws {
    let lines = try answers(#"{"id":4,"job":"evaluate","genome":[1,0,2,1],"seed":6,"checkpoint":"/nowhere"}"#)
    #expect(lines.count == 1 && lines[0].id == 4 && lines[0].diskFull == nil)
    #expect(lines[0].error?.contains("/nowhere: opening failed: No such file") == true)
  }

  @Test(arguments: [
    (#"{"id":4,"job":"dance"}"#, "unknown job `dance`"), ("hello", "not a JSON object"),
    (#"{"id":4,"job":"evaluate"}"#, "`genome` is missing"),
  ])
  func aLineThatIsNoJobIsAnswered(line: String, says: String) throws {
    let lines = try answers(line)
    #expect(lines.count == 1 && lines[0].error?.contains(says) == true, "\(lines)")
  }
}
