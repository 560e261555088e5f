import Foundation
import Safetensors
import Testing

@testable import Engine
@testable import PBTNAS

@Suite struct OffspringWriterTests {
  private let run: TestRun
  private let trainer = ToyTrainer()

  init() throws { run = try TestRun() }

  private func path(_ name: String) -> String { "\(run.folder.path)/\(name)" }

  /// A network that was trained for two intervals.
  private func trained(_ genome: Genome, seed: UInt64, _ name: String) throws -> Checkpoint {
    try trainer.initialise(InitialiseJob(genome: genome, seed: seed, output: path("\(name)-0")))
    for step in 0..<2 {
      _ = try trainer.train(
        TrainJob(
          genome: genome, checkpoint: path("\(name)-\(step)"), seed: seed + UInt64(step), evaluationSeed: 0,
          output: path("\(name)-\(step + 1)"), artifacts: nil), progress: { _ in })
    }
    return try Checkpoint(path: path("\(name)-2"))
  }

  private func fresh(_ genome: Genome, seed: UInt64) throws -> Checkpoint {
    try trainer.initialise(InitialiseJob(genome: genome, seed: seed, output: path("fresh")))
    return try Checkpoint(path: path("fresh"))
  }

  private func genome(_ random: inout SeededGenerator) -> Genome {
    Genome(trainer.searchSpace.genes.map { random.below($0.options.count) })
  }

  /// `lambda * donor + gamma * fresh` with both products and the sum rounded to float32. Computed in float64, where the products are exact and
  /// the sum's two roundings give what one would (53 >= 2 * 24 + 2), so that nothing depends on how float32 is compiled.
  private func shrunkAndPerturbed(_ donor: Float, _ fresh: Float, _ lambda: Double, _ gamma: Double) -> Float
  {
    let first = Float(Double(Float(lambda)) * Double(donor))
    let second = Float(Double(Float(gamma)) * Double(fresh))
    return Float(Double(first) + Double(second))
  }

  @Test func donatedWeightsAreShrunkAndPerturbedExactlyAndAllElseIsTheBasesBitForBit() throws {
    var random = SeededGenerator(seed: randomSeed())
    let space = trainer.searchSpace
    var counts = (donated: 0, base: 0, fresh: 0, state: 0)
    for _ in 0..<60 {
      let base = try trained(genome(&random), seed: random.next() >> 12, "base")
      let donor = try trained(genome(&random), seed: random.next() >> 12, "donor")
      let donated = space.genes.indices.filter { _ in random.below(2) == 0 }
      var mixed = base.genome
      for gene in donated { mixed.choices[gene] = donor.genome.choices[gene] }
      let fresh = try fresh(mixed, seed: random.next() >> 12)
      var settings = MethodSettings(populationSize: 8, intervals: 4)
      (settings.lambda, settings.gamma) = (random.uniform(), random.uniform())
      let offspring = Offspring(
        member: 5, base: 0, donor: 1, genome: mixed, donatedGenes: donated, change: .mix, freshSeed: 0,
        noiseSeed: 0)
      let (missing, digest) = try writeOffspring(
        offspring, in: space, settings, base: base, donor: donor, fresh: fresh, to: path("offspring"))
      // A second name of the base's file has none of its own.
      if let digest { #expect(try digest == FileDigests.compute(path("offspring"))) }
      let child = try Checkpoint(path: path("offspring"))

      #expect(child.genome == mixed && child.contents.buffers == fresh.contents.buffers)
      let names = child.file.tensors.map(\.name).filter { !$0.hasPrefix("optimizer.") }
      #expect(names == fresh.file.tensors.map(\.name), "an offspring has exactly its network's tensors")
      let layers = donated.flatMap { space.genes[$0].owns }
      for tensor in child.file.tensors {
        // What the base lacks comes from the donor too, if that has it.
        let isOwned = layers.contains { tensor.name.contains("\($0).") }
        let isDonated = isOwned || base.file[tensor.name]?.shape != tensor.shape
        let found = child.file.data(tensor.name)
        if missing.contains(tensor.name) {
          #expect(found == fresh.file.data(tensor.name))
          counts.fresh += 1
        } else if tensor.name.hasPrefix("optimizer.") {
          // What a parameter's giver knows about it; the rules are the method's own tests.
          #expect(found == (isDonated ? donor : base).file.data(tensor.name))
          counts.state += 1
        } else if isDonated && tensor.name.hasPrefix("net.") && !tensor.name.hasSuffix("running_mean") {
          let values = zip(
            donor.file.values(of: try #require(donor.file[tensor.name]), as: Float.self),
            fresh.file.values(of: try #require(fresh.file[tensor.name]), as: Float.self))
          let expected = values.map { shrunkAndPerturbed($0, $1, settings.lambda, settings.gamma) }
          #expect(
            child.file.values(of: tensor, as: Float.self).map(\.bitPattern) == expected.map(\.bitPattern))
          counts.donated += 1
        } else {
          #expect(found == (isDonated ? donor : base).file.data(tensor.name))
          counts.base += 1
        }
      }
    }
    print(counts)
    #expect(counts.donated > 50 && counts.base > 200 && counts.state > 100)
  }

  @Test func stateThatIsInheritedByPositionIsTheBasesBitForBitUnderTheHeirsName() throws {
    func checkpoint(_ tensors: [(name: String, values: [Float])], _ name: String) throws -> Checkpoint {
      let writer = try SafetensorsWriter(
        path: path(name),
        tensors: tensors.map { .init(name: $0.name, dtype: .float32, shape: [$0.values.count]) },
        metadata: try Checkpoint.metadata(genome: Genome([0]), buffers: []))
      for tensor in tensors { try tensor.values.withUnsafeBytes { try writer.write($0) } }
      try writer.finish()
      return try Checkpoint(path: path(name))
    }
    let base = try checkpoint(
      [
        ("net.b", [1, 2]), ("net.a", [3]), ("optimizer.net.b.exp_avg", [4, -0.0]),
        ("optimizer.net.a.exp_avg", [6]),
      ], "base")
    let fresh = try checkpoint([("net.z", [7, 8]), ("net.a", [9])], "fresh")
    var settings = MethodSettings(populationSize: 8, intervals: 4)
    settings.optimizerState = .byPosition
    let space = SearchSpace(genes: [Gene(name: "g", options: ["a", "b"], owns: ["net.z"])])
    let offspring = Offspring(
      member: 5, base: 0, donor: nil, genome: Genome([0]), donatedGenes: [], change: .freshLayer(gene: 0),
      freshSeed: 0, noiseSeed: 0)
    _ = try writeOffspring(
      offspring, in: space, settings, base: base, donor: nil, fresh: fresh, to: path("child"))
    let child = try SafetensorsFile(path: path("child"))
    #expect(
      child.tensors.map(\.name) == [
        "net.z", "net.a", "optimizer.net.z.exp_avg", "optimizer.net.a.exp_avg",
      ])
    #expect(child.data("net.z") == fresh.file.data("net.z"))
    #expect(child.data("optimizer.net.z.exp_avg") == base.file.data("optimizer.net.b.exp_avg"))
    #expect(child.data("optimizer.net.a.exp_avg") == base.file.data("optimizer.net.a.exp_avg"))
  }

  /// Writes base, donor and fresh networks of one weight with these bits.
  private func offspring<Bits: FixedWidthInteger & BitwiseCopyable>(
    donor: [Bits], fresh: [Bits], _ dtype: DType, _ lambda: Double, _ gamma: Double
  ) throws -> [Bits] {
    let space = SearchSpace(genes: [Gene(name: "g", options: ["a", "b"], owns: ["net.g"])])
    func checkpoint(_ bits: [Bits], _ name: String) throws -> Checkpoint {
      let writer = try SafetensorsWriter(
        path: path(name), tensors: [.init(name: "net.g.weight", dtype: dtype, shape: [bits.count])],
        metadata: try Checkpoint.metadata(genome: Genome([0]), buffers: []))
      try bits.withUnsafeBytes { try writer.write($0) }
      try writer.finish()
      return try Checkpoint(path: path(name))
    }
    var settings = MethodSettings(populationSize: 8, intervals: 4)
    (settings.lambda, settings.gamma) = (lambda, gamma)
    let mixed = Offspring(
      member: 5, base: 0, donor: 1, genome: Genome([0]), donatedGenes: [0], change: .mix, freshSeed: 0,
      noiseSeed: 0)
    _ = try writeOffspring(
      mixed, in: space, settings, base: checkpoint(fresh, "base"), donor: checkpoint(donor, "donor"),
      fresh: checkpoint(fresh, "fresh"), to: path("child"))
    let child = try SafetensorsFile(path: path("child"))
    return child.values(of: child.tensors[0], as: Bits.self)
  }

  @Test func everyFloatingPointTypeIsMixedInItsOwnPrecision() throws {
    var random = SeededGenerator(seed: randomSeed())
    // More than a chunk of the writer, and a part of one.
    let count = 40_000
    let (lambda, gamma) = (0.4, 0.1)
    func values() -> [Double] { (0..<count).map { _ in random.normal() } }
    let (donor, fresh) = (values(), values())

    let wide = try offspring(
      donor: donor.map(\.bitPattern), fresh: fresh.map(\.bitPattern), .float64, lambda, gamma)
    #expect(wide == zip(donor, fresh).map { ((lambda * $0) + (gamma * $1)).bitPattern })

    let single = try offspring(
      donor: donor.map { Float($0).bitPattern }, fresh: fresh.map { Float($0).bitPattern }, .float32, lambda,
      gamma)
    #expect(
      single == zip(donor, fresh).map { shrunkAndPerturbed(Float($0), Float($1), lambda, gamma).bitPattern })

    let (halfDonor, halfFresh) = (donor.map { Float16($0) }, fresh.map { Float16($0) })
    let half = try offspring(
      donor: halfDonor.map(\.bitPattern), fresh: halfFresh.map(\.bitPattern), .float16, lambda, gamma)
    #expect(
      half
        == zip(halfDonor, halfFresh).map {
          Float16(shrunkAndPerturbed(Float($0), Float($1), lambda, gamma)).bitPattern
        })

    // A bfloat16 is the upper half of a float32.
    let (brainDonor, brainFresh) = (
      donor.map { UInt16(Float($0).bitPattern >> 16) }, fresh.map { UInt16(Float($0).bitPattern >> 16) }
    )
    let brain = try offspring(donor: brainDonor, fresh: brainFresh, .bfloat16, lambda, gamma)
    for (index, bits) in brain.enumerated() {
      let exact = shrunkAndPerturbed(
        Float(bitPattern: UInt32(brainDonor[index]) << 16),
        Float(bitPattern: UInt32(brainFresh[index]) << 16),
        lambda, gamma)
      let found = Float(bitPattern: UInt32(bits) << 16)
      let next = [bits &+ 1, bits &- 1].map { Float(bitPattern: UInt32($0) << 16) }
      let isNearest = found == exact || next.allSatisfy { abs(found - exact) <= abs($0 - exact) }
      #expect(isNearest, "\(found) is not the nearest to \(exact)")
    }
  }

  @Test func brainFloatsAreRoundedToEvenAndStayWhatTheyAre() throws {
    func bits(_ values: [Float]) -> [UInt16] { values.map { UInt16($0.bitPattern >> 16) } }
    // 1 + 2^-7 is the next bfloat16 after 1; half of it lies between two.
    let found = try offspring(
      donor: bits([1, 1 + 0x1p-7, .infinity, .nan, -0.0]), fresh: bits([0, 0, 0, 0, -0.0]), .bfloat16,
      1 + 0x1p-8, 1)
    #expect(found[0] == bits([1])[0], "a tie goes to the even neighbour")
    #expect(found[1] == bits([1 + 0x1p-6])[0], "above the middle is rounded up")
    #expect(found[2] == bits([.infinity])[0])
    #expect(Float(bitPattern: UInt32(found[3]) << 16).isNaN)
    #expect(found[4] == bits([-0.0])[0])
  }

  @Test func noiseChangesAFewWeightsOfItsTensorAlone() throws {
    var random = SeededGenerator(seed: randomSeed())
    var changed = 0
    for _ in 0..<20 {
      let base = try trained(genome(&random), seed: random.next() >> 12, "base")
      let offspring = Offspring(
        member: 5, base: 0, donor: nil, genome: base.genome, donatedGenes: [], change: .weightNoise,
        freshSeed: 0,
        noiseSeed: random.next())
      var outputs: [Data] = []
      for _ in 0..<2 {
        let (missing, digest) = try writeOffspring(
          offspring, in: trainer.searchSpace, MethodSettings(populationSize: 8, intervals: 4), base: base,
          donor: nil,
          fresh: fresh(base.genome, seed: 1), to: path("noisy"))
        #expect(try missing.isEmpty && digest == FileDigests.compute(path("noisy")))
        outputs.append(try Data(contentsOf: URL(fileURLWithPath: path("noisy"))))
      }
      #expect(outputs[0] == outputs[1], "the noise follows from its seed")
      let child = try SafetensorsFile(path: path("noisy"))
      #expect(child.tensors.count == base.file.tensors.count)
      for tensor in child.tensors where child.data(tensor.name) != base.file.data(tensor.name) {
        #expect(tensor.name.hasPrefix("net.") && tensor.shape.count == 2, "\(tensor.name)")
        changed += 1
      }
    }
    #expect(changed > 0)
  }

  @Test func whatNeitherParentHasIsFreshAndNamed() throws {
    // Genes 0 and 1 together make a layer that neither parent has.
    let base = try trained(Genome([1, 0, 1, 0]), seed: 1, "base")
    let donor = try trained(Genome([0, 1, 1, 0]), seed: 2, "donor")
    let fresh = try fresh(Genome([1, 1, 1, 0]), seed: 3)
    let offspring = Offspring(
      member: 5, base: 0, donor: 1, genome: fresh.genome, donatedGenes: [1], change: .mix, freshSeed: 0,
      noiseSeed: 0)
    let missing = try writeOffspring(
      offspring, in: trainer.searchSpace, MethodSettings(populationSize: 8, intervals: 4), base: base,
      donor: donor,
      fresh: fresh, to: path("child")
    ).missing
    let names = ["net.extra.bias", "net.extra.running_mean", "net.extra.weight"]
    #expect(missing.sorted() == (["average.net.extra.bias", "average.net.extra.weight"] + names).sorted())
    let child = try SafetensorsFile(path: path("child"))
    for name in missing { #expect(child.data(name) == fresh.file.data(name)) }
  }

  @Test func theBasesTextsTravelWithTheOffspring() throws {
    let base = try trained(Genome([1, 0, 1, 0]), seed: 1, "base")
    let offspring = Offspring(
      member: 5, base: 0, donor: 0, genome: base.genome, donatedGenes: [2], change: .mix, freshSeed: 0,
      noiseSeed: 0)
    _ = try writeOffspring(
      offspring, in: trainer.searchSpace, MethodSettings(populationSize: 8, intervals: 4), base: base,
      donor: base,
      fresh: fresh(base.genome, seed: 1), to: path("child"))
    #expect(try SafetensorsFile(path: path("child")).metadata == base.file.metadata)
  }

  @Test func aFreshNetworkOfAnotherGenomeIsRefused() throws {
    let base = try trained(Genome([1, 0, 1, 0]), seed: 1, "base")
    let offspring = Offspring(
      member: 5, base: 0, donor: nil, genome: base.genome, donatedGenes: [], change: .copy, freshSeed: 0,
      noiseSeed: 0)
    let other = try fresh(Genome([0, 0, 1, 0]), seed: 1)
    #expect(
      throws: CheckpointError(
        path("fresh"), .wrongGenome(expected: base.genome, found: Genome([0, 0, 1, 0])))
    ) {
      try writeOffspring(
        offspring, in: trainer.searchSpace, MethodSettings(populationSize: 8, intervals: 4), base: base,
        donor: nil,
        fresh: other, to: path("child"))
    }
  }
}
