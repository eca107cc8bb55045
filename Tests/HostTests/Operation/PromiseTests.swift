import ChatKernel
import Testing

@testable import ChatHost

@Suite("What is promised, end to end")
struct PromiseTests {
    private func promise(_ durability: Durability, replayable: Bool = true, resume: Bool = true) -> Promise {
        Promise(
            transport: "carrier", TransportGuarantees(resume: resume, ordered: true),
            on: StoreGuarantees(
                durability: durability, atomicBatch: true, replayable: replayable, largestContent: .max))
    }

    @Test("to resume takes a transport that asks and a store that has kept")
    func resume() {
        #expect(promise(.synced).resume)
        #expect(promise(.written).resume)
        #expect(!promise(.memory).resume)
        #expect(!promise(.synced, replayable: false).resume)
        #expect(!promise(.synced, resume: false).resume)
    }

    @Test("a promise is a sentence")
    func sentence() {
        #expect(
            promise(.synced).sentence
                == "acknowledged messages survive a loss of power; a client that comes back misses nothing")
    }

    @Test(
        "a host whose config requires more than it can promise does not start, whether its store says so before or when it is open",
        arguments: ["memory", "watched"])
    func unkept(store: String) async throws {
        let strict = config(
            store: #"{ "type": "\#(store)" }"#, more: #""require": { "resume": true, "durability": "synced" }"#)
        await #expect {
            try await withHost(strict, catalog: .standard.adding(WatchedStore.self)) { _ in }
        } throws: { error in
            (error as? ConfigProblems)?.problems.map(\.description) == [
                "require.resume: “rest” on this store cannot promise it",
                "require.resume: “websocket” on this store cannot promise it",
                "require.resume: “long-polling” on this store cannot promise it",
                "require.durability: the store is only “memory”, and “synced” is asked",
            ]
        }
    }

    @Test(
        "the greeting of v2 promises what the host says of WebSocket",
        arguments: [(#"{ "type": "memory" }"#, false), (#"{ "type": "sqlite", "path": "chat.db" }"#, true)])
    func greeting(store: String, resumes: Bool) async throws {
        try await withHost(config(store: store)) { host in
            let info = try host.call("GET", "/api/chat/info").json
            let said = try #require(info["transports"].items.first { $0["type"] == "websocket" })
            let guarantee = try host.person("ann").open().next()["guarantee"]
            #expect(said["resume"] == .bool(resumes))
            #expect(guarantee["resume"] == said["resume"])
            #expect(guarantee["durability"] == info["store"]["durability"])
        }
    }

    @Test("one whose store keeps it starts, and says what it promises")
    func keeps() async throws {
        let strict = config(
            store: #"{ "type": "sqlite", "path": "chat.db" }"#,
            more: #""require": { "resume": true, "durability": "synced" }"#)
        let promises = try await withHost(strict) { $0.promises }
        #expect(
            promises
                == ["rest", "websocket", "long-polling"].map {
                    "\($0): acknowledged messages survive a loss of power; a client that comes back misses nothing"
                })
    }
}
