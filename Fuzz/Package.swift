// swift-tools-version: 6.1
import PackageDescription

// A package of its own, since all of it, down to the readers under test, is built for the fuzzer: see
// scripts/fuzz.
let package = Package(
  name: "Fuzz",
  dependencies: [.package(name: "pbtnas", path: "..")],
  targets: [
    // libFuzzer's entry, which Swift's toolchain brings.
    .target(name: "CLibFuzzer"),
    // Feeds one target, named by its first argument.
    .executableTarget(
      name: "fuzz", dependencies: ["CLibFuzzer", .product(name: "FuzzTargets", package: "pbtnas")]),
  ],
  swiftLanguageModes: [.v6],
  cxxLanguageStandard: .cxx20
)
