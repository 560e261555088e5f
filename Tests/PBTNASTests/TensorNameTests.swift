import Testing

@testable import PBTNAS

@Suite struct TensorNameTests {
  @Test(arguments: [
    ("generator.cell1.c0.weight", TensorName.value("generator.cell1.c0.weight")),
    ("average.generator.c0.weight", .average(of: "generator.c0.weight")),
    ("optimizer.generator.c0.weight.exp_avg", .optimizerState(of: "generator.c0.weight", key: "exp_avg")),
    ("optimizer.w.step", .optimizerState(of: "w", key: "step")),
    ("optimizer.w", .value("optimizer.w")),
    ("optimizer", .value("optimizer")),
    ("averages.w", .value("averages.w")),
    ("", .value("")),
  ])
  func namesAreReadAndWritten(name: String, meaning: TensorName) {
    #expect(TensorName(name) == meaning)
    #expect(meaning.string == name)
  }

  @Test func everythingAboutAParameterHasItsName() {
    for name in ["net.w", "average.net.w", "optimizer.net.w.exp_avg_sq"] {
      #expect(TensorName(name).parameter == "net.w")
    }
  }

  @Test func aPrefixCoversWholeComponents() {
    #expect(TensorName.prefix("net.c1", covers: "net.c1.weight"))
    #expect(TensorName.prefix("net.c1", covers: "net.c1"))
    #expect(!TensorName.prefix("net.c1", covers: "net.c10.weight"))
    #expect(!TensorName.prefix("net.c1", covers: "net"))
    #expect(!TensorName.prefix("c1", covers: "net.c1.weight"))
  }

  @Test func enclosingNamesAreAllShorterStarts() {
    #expect(TensorName.enclosing("a.b.c") == ["a", "a.b"])
    #expect(TensorName.enclosing("a").isEmpty)
  }
}
