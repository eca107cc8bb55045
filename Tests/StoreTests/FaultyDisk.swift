import CSQLite
import Glibc
import Synchronization

/// A disk that tells what it was made to write, loses what was not synced, and fails when it is told to.
///
/// It sits between SQLite and the files of one folder, as SQLite's default file system (a VFS). A write is remembered until
/// its file is synced; a power cut leaves what was synced, and of the rest what chance picks, in pieces too.
final class FaultyDisk: Sendable {
    struct State {
        var files: [String: Image] = [:]
        /// The next so many syncs fail.
        var failingSyncs = 0
        /// Called before each operation, with the files as they are.
        var beforeEach: (@Sendable ([String: Image]) -> Void)?
    }

    /// A file: what is sure to be on the disk, and what has been written since.
    struct Image: Sendable {
        var synced: [UInt8] = []
        var pending: [Change] = []

        enum Change: Sendable {
            case write([UInt8], at: Int)
            case truncate(Int)
        }

        /// The bytes when all that is pending has arrived.
        var settled: [UInt8] { pending.reduce(into: synced) { Self.apply($1, to: &$0) } }

        /// The bytes after a power cut.
        func cut(_ dice: inout Dice) -> [UInt8] {
            var bytes = synced
            for change in pending {
                switch (dice.roll(3), change) {
                case (0, _): continue
                case (1, .write(let data, let at)):
                    Self.apply(.write(Array(data.prefix(dice.roll(data.count + 1))), at: at), to: &bytes)
                default: Self.apply(change, to: &bytes)
                }
            }
            return bytes
        }

        private static func apply(_ change: Change, to bytes: inout [UInt8]) {
            switch change {
            case .truncate(let size): bytes = Array(bytes.prefix(size))
            case .write(let data, let at):
                if bytes.count < at + data.count {
                    bytes += [UInt8](repeating: 0, count: at + data.count - bytes.count)
                }
                bytes.replaceSubrange(at..<at + data.count, with: data)
            }
        }
    }

    private let state = Mutex(State())
    let folder = Folder()

    init() {
        Interposer.install()
        let disk = self
        Interposer.disks.withLock { $0[disk.folder.path] = Weak(disk) }
    }

    deinit {
        let path = folder.path
        _ = Interposer.disks.withLock { $0.removeValue(forKey: path) }
    }

    func failSyncs(_ count: Int) { state.withLock { $0.failingSyncs = count } }

    func beforeEach(_ body: (@Sendable ([String: Image]) -> Void)?) { state.withLock { $0.beforeEach = body } }

    // MARK: What SQLite does, on its thread

    fileprivate func record(_ change: Image.Change, in name: String) {
        watch()
        state.withLock { $0.files[name, default: Image()].pending.append(change) }
    }

    /// False when it fails.
    fileprivate func sync(_ name: String) -> Bool {
        watch()
        return state.withLock { state in
            guard state.failingSyncs == 0 else {
                state.failingSyncs -= 1
                return false
            }
            let settled = state.files[name, default: Image()].settled
            state.files[name] = Image(synced: settled)
            return true
        }
    }

    private func watch() {
        let (body, files) = state.withLock { ($0.beforeEach, $0.beforeEach == nil ? [:] : $0.files) }
        body?(files)
    }
}

private struct Weak: Sendable {
    weak let disk: FaultyDisk?

    init(_ disk: FaultyDisk) { self.disk = disk }
}

/// SQLite's default file system with four of its methods replaced, for files in the folder of a ``FaultyDisk``.
private enum Interposer {
    /// An open file: whose it is, and the system's own methods for it.
    @safe struct Open: @unchecked Sendable {
        let disk: Weak
        let name: String
        let system: UnsafePointer<sqlite3_io_methods>
    }

    static let disks = Mutex<[String: Weak]>([:])
    private static let open = Mutex<[UInt: Open]>([:])
    /// Our methods, by the address of those they stand for: SQLite has several tables of them. Never freed.
    private static let tables = Mutex<[UInt: UInt]>([:])
    nonisolated(unsafe) private static let original = unsafe sqlite3_vfs_find(nil)

    static func install() { _ = installed }

    private static let installed: Bool = {
        guard let original = unsafe original else { return false }
        let vfs = UnsafeMutablePointer<sqlite3_vfs>.allocate(capacity: 1)
        unsafe vfs.initialize(to: original.pointee)
        unsafe vfs.pointee.zName = unsafe UnsafePointer(strdup("faulty"))
        unsafe vfs.pointee.xOpen = { _, name, file, flags, outFlags in
            guard let original = unsafe Interposer.original, let file = unsafe file else { return SQLITE_ERROR }
            let code = unsafe original.pointee.xOpen(original, name, file, flags, outFlags)
            if code == SQLITE_OK, let name = unsafe name {
                unsafe Interposer.adopt(file, String(cString: UnsafePointer<CChar>(name)))
            }
            return code
        }
        return unsafe sqlite3_vfs_register(vfs, 1) == SQLITE_OK
    }()

    private static func adopt(_ file: UnsafeMutablePointer<sqlite3_file>, _ path: String) {
        guard let slash = path.lastIndex(of: "/"), let system = unsafe file.pointee.pMethods,
            let disk = disks.withLock({ $0[String(path[..<slash])] })
        else { return }
        let item = unsafe Open(disk: disk, name: String(path[path.index(after: slash)...]), system: system)
        let key = UInt(bitPattern: file)
        open.withLock { $0[key] = item }
        unsafe file.pointee.pMethods = unsafe ours(for: system)
    }

    private static func ours(
        for system: UnsafePointer<sqlite3_io_methods>
    ) -> UnsafePointer<sqlite3_io_methods>? {
        let key = UInt(bitPattern: system)
        let address = tables.withLock { tables in
            if let known = tables[key] { return known }
            let table = UnsafeMutablePointer<sqlite3_io_methods>.allocate(capacity: 1)
            unsafe table.initialize(to: system.pointee)
            unsafe replaceMethods(&table.pointee)
            tables[key] = UInt(bitPattern: table)
            return UInt(bitPattern: table)
        }
        return unsafe UnsafePointer(bitPattern: address)
    }

    private static func replaceMethods(_ methods: inout sqlite3_io_methods) {
        unsafe methods.xWrite = { file, data, count, offset in
            guard let item = unsafe Interposer.item(file), let data = unsafe data else { return SQLITE_ERROR }
            let bytes = unsafe Array(UnsafeRawBufferPointer(start: data, count: Int(count)))
            item.disk.disk?.record(.write(bytes, at: Int(offset)), in: item.name)
            return unsafe item.system.pointee.xWrite(file, data, count, offset)
        }
        unsafe methods.xTruncate = { file, size in
            guard let item = unsafe Interposer.item(file) else { return SQLITE_ERROR }
            item.disk.disk?.record(.truncate(Int(size)), in: item.name)
            return unsafe item.system.pointee.xTruncate(file, size)
        }
        unsafe methods.xSync = { file, flags in
            // The real disk is not synced: the tests do not cut the real power.
            guard let item = unsafe Interposer.item(file) else { return SQLITE_ERROR }
            return item.disk.disk?.sync(item.name) ?? true ? SQLITE_OK : SQLITE_IOERR | (4 << 8)
        }
        unsafe methods.xClose = { file in
            guard let item = unsafe Interposer.item(file) else { return SQLITE_ERROR }
            let key = UInt(bitPattern: file)
            _ = Interposer.open.withLock { $0.removeValue(forKey: key) }
            return unsafe item.system.pointee.xClose(file)
        }
    }

    private static func item(_ file: UnsafeMutablePointer<sqlite3_file>?) -> Open? {
        let key = UInt(bitPattern: file)
        return open.withLock { $0[key] }
    }
}
