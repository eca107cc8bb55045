public import ChatKernel
import ChatLongPolling
import ChatREST
import ChatSQLite
import ChatWebSocket

/// The adapters a config may name. A value: a host of yours adds its own, and nothing is registered behind anybody's back.
///
/// ```swift
/// let host = try Host(configuration: "chat.json", catalog: .standard.adding(MyStoreAdapter.self))
/// ```
public struct AdapterCatalog: Sendable {
    /// Opens an adapter whose settings have been read.
    typealias StoreOpening = @Sendable (AdapterContext) async throws -> any Store
    typealias TransportOpening = @Sendable (AdapterContext) async throws -> any Transport

    struct StoreSlot: Sendable {
        let read: @Sendable (ConfigValue, [any CodingKey & Sendable]) -> Result<PlannedStore, ConfigProblems>
    }

    /// A store that is not open yet.
    struct PlannedStore: Sendable {
        /// Nil when only the open store knows.
        let guarantees: StoreGuarantees?
        let open: StoreOpening
    }

    struct TransportSlot: Sendable {
        let guarantees: TransportGuarantees
        let read: @Sendable (ConfigValue, [any CodingKey & Sendable]) -> Result<TransportOpening, ConfigProblems>
    }

    private(set) var stores: [String: StoreSlot] = [:]
    private(set) var transports: [String: TransportSlot] = [:]

    /// Knows nothing.
    public init() {}

    /// What comes with the house: stores `sqlite` and `memory`, transports `rest`, `websocket` and `long-polling`.
    public static var standard: AdapterCatalog {
        AdapterCatalog().adding(SQLiteStoreAdapter.self).adding(MemoryStoreAdapter.self)
            .adding(RESTAdapter.self).adding(WebSocketAdapter.self).adding(LongPollingAdapter.self)
    }

    /// With one more store; one of the same type is replaced.
    public func adding<A: StoreAdapter>(_ adapter: A.Type) -> AdapterCatalog {
        var catalog = self
        catalog.stores[A.type] = StoreSlot { value, path in
            SettingsDecoder.decode(A.Settings.self, from: value, at: path, ignoring: ["type"]).map { settings in
                PlannedStore(guarantees: A.guarantees(of: settings)) { context in
                    try await A.open(settings, in: context)
                }
            }
        }
        return catalog
    }

    /// With one more transport; one of the same type is replaced.
    public func adding<A: TransportAdapter>(_ adapter: A.Type) -> AdapterCatalog {
        var catalog = self
        catalog.transports[A.type] = TransportSlot(guarantees: A.guarantees) { value, path in
            SettingsDecoder.decode(A.Settings.self, from: value, at: path, ignoring: ["type"]).map { settings in
                { context in try await A.make(settings, in: context) }
            }
        }
        return catalog
    }
}

/// A store that forgets with the process.
enum MemoryStoreAdapter: StoreAdapter {
    struct Settings: Decodable {
        private enum Nothing: CodingKey {}
        init(from decoder: any Decoder) throws { _ = try decoder.container(keyedBy: Nothing.self) }
    }

    static let type = "memory"

    static func guarantees(of settings: Settings) -> StoreGuarantees? { InMemoryStore.guarantees }

    static func open(_ settings: Settings, in context: AdapterContext) async throws -> any Store {
        InMemoryStore(epoch: Epoch(.random(in: .min ... .max)))
    }
}
