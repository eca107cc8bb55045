public import ChatKernel

public enum SQLiteStoreAdapter: StoreAdapter {
    public struct Settings: Decodable, Sendable {
        var path: String
    }
    public static let type = "sqlite"
    public static func open(_ settings: Settings, in context: AdapterContext) async throws -> any Store {
        InMemoryStore(epoch: Epoch(1))
    }
}
