import ChatConformance
import ChatKernel
import ChatSQLite
import Glibc
import Synchronization

struct InMemoryHarness: StoreHarness {
    func makeStore() async throws -> any Store { InMemoryStore(epoch: Epoch(.random(in: 1 ... .max))) }

    func reopen(_ store: any Store) async throws -> (any Store)? {
        await store.close()
        return nil
    }
}

/// Makes SQLite stores in a folder of its own, which goes when it does.
final class SQLiteHarness: StoreHarness {
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

/// A folder for a test's files, removed with its files when the last holds it no more.
final class Folder: Sendable {
    let path: String

    init() {
        var template = Array("/tmp/chat-store-XXXXXX".utf8CString)
        path = unsafe template.withUnsafeMutableBufferPointer {
            guard let start = $0.baseAddress, let made = unsafe mkdtemp(start) else { return "/nowhere" }
            return unsafe String(cString: made)
        }
    }

    deinit {
        for name in files { unsafe unlink(path + "/" + name) }
        unsafe rmdir(path)
    }

    var files: [String] {
        guard let folder = unsafe opendir(path) else { return [] }
        defer { unsafe closedir(folder) }
        var names: [String] = []
        while let item = unsafe readdir(folder) {
            let name = unsafe withUnsafePointer(to: &item.pointee.d_name) {
                unsafe String(cString: UnsafeRawPointer($0).assumingMemoryBound(to: CChar.self))
            }
            if name != ".", name != ".." { names.append(name) }
        }
        return names
    }
}
