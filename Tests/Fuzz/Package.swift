// swift-tools-version: 6.2
import PackageDescription

// One libFuzzer executable for each parser that meets bytes from outside (README.md says how to add one). The modules are
// compiled here, through links to their folders, so that the fuzzer sees their branches and the address sanitizer their
// memory; the root package knows nothing of it.

// A module under test: a link in Sources/ and a line here.
let modules: [Target] = [
    .target(name: "ChatHTTP1", exclude: ["README.md"]),
    .target(name: "ChatWebSocketProtocol", exclude: ["README.md"]),
    .target(name: "ChatKernel"),
    .target(name: "ChatWire", dependencies: ["ChatKernel"], exclude: ["README.md"]),
    .systemLibrary(name: "COpenSSL"),
    .target(name: "ChatAuth", dependencies: ["ChatKernel", "ChatWire", "COpenSSL"], exclude: ["README.md"]),
]

// A fuzz target: a folder in Sources/, a folder of seeds in corpus/, and a line here.
let fuzzers: [Target] = [
    .executableTarget(name: "FuzzHTTPHead", dependencies: ["ChatHTTP1"]),
    .executableTarget(name: "FuzzChunkedBody", dependencies: ["ChatHTTP1"]),
    .executableTarget(name: "FuzzPercent", dependencies: ["ChatHTTP1"]),
    .executableTarget(name: "FuzzWebSocketFrames", dependencies: ["ChatWebSocketProtocol"]),
    .executableTarget(name: "FuzzJWT", dependencies: ["ChatAuth", "ChatKernel"]),
    .executableTarget(name: "FuzzJSON", dependencies: ["ChatWire", "ChatKernel"]),
]

// Their main functions; the file says why.
let entries = Target.target(
    name: "CFuzzMain",
    cSettings: [.define("FUZZERS", to: fuzzers.map { "ENTRY(\($0.name))" }.joined(separator: " "))])

let package = Package(name: "fuzz", targets: [entries] + modules + fuzzers, swiftLanguageModes: [.v6])

// The house settings of the root package, and the two sanitizers.
let settings: [SwiftSetting] = [
    .treatAllWarnings(as: .error),
    .strictMemorySafety(),
    .enableUpcomingFeature("ExistentialAny"),
    .enableUpcomingFeature("MemberImportVisibility"),
    .enableUpcomingFeature("InternalImportsByDefault"),
    .enableUpcomingFeature("NonisolatedNonsendingByDefault"),
    .enableUpcomingFeature("InferIsolatedConformances"),
    .unsafeFlags(["-sanitize=fuzzer,address"]),
]
for target in modules where target.type == .regular { target.swiftSettings = settings }
for target in fuzzers {
    target.swiftSettings = settings + [.unsafeFlags(["-parse-as-library"])]  // main comes with libFuzzer
    target.linkerSettings = [.unsafeFlags(["-sanitize=fuzzer,address"])]
    target.dependencies.append("CFuzzMain")
}
