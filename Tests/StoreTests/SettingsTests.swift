import ChatFaults
import ChatKernel
import ChatSQLite
import ChatSimulation
import FoundationEssentials
import Testing

@Suite("Settings of a SQLite store")
struct SettingsTests {
    private func decode(_ json: String) throws -> SQLiteStoreSettings {
        try JSONDecoder().decode(SQLiteStoreSettings.self, from: Data(json.utf8))
    }

    @Test("are synced unless they say otherwise")
    func defaults() throws {
        #expect(try decode(#"{"path": "chat.db"}"#).durability == .synced)
        #expect(try decode(#"{"path": "chat.db", "durability": "written"}"#).durability == .written)
    }

    @Test("with another durability are refused, naming those there are")
    func wrongDurability() throws {
        let error = #expect(throws: DecodingError.self) { try decode(#"{"path": "a", "durability": "maybe"}"#) }
        guard case .dataCorrupted(let context) = error else {
            Issue.record("it was \(String(describing: error))")
            return
        }
        #expect(context.debugDescription == #"must be "written" or "synced", not "maybe""#)
        #expect(context.codingPath.map(\.stringValue) == ["durability"])
    }

    @Test("without a path are refused")
    func noPath() { #expect(throws: DecodingError.self) { try decode("{}") } }

    @Test("of a config have their path in the data folder")
    func relativePath() async throws {
        let folder = Folder()
        let context = AdapterContext(directory: folder.path, time: SimulatedTime(), log: SilentLog())
        let store = try await SQLiteStoreAdapter.open(SQLiteStoreSettings(path: "a.db"), in: context)
        #expect(folder.files.contains("a.db"))
        #expect(store.guarantees.durability == .synced)
        await store.close()
    }
}
