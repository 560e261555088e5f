// swift-tools-version: 6.1
import PackageDescription

// `scripts/setup` unpacks libtorch here; the folder is not in git. A link to another copy works as well.
let libtorch = Context.packageDirectory + "/.deps/libtorch"
let mujoco = Context.packageDirectory + "/.deps/mujoco"

let package = Package(
  name: "pbtnas",
  products: [
    .executable(name: "pbtnas", targets: ["Command"]),
    .library(name: "PBTNAS", targets: ["PBTNAS"]),
    .library(name: "Statistics", targets: ["Statistics"]),
    .library(name: "Charts", targets: ["Charts"]),
    .library(name: "Safetensors", targets: ["Safetensors"]),
    .library(name: "Engine", targets: ["Engine"]),
    .library(name: "Torch", targets: ["Torch"]),
    .library(name: "Tasks", targets: ["Tasks"]),
    .library(name: "ControlSuite", targets: ["ControlSuite"]),
    // For the package in Fuzz/ alone.
    .library(name: "FuzzTargets", targets: ["FuzzTargets"]),
  ],
  dependencies: [
    .package(url: "https://github.com/apple/swift-argument-parser", from: "1.5.0"),
    .package(url: "https://github.com/groue/GRDB.swift", from: "7.0.0"),
    .package(url: "https://github.com/jpsim/Yams", from: "6.0.0"),
  ],
  targets: [
    // The method alone: pure functions of values and seeds.
    .target(name: "PBTNAS"),
    // Tests by which searches are compared.
    .target(name: "Statistics"),
    // Charts as SVG text.
    .target(name: "Charts"),
    // Opening files that come from elsewhere.
    .target(name: "Files"),
    // Named tensors in files; no tensor library.
    .target(name: "Safetensors", dependencies: ["Files"]),
    // What a misspelt name may have meant.
    .target(name: "Spelling"),
    // Strict reading of YAML settings.
    .target(
      name: "Configuration", dependencies: ["Files", "Spelling", .product(name: "Yams", package: "Yams")]),
    .systemLibrary(
      name: "CXXHash", pkgConfig: "libxxhash", providers: [.apt(["libxxhash-dev"]), .brew(["xxhash"])]),
    // Runs a search: record, checkpoints, workers.
    .target(
      name: "Engine",
      dependencies: [
        "PBTNAS", "Safetensors", "Configuration", "Files", "Spelling", "Statistics", "Charts", "CXXHash",
        .product(name: "GRDB", package: "GRDB.swift"),
      ]),
    // libtorch behind a C interface.
    .target(
      name: "CTorch",
      cxxSettings: [
        .headerSearchPath("../../.deps/libtorch/include"),
        .headerSearchPath("."),
      ],
      linkerSettings: [
        .linkedLibrary("torch_cpu"), .linkedLibrary("c10"),
        .unsafeFlags(["-L\(libtorch)/lib", "-Xlinker", "-rpath", "-Xlinker", "\(libtorch)/lib"]),
      ]),
    // Tensors, layers and optimisers over libtorch.
    .target(name: "Torch", dependencies: ["CTorch", "Safetensors"]),
    // MuJoCo's C interface, with fatal errors as messages. Its headers are found through a link in `include`.
    .target(
      name: "CMuJoCo",
      linkerSettings: [
        .linkedLibrary("mujoco"),
        .unsafeFlags(["-L\(mujoco)/lib", "-Xlinker", "-rpath", "-Xlinker", "\(mujoco)/lib"]),
      ]),
    // OpenGL without a screen; the library is loaded when it is needed.
    .target(name: "CEGL"),
    // Tasks of the DeepMind Control Suite.
    .target(name: "ControlSuite", dependencies: ["CMuJoCo", "CEGL", "PBTNAS", "Files", "Spelling"]),
    .systemLibrary(
      name: "CPNG", pkgConfig: "libpng", providers: [.apt(["libpng-dev"]), .brew(["libpng"])]),
    .systemLibrary(
      name: "CZlib", pkgConfig: "zlib", providers: [.apt(["zlib1g-dev"]), .brew(["zlib"])]),
    // What a single network is trained for.
    .target(
      name: "Tasks",
      dependencies: [
        "Engine", "PBTNAS", "Torch", "Safetensors", "Configuration", "ControlSuite", "Files", "CPNG", "CZlib",
      ],
      resources: [.copy("Resources/fashion-mnist-classifier.safetensors")]),
    // The command `pbtnas`. Its module has another name, since file systems that ignore case take it for PBTNAS.
    .executableTarget(
      name: "Command",
      dependencies: [
        "Tasks", "Engine", "PBTNAS", "Torch", "ControlSuite",
        .product(name: "ArgumentParser", package: "swift-argument-parser"),
      ]),
    // Golden values for the tests of Torch and of Tasks.
    .target(
      name: "TorchTestSupport", dependencies: ["Torch", "Safetensors"], path: "Tests/TorchTestSupport"),
    // What tests of several modules use.
    .target(name: "TestSupport", path: "Tests/TestSupport"),
    // What the fuzzer feeds, for Fuzz/ and for the tests, which replay the corpus.
    .target(
      name: "FuzzTargets",
      dependencies: [
        "Tasks", "Engine", "PBTNAS", "Torch", "Safetensors", "Configuration",
        .product(name: "GRDB", package: "GRDB.swift"),
      ],
      path: "Tests/FuzzTargets", exclude: ["Corpus", "make-seeds"]),
    .testTarget(name: "FuzzTests", dependencies: ["FuzzTargets"]),
    .testTarget(name: "PBTNASTests", dependencies: ["PBTNAS"]),
    .testTarget(
      name: "StatisticsTests", dependencies: ["Statistics"], resources: [.copy("Golden")]),
    .testTarget(name: "ChartsTests", dependencies: ["Charts", "TestSupport"]),
    .testTarget(name: "FilesTests", dependencies: ["Files", "TestSupport"]),
    .testTarget(name: "SafetensorsTests", dependencies: ["Safetensors", "TestSupport"]),
    .testTarget(name: "ConfigurationTests", dependencies: ["Configuration", "TestSupport"]),
    .testTarget(
      name: "EngineTests",
      dependencies: [
        "Engine", "PBTNAS", "Safetensors", "Statistics", "Files", "TestSupport",
        .product(name: "GRDB", package: "GRDB.swift"),
      ],
      resources: [.copy("Fixtures")]),
    .testTarget(
      name: "TorchTests", dependencies: ["Torch", "Safetensors", "TorchTestSupport"],
      resources: [.copy("Golden")]),
    .testTarget(
      name: "TasksTests",
      dependencies: [
        "Tasks", "Engine", "PBTNAS", "Torch", "Safetensors", "Configuration", "ControlSuite", "CZlib",
        "TorchTestSupport",
        "TestSupport",
      ],
      resources: [.copy("Golden")]),
    .testTarget(
      name: "ControlSuiteTests", dependencies: ["ControlSuite", "CMuJoCo", "PBTNAS", "Safetensors"],
      resources: [.copy("Golden")]),
    .testTarget(
      name: "CommandTests",
      dependencies: [
        "Command", "Tasks", "Engine", "PBTNAS", "TestSupport",
        .product(name: "ArgumentParser", package: "swift-argument-parser"),
      ]),
  ],
  swiftLanguageModes: [.v6],
  cxxLanguageStandard: .cxx20
)
