import Testing

@testable import PBTNAS

/// Golden values: `python3 reference/method.py`.
@Suite struct RunSeedTests {
  @Test func seedsNeverChange() {
    let golden: [(run: UInt64, member: Int, interval: Int, purpose: Purpose, seed: UInt64)] = [
      (0, 0, 0, .initialGenomes, 7_319_503_803_046_414),
      (1, 0, 0, .initialWeights, 7_625_032_705_407_614),
      (1, 5, 3, .training, 7_566_941_962_444_692),
      (1, 3, 5, .training, 5_598_933_844_623_487),
      (7, 2, 2, .evaluation, 5_910_054_847_996_379),
      (.max, 23, 30, .freshWeights, 8_692_145_317_406_481),
      (7, -1, 2, .noise, 7_078_301_379_345_079),
    ]
    for place in golden {
      let seed = RunSeed(place.run).seed(
        member: place.member, interval: place.interval, purpose: place.purpose)
      #expect(seed == place.seed)
    }
  }

  @Test func purposesKeepTheirNumbers() {
    #expect(Purpose.allCases.map(\.rawValue) == Array(1...11))
  }

  @Test func everyPlaceHasASeedOfItsOwnThatJSONKeepsExact() {
    var seeds: Set<UInt64> = []
    var places = 0
    for run in [0, 1, 2, UInt64.max] {
      for member in 0..<36 {
        for interval in 0..<31 {
          for purpose in Purpose.allCases {
            let seed = RunSeed(run).seed(member: member, interval: interval, purpose: purpose)
            #expect(seed < 1 << 53)
            seeds.insert(seed)
            places += 1
          }
        }
      }
    }
    #expect(seeds.count == places)
  }

  @Test func aGeneratorStartsFromItsPlacesSeed() {
    let seed = RunSeed(3)
    var a = seed.generator(member: 1, interval: 2, purpose: .mixing)
    var b = SeededGenerator(seed: seed.seed(member: 1, interval: 2, purpose: .mixing))
    #expect(a.next() == b.next())
  }
}
