import Foundation
import FuzzTargets
import Testing

/// The fuzzers' inputs, without the fuzzer. One after another: an input's processor time is the process's.
@Suite(.serialized) struct CorpusTests {
  /// A hang, in seconds of processor time.
  private static let limit = 5.0

  private static let corpus = URL(fileURLWithPath: #filePath).deletingLastPathComponent()
    .appendingPathComponent("../FuzzTargets/Corpus").standardizedFileURL

  @Test(
    "every input of the corpus is read or refused, without a trap and without a hang",
    arguments: FuzzTarget.all)
  func replay(_ target: FuzzTarget) throws {
    let folder = Self.corpus.appendingPathComponent(target.name)
    let names = try FileManager.default.contentsOfDirectory(atPath: folder.path).sorted()
    #expect(names.count >= 3, "\(folder.path) has too few inputs to test anything")
    for name in names {
      let input = try Data(contentsOf: folder.appendingPathComponent(name))
      #expect(input.count <= target.longestInput, "\(target.name)/\(name) is longer than the fuzzer's inputs")
      // The last line tells which input a trap is from.
      print("\(target.name)/\(name)")
      let start = clock()
      input.withUnsafeBytes { target.read($0) }
      let seconds = Double(clock() - start) / Double(CLOCKS_PER_SEC)
      #expect(seconds < Self.limit, "\(target.name)/\(name) took \(seconds) s of processor time")
    }
  }

  @Test("the corpus stays small")
  func size() throws {
    let files = try FileManager.default.subpathsOfDirectory(atPath: Self.corpus.path)
    let bytes = try files.reduce(0) { sum, name in
      let url = Self.corpus.appendingPathComponent(name)
      return sum + (try url.resourceValues(forKeys: [.fileSizeKey]).fileSize ?? 0)
    }
    #expect(
      (1...1_500_000).contains(bytes), "\(bytes) bytes; leave out what `scripts/fuzz --minimise` added last")
  }

  @Test("every folder of the corpus is a target's")
  func folders() throws {
    let folders = try FileManager.default.contentsOfDirectory(atPath: Self.corpus.path).sorted()
    #expect(folders == FuzzTarget.all.map(\.name).sorted())
  }
}

extension FuzzTarget: CustomTestStringConvertible {
  /// Its name.
  public var testDescription: String { name }
}
