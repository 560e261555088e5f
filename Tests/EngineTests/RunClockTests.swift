import Testing

@testable import Engine

@Suite struct RunClockTests {
  private let zero = ContinuousClock.now

  private func job(_ from: Double, _ to: Double, useful: Double) -> FinishedJob {
    FinishedJob(
      result: TrainingResult(fitness: 0, metrics: [:], files: [], seconds: useful),
      start: zero + .seconds(from),
      end: zero + .seconds(to))
  }

  @Test func timeInWhichWorkersTrainAtOnceCountsOnce() {
    var clock = RunClock()
    for done in [job(0, 10, useful: 10), job(2, 12, useful: 10), job(20, 25, useful: 5)] { clock.note(done) }
    #expect(abs(clock.measured.useful - 17) < 1e-9)
  }

  @Test func loadingAndSavingAreNotUseful() {
    var clock = RunClock()
    clock.note(job(0, 10, useful: 9))
    clock.note(FinishedJob(result: nil, start: zero + .seconds(10), end: zero + .seconds(12)))
    #expect(abs(clock.measured.useful - 9) < 1e-9)
  }

  @Test func whatWasMeasuredBeforeAResumeCounts() {
    var clock = RunClock()
    clock.resume(after: RunClock.Measured(total: 100, useful: 90))
    clock.note(job(0, 10, useful: 10))
    #expect(abs(clock.measured.useful - 100) < 1e-9)
    #expect(clock.measured.total >= 100)
  }
}
