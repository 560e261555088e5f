// swift-tools-version: 6.1
import PackageDescription

// A package of its own, so that what only benchmarks need never reaches users.
let package = Package(
  name: "Benchmarks",
  dependencies: [.package(name: "pbtnas", path: "..")],
  targets: [
    // How a benchmark is asked for rounds and answers with seconds.
    .target(name: "Measurement"),
    // Four 3x3 convolutions, forward and backward.
    .executableTarget(
      name: "convolutions", dependencies: ["Measurement", .product(name: "Torch", package: "pbtnas")]),
    // Steps of the Control Suite's tasks, with and without pictures.
    .executableTarget(
      name: "environment-steps",
      dependencies: [
        "Measurement", .product(name: "ControlSuite", package: "pbtnas"),
        .product(name: "PBTNAS", package: "pbtnas"),
      ]),
    // Five discriminator steps and one generator step.
    .executableTarget(
      name: "gan-cycle",
      dependencies: [
        "Measurement", .product(name: "PBTNAS", package: "pbtnas"),
        .product(name: "Torch", package: "pbtnas"), .product(name: "Tasks", package: "pbtnas"),
      ]),
    // The engine with a trainer that does nothing.
    .executableTarget(
      name: "coordinator",
      dependencies: [
        .product(name: "Engine", package: "pbtnas"), .product(name: "PBTNAS", package: "pbtnas"),
        .product(name: "Safetensors", package: "pbtnas"),
      ]),
    // An offspring's checkpoint, against copying its bytes.
    .executableTarget(
      name: "child-creation",
      dependencies: [
        "Measurement", .product(name: "Engine", package: "pbtnas"),
        .product(name: "PBTNAS", package: "pbtnas"), .product(name: "Safetensors", package: "pbtnas"),
      ]),
    // An update of a DrQ-v2 agent.
    .executableTarget(
      name: "drq-update",
      dependencies: [
        "Measurement", .product(name: "PBTNAS", package: "pbtnas"),
        .product(name: "Torch", package: "pbtnas"), .product(name: "Tasks", package: "pbtnas"),
      ]),
    // A batch drawn from a replay buffer.
    .executableTarget(
      name: "replay-draws",
      dependencies: [
        "Measurement", .product(name: "PBTNAS", package: "pbtnas"),
        .product(name: "Torch", package: "pbtnas"), .product(name: "Tasks", package: "pbtnas"),
      ]),
  ],
  swiftLanguageModes: [.v6],
  cxxLanguageStandard: .cxx20
)
