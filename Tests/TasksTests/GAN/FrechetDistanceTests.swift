import Foundation
import Testing
import Torch
import TorchTestSupport

@testable import Tasks

extension NetworkTests {
  @Suite struct FrechetDistanceTests {
    @Test(
      "the distance equals scipy's formula to 1e-6, also where covariances are singular",
      arguments: ["small", "features", "deficient"])
    func matchesScipy(_ name: String) throws {
      let golden = try golden("frechet", in: .module)
      let a = try FeatureStatistics(of: golden.tensor("\(name).a"))
      let b = try FeatureStatistics(of: golden.tensor("\(name).b"))
      let expected = try golden.tensor("\(name).distance").item()
      #expect(abs(try a.frechetDistance(to: b) - expected) < 1e-6 * expected)
      #expect(abs(try b.frechetDistance(to: a) - expected) < 1e-6 * expected)
    }

    @Test("a set is at distance 0 from itself")
    func identity() throws {
      let statistics = try FeatureStatistics(of: uniform(1, [50, 8]))
      #expect(abs(try statistics.frechetDistance(to: statistics)) < 1e-9)
    }

    @Test("a covariance of one sample is refused")
    func oneSample() throws {
      #expect(throws: TorchError.self) { try FeatureStatistics(of: uniform(1, [1, 8])) }
    }
  }
}
