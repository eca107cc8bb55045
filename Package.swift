// swift-tools-version: 6.2
import PackageDescription

// The house, floor by floor (docs/decisions/0001). A target may import only what it lists here: the build is run
// with `--explicit-target-dependency-import-check error`, and `script/check-floors` asserts the table.
let package = Package(
    name: "chat",
    products: [
        .library(name: "ChatKernel", targets: ["ChatKernel"]),
        .library(name: "ChatConformance", targets: ["ChatConformance"]),
        .library(name: "ChatWire", targets: ["ChatWire"]),
        .library(name: "ChatNet", targets: ["ChatNet"]),
        .library(name: "ChatHTTP1", targets: ["ChatHTTP1"]),
        .library(name: "ChatHTTPServer", targets: ["ChatHTTPServer"]),
        .library(name: "ChatREST", targets: ["ChatREST"]),
        .library(name: "ChatWebSocket", targets: ["ChatWebSocket"]),
        .library(name: "ChatLongPolling", targets: ["ChatLongPolling"]),
        .library(name: "ChatSQLite", targets: ["ChatSQLite"]),
        .library(name: "ChatAuth", targets: ["ChatAuth"]),
        .library(name: "ChatHost", targets: ["ChatHost"]),
        .library(name: "ChatClient", targets: ["ChatClient"]),
        .executable(name: "chatd", targets: ["chatd"]),
        .executable(name: "chat", targets: ["chat"]),
    ],
    traits: [
        .trait(
            name: "Mutants",
            description: "Compiles deliberate faults into the kernel, to test the simulation. Never for use.")
    ],
    targets: [
        // floor 0
        .target(name: "ChatKernel", path: "Sources/ChatKernel", exclude: ["README.md"]),

        // cellar
        .systemLibrary(name: "CLinux", path: "Sources/Transports/CLinux"),
        .systemLibrary(
            name: "COpenSSL", path: "Sources/Transports/COpenSSL", providers: [.apt(["libssl-dev"])]),
        .systemLibrary(name: "CSQLite", path: "Sources/Stores/CSQLite", providers: [.apt(["libsqlite3-dev"])]),

        // floor 1
        .target(
            name: "ChatNet", dependencies: ["CLinux", "COpenSSL"], path: "Sources/Transports/Net",
            exclude: ["README.md"]),
        .target(name: "ChatHTTP1", path: "Sources/Transports/HTTP1", exclude: ["README.md"]),
        .target(
            name: "ChatWebSocketProtocol", path: "Sources/Transports/WebSocketProtocol", exclude: ["README.md"]),
        .target(
            name: "ChatWire", dependencies: ["ChatKernel"], path: "Sources/Transports/Wire", exclude: ["README.md"]),
        .target(
            name: "ChatHTTPServer", dependencies: ["ChatKernel", "ChatNet", "ChatHTTP1"],
            path: "Sources/Transports/HTTPServer", exclude: ["README.md"]),

        // floor 2
        .target(
            name: "ChatREST", dependencies: ["ChatKernel", "ChatWire", "ChatHTTP1", "ChatHTTPServer"],
            path: "Sources/Transports/REST", exclude: ["README.md"]),
        .target(
            name: "ChatWebSocket",
            dependencies: [
                "ChatKernel", "ChatWire", "ChatNet", "ChatHTTP1", "ChatHTTPServer", "ChatWebSocketProtocol",
            ],
            path: "Sources/Transports/WebSocket", exclude: ["README.md"]),
        .target(
            name: "ChatLongPolling",
            dependencies: ["ChatKernel", "ChatWire", "ChatNet", "ChatHTTP1", "ChatHTTPServer"],
            path: "Sources/Transports/LongPolling", exclude: ["README.md"]),
        .target(name: "ChatSQLite", dependencies: ["ChatKernel", "CSQLite"], path: "Sources/Stores/SQLite"),

        .target(
            name: "ChatClient",
            dependencies: ["ChatKernel", "ChatWire", "ChatNet", "ChatHTTP1", "ChatWebSocketProtocol", "CLinux"],
            path: "Sources/Client/ChatClient", exclude: ["README.md"]),

        // floor 3
        .target(
            name: "ChatAuth", dependencies: ["ChatKernel", "ChatWire", "COpenSSL"], path: "Sources/Host/Auth",
            exclude: ["README.md"]),
        .target(
            name: "ChatHost",
            dependencies: [
                "ChatKernel", "ChatWire", "ChatNet", "ChatHTTP1", "ChatHTTPServer", "ChatREST", "ChatWebSocket",
                "ChatLongPolling", "ChatSQLite", "ChatAuth", "CLinux",
            ],
            path: "Sources/Host/Composition", resources: [.embedInCode("Page")]),
        .executableTarget(
            name: "chat", dependencies: ["ChatClient", "ChatKernel", "CLinux"], path: "Sources/Client/chat"),
        .executableTarget(name: "chatd", dependencies: ["ChatHost", "CLinux"], path: "Sources/Host/chatd"),

        // what proves it
        .target(name: "ChatConformance", dependencies: ["ChatKernel"], path: "Tests/Conformance"),
        .target(
            name: "ChatSimulation", dependencies: ["ChatKernel"], path: "Tests/Simulation", exclude: ["README.md"]),
        .executableTarget(name: "simulate", dependencies: ["ChatSimulation"], path: "Tests/Simulate"),
        .target(
            name: "ChatFaults", dependencies: ["ChatKernel", "ChatSQLite", "CSQLite"], path: "Tests/Faults",
            exclude: ["README.md"]),
        .executableTarget(
            name: "disk-faults", dependencies: ["ChatFaults"], path: "Tests/DiskFaults"),
        .executableTarget(
            name: "populate", dependencies: ["ChatKernel", "ChatSQLite"], path: "Tests/Populate"),
        .executableTarget(
            name: "echo-server",
            dependencies: ["ChatNet", "ChatHTTP1", "ChatHTTPServer", "ChatWebSocketProtocol", "CLinux"],
            path: "Tests/EchoServer"),
        .testTarget(
            name: "ChatKernelTests", dependencies: ["ChatKernel", "ChatConformance", "ChatSimulation"],
            path: "Tests/ChatKernelTests"),
        .testTarget(
            name: "SimulationTests", dependencies: ["ChatKernel", "ChatSimulation"], path: "Tests/SimulationTests"),
        .testTarget(
            name: "WireTests", dependencies: ["ChatKernel", "ChatWire", "ChatSimulation"], path: "Tests/WireTests"),
        .testTarget(name: "HTTP1Tests", dependencies: ["ChatHTTP1"], path: "Tests/HTTP1Tests"),
        .testTarget(
            name: "WebSocketProtocolTests", dependencies: ["ChatWebSocketProtocol", "ChatSimulation"],
            path: "Tests/WebSocketProtocolTests"),
        .target(name: "ScriptTesting", path: "Tests/ScriptTesting", exclude: ["README.md"]),
        .target(name: "TLSTesting", dependencies: ["COpenSSL"], path: "Tests/TLSTesting"),
        .testTarget(
            name: "NetTests",
            dependencies: [
                "ChatKernel", "ChatNet", "ChatHTTP1", "ChatHTTPServer", "CLinux", "ScriptTesting", "TLSTesting",
            ],
            path: "Tests/NetTests"),
        .testTarget(
            name: "StoreTests",
            dependencies: ["ChatKernel", "ChatSQLite", "ChatConformance", "ChatFaults", "ChatSimulation", "CSQLite"],
            path: "Tests/StoreTests"),
        .testTarget(
            name: "AuthTests", dependencies: ["ChatKernel", "ChatAuth", "ChatWire", "COpenSSL"], path: "Tests/AuthTests"
        ),
        .testTarget(
            name: "ClientTests",
            dependencies: [
                "ChatClient", "ChatKernel", "ChatWire", "ChatHost", "ChatAuth", "ChatNet", "ChatHTTP1",
                "ChatWebSocketProtocol", "ScriptTesting", "TLSTesting",
            ],
            path: "Tests/ClientTests"),
        .testTarget(
            name: "HostTests",
            dependencies: [
                "ChatKernel", "ChatHost", "ChatAuth", "ChatSQLite", "ChatREST", "ChatWebSocket", "ChatLongPolling",
                "ChatHTTP1", "ChatWire", "ScriptTesting", "TLSTesting",
            ],
            path: "Tests/HostTests"),
    ],
    swiftLanguageModes: [.v6]
)

// One list of settings for every Swift target, a reason a line.
let houseSettings: [SwiftSetting] = [
    .treatAllWarnings(as: .error),  // a warning nobody must read is a warning nobody reads
    .strictMemorySafety(),  // every use of unsafe memory says `unsafe`, so that it can be found
    .enableUpcomingFeature("ExistentialAny"),  // a box is written `any`
    .enableUpcomingFeature("MemberImportVisibility"),  // members come only from what the file imports
    .enableUpcomingFeature("InternalImportsByDefault"),  // `public import` means "this leaks into my API"
    .enableUpcomingFeature("NonisolatedNonsendingByDefault"),  // async functions stay on their caller's executor
    .enableUpcomingFeature("InferIsolatedConformances"),
    .define("Mutants", .when(traits: ["Mutants"])),
]
for target in package.targets where [.regular, .executable, .test].contains(target.type) {
    target.swiftSettings = houseSettings
}
