import ChatConformance
import ChatFaults
import ChatKernel
import ChatSQLite
import Synchronization

struct InMemoryHarness: StoreHarness {
    let abilities: Set<StoreAbility> = [.search, .retention]

    func makeStore() async throws -> any Store { InMemoryStore(epoch: Epoch(.random(in: 1 ... .max))) }

    func reopen(_ store: any Store) async throws -> (any Store)? {
        await store.close()
        return nil
    }
}

/// Makes SQLite stores in a folder of its own, which goes when it does.
final class SQLiteHarness: StoreHarness {
    let abilities: Set<StoreAbility> = [.search, .retention]
    let folder = Folder()
    private let durability: SQLiteDurability
    private let tuning: Tuning
    private let paths = Mutex<[ObjectIdentifier: String]>([:])
    private let made = Atomic<Int>(0)

    init(_ durability: SQLiteDurability, _ tuning: Tuning = Tuning()) {
        self.durability = durability
        self.tuning = tuning
    }

    func makeStore() async throws -> any Store {
        try await open("\(folder.path)/\(made.add(1, ordering: .relaxed).newValue).db")
    }

    func reopen(_ store: any Store) async throws -> (any Store)? {
        await store.close()
        guard let store = store as? SQLiteStore,
            let path = paths.withLock({ $0.removeValue(forKey: ObjectIdentifier(store)) })
        else { return nil }
        return try await open(path)
    }

    private func open(_ path: String) async throws -> SQLiteStore {
        let store = try await SQLiteStore.open(
            SQLiteStoreSettings(path: path, durability: durability), tuning: tuning)
        paths.withLock { $0[ObjectIdentifier(store)] = path }
        return store
    }
}
