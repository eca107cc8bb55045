import ChatHost
import ChatKernel
import Synchronization
import Testing

/// A store of somebody else's, with settings of its own.
private enum ShelfAdapter: StoreAdapter {
    struct Settings: Decodable {
        struct Shelf: Decodable {
            let height: Int
            let label: String?
        }

        let rooms: Int
        let shelves: [Shelf]
        let by: [String: Int]?
    }

    static let type = "shelf"
    static let opened = Mutex<[Int]>([])

    static func open(_ settings: Settings, in context: AdapterContext) async throws -> any Store {
        opened.withLock { $0.append(settings.rooms) }
        return InMemoryStore(epoch: Epoch(1))
    }
}

/// A transport whose settings refuse in words of their own.
private enum PigeonAdapter: TransportAdapter {
    struct Settings: Decodable {
        struct NoPigeon: Error, CustomStringConvertible {
            let description = "there are no pigeons in that town"
        }

        private enum Key: CodingKey { case town }

        init(from decoder: any Decoder) throws {
            let town = try decoder.container(keyedBy: Key.self).decode(String.self, forKey: .town)
            guard town == "Venice" else { throw NoPigeon() }
        }
    }

    static let type = "pigeon"
    static let guarantees = TransportGuarantees(resume: false, ordered: false)

    static func make(_ settings: Settings, in context: AdapterContext) async throws -> any Transport { Pigeon() }
}

private struct Pigeon: Transport {
    var endpoints: [Endpoint] { [] }

    func run(serving kernel: Kernel) async throws {
        let (nothing, _) = AsyncStream<Never>.makeStream()
        for await _ in nothing {}
    }
}

/// A store without any settings, written in the shortest way.
private enum PlainAdapter: StoreAdapter {
    struct Settings: Decodable {}
    static let type = "plain"

    static func open(_ settings: Settings, in context: AdapterContext) async throws -> any Store {
        InMemoryStore(epoch: Epoch(1))
    }
}

@Suite("Adapters of one's own")
struct CatalogTests {
    private let catalog = AdapterCatalog.standard.adding(ShelfAdapter.self).adding(PigeonAdapter.self)
        .adding(PlainAdapter.self)

    private func text(_ store: String, _ transport: String = #"{ "type": "rest" }"#) -> String {
        #"{ "store": \#(store), "transports": [ \#(transport) ] }"#
    }

    @Test("are named in a config like the house's own, and get their settings")
    func serve() async throws {
        let text = """
            { "store": { "type": "shelf", "rooms": 41, "shelves": [ { "height": 3 } ], "by": { "hand": 1 } },
              "http": { "listen": "127.0.0.1:0", "loops": 1 },
              "transports": [ { "type": "rest" }, { "type": "pigeon", "town": "Venice" } ] }
            """
        let info = try await withHost(text, catalog: catalog) { try $0.call("GET", "/api/chat/info").json }
        #expect(ShelfAdapter.opened.withLock { $0.contains(41) })
        #expect(info["transports"].items.map { $0["type"] } == ["rest", "pigeon"])
        #expect(info["transports"][1]["resume"] == false)
    }

    @Test("are listed among the known ones")
    func listed() {
        #expect(
            problems(text(#"{ "type": "?" }"#, #"{ "type": "?" }"#), catalog: catalog) == [
                "store.type: “?” is not known; one of memory, plain, shelf, sqlite",
                "transports[0].type: “?” is not known; one of long-polling, pigeon, rest, websocket",
            ])
    }

    @Test("are told of with paths into their settings, all at once")
    func paths() {
        let store = """
            { "type": "shelf", "rooms": "two", "shelf": [],
              "shelves": [ { "height": 1, "depth": 2 }, { "height": "tall" }, { "height": 3, "label": 4 } ] }
            """
        #expect(
            problems(text(store), catalog: catalog) == [
                "store.rooms: must be a whole number, not text",
                "store.shelves[1].height: must be a whole number, not text",
                "store.shelves[2].label: must be text, not a number",
                "store.shelf: is not a setting here; known are by, rooms, shelves",
                "store.shelves[0].depth: is not a setting here; known are height, label",
            ])
    }

    @Test("that refuse in their own words are told by their place")
    func ownWords() {
        #expect(
            problems(text(#"{ "type": "memory" }"#, #"{ "type": "pigeon", "town": "Paris" }"#), catalog: catalog)
                == ["transports[0]: there are no pigeons in that town"])
    }

    @Test("without settings take none")
    func plain() {
        #expect(problems(text(#"{ "type": "plain" }"#), catalog: catalog) == [])
        #expect(
            problems(text(#"{ "type": "plain", "size": 1 }"#), catalog: catalog)
                == ["store.size: is not a setting here; there are none"])
    }

    @Test("of a type that is there already take its place")
    func replaced() async throws {
        enum Quiet: TransportAdapter {
            struct Settings: Decodable { let loudness: Int }
            static let type = "rest"
            static let guarantees = TransportGuarantees(resume: true, ordered: true)
            static func make(_ settings: Settings, in context: AdapterContext) async throws -> any Transport {
                Pigeon()
            }
        }
        let found = problems(text(#"{ "type": "memory" }"#), catalog: catalog.adding(Quiet.self))
        #expect(found == ["transports[0].loudness: is needed"])
    }
}
