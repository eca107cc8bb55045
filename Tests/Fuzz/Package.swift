// swift-tools-version: 6.2
import PackageDescription

// One libFuzzer executable for each parser that meets bytes from outside (README.md says how to add one). The modules are
// compiled here, through links to their folders, so that the fuzzer sees their branches and the address sanitizer their
// memory; the root package knows nothing of it.

// A module under test: a link in Sources/ and a line here.
let modules: [Target] = [
    .target(name: "ChatHTTP1", exclude: ["README.md"]),
    .target(name: "ChatWebSocketProtocol", exclude: ["README.md"]),
    .target(name: "ChatKernel", exclude: ["README.md"]),
    .target(name: "ChatWire", dependencies: ["ChatKernel"], exclude: ["README.md"]),
    .systemLibrary(name: "CLinux"),
    .target(name: "ChatNet", dependencies: ["CLinux", "COpenSSL"], exclude: ["README.md"]),
    .target(
        name: "ChatHTTPServer", dependencies: ["ChatKernel", "ChatNet", "ChatHTTP1"], exclude: ["README.md"]),
    .target(
        name: "ChatREST", dependencies: ["ChatKernel", "ChatWire", "ChatHTTP1", "ChatHTTPServer"],
        exclude: ["README.md"]),
    .systemLibrary(name: "COpenSSL"),
    .target(
        name: "ChatWebSocket",
        dependencies: [
            "ChatKernel", "ChatWire", "ChatNet", "ChatHTTP1", "ChatHTTPServer", "ChatWebSocketProtocol",
        ],
        exclude: ["README.md"]),
    .target(
        name: "ChatLongPolling",
        dependencies: ["ChatKernel", "ChatWire", "ChatNet", "ChatHTTP1", "ChatHTTPServer"], exclude: ["README.md"]),
    .systemLibrary(name: "CSQLite"),
    .target(name: "ChatSQLite", dependencies: ["ChatKernel", "CSQLite"]),
    .target(name: "ChatAuth", dependencies: ["ChatKernel", "ChatWire", "COpenSSL"], exclude: ["README.md"]),
    .target(
        name: "ChatHost",
        dependencies: [
            "ChatKernel", "ChatWire", "ChatNet", "ChatHTTP1", "ChatHTTPServer", "ChatREST", "ChatWebSocket",
            "ChatLongPolling", "ChatSQLite", "ChatAuth", "CLinux",
        ],
        resources: [.embedInCode("Page")]),
]

// What the targets share: the tests' feeders, by links to their files, and the time an input may take.
let feeding = Target.target(name: "Feeding", dependencies: ["ChatHTTP1", "ChatWebSocketProtocol"])

// A fuzz target: a folder in Sources/, a folder of seeds in corpus/, and a line here.
let fuzzers: [Target] = [
    .executableTarget(name: "FuzzHTTPHead", dependencies: ["ChatHTTP1"]),
    .executableTarget(name: "FuzzChunkedBody", dependencies: ["ChatHTTP1"]),
    .executableTarget(name: "FuzzPercent", dependencies: ["ChatHTTP1"]),
    .executableTarget(name: "FuzzURL", dependencies: ["ChatHTTP1", "ChatHTTPServer"]),
    .executableTarget(name: "FuzzHandshake", dependencies: ["ChatHTTP1", "ChatHTTPServer", "ChatWebSocketProtocol"]),
    .executableTarget(name: "FuzzWebSocketFrames", dependencies: ["ChatWebSocketProtocol"]),
    .executableTarget(name: "FuzzJSON", dependencies: ["ChatWire", "ChatKernel"]),
    .executableTarget(name: "FuzzClientFrame", dependencies: ["ChatWire", "ChatKernel"]),
    .executableTarget(name: "FuzzSearch", dependencies: ["ChatKernel"]),
    .executableTarget(name: "FuzzJWT", dependencies: ["ChatAuth", "ChatKernel", "ChatWire"]),
    .executableTarget(name: "FuzzConfig", dependencies: ["ChatHost"]),
    .executableTarget(name: "FuzzStoreFile", dependencies: ["ChatSQLite", "ChatKernel", "CSQLite"]),
]

// Their main functions; the file says why.
let entries = Target.target(
    name: "CFuzzMain",
    cSettings: [.define("FUZZERS", to: fuzzers.map { "ENTRY(\($0.name))" }.joined(separator: " "))])

let package = Package(name: "fuzz", targets: [entries, feeding] + modules + fuzzers, swiftLanguageModes: [.v6])

// The house settings of the root package, the two sanitizers, and sight of what is internal.
let settings: [SwiftSetting] = [
    .treatAllWarnings(as: .error),
    .strictMemorySafety(),
    .enableUpcomingFeature("ExistentialAny"),
    .enableUpcomingFeature("MemberImportVisibility"),
    .enableUpcomingFeature("InternalImportsByDefault"),
    .enableUpcomingFeature("NonisolatedNonsendingByDefault"),
    .enableUpcomingFeature("InferIsolatedConformances"),
    .unsafeFlags(["-sanitize=fuzzer,address", "-enable-testing"]),
]
for target in modules + [feeding] where target.type == .regular { target.swiftSettings = settings }
for target in fuzzers {
    target.swiftSettings = settings + [.unsafeFlags(["-parse-as-library"])]  // main comes with libFuzzer
    target.linkerSettings = [.unsafeFlags(["-sanitize=fuzzer,address"])]
    target.dependencies += ["CFuzzMain", "Feeding"]
}
