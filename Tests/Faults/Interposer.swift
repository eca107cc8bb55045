import CSQLite
import Glibc
import Synchronization

/// SQLite's default file system with some of its methods replaced, for files in the folder of a ``FaultyDisk``.
enum Interposer {
    /// An open file: whose it is, and the system's own methods for it.
    @safe struct Open: @unchecked Sendable {
        let disk: Weak
        let name: String
        let system: UnsafePointer<sqlite3_io_methods>
    }

    struct Weak: Sendable {
        weak let disk: FaultyDisk?

        init(_ disk: FaultyDisk) { self.disk = disk }
    }

    private static let disks = Mutex<[String: Weak]>([:])
    private static let open = Mutex<[UInt: Open]>([:])
    /// Our methods, by the address of those they stand for: SQLite has several tables of them. Never freed.
    private static let tables = Mutex<[UInt: UInt]>([:])
    nonisolated(unsafe) private static let original = unsafe sqlite3_vfs_find(nil)

    static func add(_ disk: FaultyDisk) {
        _ = installed
        disks.withLock { $0[disk.folder.path] = Weak(disk) }
    }

    static func remove(_ folder: String) { _ = disks.withLock { $0.removeValue(forKey: folder) } }

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
        unsafe vfs.pointee.xDelete = { _, path, syncsFolder in
            guard let original = unsafe Interposer.original, let path = unsafe path else { return SQLITE_ERROR }
            if let (disk, name) = Interposer.place(of: unsafe String(cString: path)) { disk.disk?.removed(name) }
            return unsafe original.pointee.xDelete(original, path, syncsFolder)
        }
        return unsafe sqlite3_vfs_register(vfs, 1) == SQLITE_OK
    }()

    private static func place(of path: String) -> (Weak, String)? {
        guard let slash = path.lastIndex(of: "/"), let disk = disks.withLock({ $0[String(path[..<slash])] })
        else { return nil }
        return (disk, String(path[path.index(after: slash)...]))
    }

    private static func adopt(_ file: UnsafeMutablePointer<sqlite3_file>, _ path: String) {
        guard let system = unsafe file.pointee.pMethods, let (disk, name) = place(of: path) else { return }
        disk.disk?.opened(name)
        let item = unsafe Open(disk: disk, name: name, system: system)
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
        unsafe methods.xRead = { file, data, count, offset in
            guard let item = unsafe Interposer.item(file), let data = unsafe data else { return SQLITE_ERROR }
            if item.disk.disk?.fault(.read, item.name) != nil { return FaultyDisk.Code.read }
            return unsafe item.system.pointee.xRead(file, data, count, offset)
        }
        unsafe methods.xWrite = { file, data, count, offset in
            guard let item = unsafe Interposer.item(file), let data = unsafe data else { return SQLITE_ERROR }
            let bytes = unsafe Array(UnsafeRawBufferPointer(start: data, count: Int(count)))
            let (granted, code) =
                item.disk.disk?.receive(bytes, at: Int(offset), in: item.name) ?? (bytes.count, SQLITE_OK)
            guard granted > 0 else { return code }
            let written = unsafe item.system.pointee.xWrite(file, data, Int32(granted), offset)
            return written == SQLITE_OK ? code : written
        }
        unsafe methods.xTruncate = { file, size in
            guard let item = unsafe Interposer.item(file) else { return SQLITE_ERROR }
            let code = item.disk.disk?.truncate(item.name, to: Int(size)) ?? SQLITE_OK
            return code == SQLITE_OK ? unsafe item.system.pointee.xTruncate(file, size) : code
        }
        unsafe methods.xSync = { file, flags in
            // The real disk is not synced: the tests do not cut the real power.
            guard let item = unsafe Interposer.item(file) else { return SQLITE_ERROR }
            let (code, fallen) = item.disk.disk?.sync(item.name) ?? (SQLITE_OK, nil)
            if let fallen {
                _ = unsafe item.system.pointee.xTruncate(file, Int64(fallen.count))
                _ = unsafe fallen.withUnsafeBytes {
                    unsafe item.system.pointee.xWrite(file, $0.baseAddress, Int32($0.count), 0)
                }
            }
            return code
        }
        unsafe methods.xShmMap = { file, region, size, extends, memory in
            guard let item = unsafe Interposer.item(file) else { return SQLITE_ERROR }
            let name = item.name + "-shm"
            let code = extends != 0 ? item.disk.disk?.share(name, grow: Int(size)) ?? SQLITE_OK : SQLITE_OK
            guard code == SQLITE_OK else { return code }
            return unsafe item.system.pointee.xShmMap(file, region, size, extends, memory)
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
