import Foundation
import Testing
import Torch
import TorchTestSupport

/// Golden values by `reference/golden.py`.
@Suite struct OptimizerTests {
  private static let shapes = [[4, 3, 3, 3], [7], [5, 6]]
  private static let settings: [(String, AdamW.Settings)] = [
    ("gan", .init(learningRate: 2e-4, beta1: 0, beta2: 0.9, epsilon: 1e-4)),
    ("default", .init(learningRate: 1e-3, beta1: 0.9, beta2: 0.999, epsilon: 1e-8)),
    ("decay", .init(learningRate: 1e-2, beta1: 0.9, beta2: 0.99, epsilon: 1e-8, weightDecay: 1e-2)),
  ]

  @Test(
    "after 20 steps AdamW and the moving average equal PyTorch's to 1e-5",
    arguments: [MemoryFormat.contiguous, .channelsLast])
  func twentySteps(_ format: MemoryFormat) throws {
    let golden = try golden("optimizers", in: .module)
    for (number, (name, settings)) in Self.settings.enumerated() {
      let stream = 300_000 + 1000 * number
      let store = try ParameterStore(seed: 0, memoryFormat: format)
      for (i, shape) in Self.shapes.enumerated() {
        let tensor = try store.root.parameter("p\(i)", shape, .constant(0))
        try withoutGradient { try tensor.copyInPlace(uniform(stream + i, shape)) }
      }
      let optimizer = try AdamW(store.entries, settings)
      let average = try MovingAverage(of: store.entries, decay: 0.9)
      for step in 0..<20 {
        // Row-major whatever the parameters' layout, as autograd may give them.
        try optimizer.step(Self.shapes.enumerated().map { try uniform(stream + 10 + 3 * step + $0, $1) })
        try average.update()
      }
      for i in Self.shapes.indices {
        #expect(try relativeError(store.entries[i].tensor, golden.tensor("\(name).\(i)")) < 1e-5)
        #expect(try relativeError(average.averages[i], golden.tensor("\(name).average\(i)")) < 1e-5)
        for state in optimizer.state where state.parameter == "p\(i)" && state.key != "step" {
          #expect(try relativeError(state.tensor, golden.tensor("\(name).\(state.key)\(i)")) < 1e-5)
        }
      }
    }
  }

  @Test("a parameter without gradient stays as it is, and so does its state")
  func missingGradient() throws {
    let store = try ParameterStore(seed: 0)
    let parameters = try (0..<2).map { try store.root.parameter("p\($0)", [3], .constant(1)) }
    let optimizer = try AdamW(store.entries, AdamW.Settings(learningRate: 0.1))
    try optimizer.step([nil, uniform(1, [3])])
    #expect(try parameters[0].array(of: Float.self) == [1, 1, 1])
    #expect(try parameters[1].array(of: Float.self) != [1, 1, 1])
    #expect(try optimizer.state.filter { $0.key == "step" }.map { try $0.tensor.item() } == [0, 1])
  }

  @Test("a wrong number of gradients is refused")
  func wrongCount() throws {
    let store = try ParameterStore(seed: 0)
    _ = try store.root.parameter("p", [3], .constant(1))
    let optimizer = try AdamW(store.entries, AdamW.Settings())
    #expect(throws: TorchError.self) { try optimizer.step([]) }
  }

  @Test("averages stand in for the parameters only inside withAverages")
  func standIn() throws {
    let store = try ParameterStore(seed: 0)
    let parameter = try store.root.parameter("p", [2], .constant(1))
    let average = try MovingAverage(of: store.entries, decay: 0.5)
    try withoutGradient { try parameter.fillInPlace(value: 3) }
    try average.update()
    #expect(try average.withAverages { try parameter.array(of: Float.self) } == [2, 2])
    #expect(try parameter.array(of: Float.self) == [3, 3])
  }
}
