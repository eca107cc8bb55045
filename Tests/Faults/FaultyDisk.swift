import CSQLite
import Synchronization

/// A disk that tells what it was made to write, loses what was not synced, runs full, and fails when it is told to.
///
/// It sits between SQLite and the files of one folder, as SQLite's default file system (a VFS). A write is remembered until
/// its file is synced; a power cut leaves what was synced, and of the rest what chance picks, in pieces and in any order.
package final class FaultyDisk: Sendable {
    private struct Inside {
        var disk = DiskState()
        var dice: Dice
        var faults: [Fault] = []
        /// Bytes by which files may still grow; nil for as many as they like.
        var room: Int?
        /// How many operations there have been.
        var operations = 0
        /// Called before each change, with what there is.
        var beforeEach: (@Sendable (DiskState) -> Void)?

        mutating func strike(_ operation: Fault.Operation, _ name: String) -> Fault.Manner? {
            for index in faults.indices where faults[index].strikes(operation, name) { return faults[index].manner }
            return nil
        }

        /// How many of `count` more bytes there is room for.
        mutating func take(_ count: Int) -> Int {
            guard let room, count > 0 else { return count }
            let granted = min(room, count)
            self.room = room - granted
            return granted
        }
    }

    private let inside: Mutex<Inside>
    package let folder = Folder()

    /// - Parameter files: what is on it already.
    package init(seed: UInt64 = 0, files: [String: [UInt8]] = [:]) throws {
        var disk = DiskState()
        for (name, bytes) in files {
            disk.files[name] = DiskImage(settled: bytes)
            try write(bytes, to: folder.path + "/" + name)
        }
        inside = Mutex(Inside(disk: disk, dice: Dice(seed: seed)))
        Interposer.add(self)
    }

    deinit { Interposer.remove(folder.path) }

    // MARK: What the tests say

    /// What is to go wrong from now on, in place of what was to.
    package func plan(_ faults: Fault...) { inside.withLock { $0.faults = faults } }

    /// Whether all that was planned has happened.
    package var isThrough: Bool { inside.withLock { $0.faults.allSatisfy { $0.times == 0 } } }

    package func setRoom(_ bytes: Int?) { inside.withLock { $0.room = bytes } }

    package func beforeEach(_ body: (@Sendable (DiskState) -> Void)?) { inside.withLock { $0.beforeEach = body } }

    package var state: DiskState { inside.withLock { $0.disk } }

    // MARK: What SQLite does, on its thread

    func opened(_ name: String) {
        inside.withLock { if $0.disk.files[name] == nil { $0.disk.files[name] = DiskImage() } }
    }

    func removed(_ name: String) {
        watch()
        inside.withLock { inside in
            guard let image = inside.disk.files.removeValue(forKey: name), image.isNamed else { return }
            inside.disk.removed[name] = image
        }
    }

    func fault(_ operation: Fault.Operation, _ name: String) -> Fault.Manner? {
        inside.withLock { $0.strike(operation, name) }
    }

    /// How much of a write arrives, and what SQLite is told of it.
    func receive(_ data: [UInt8], at offset: Int, in name: String) -> (count: Int, code: Int32) {
        watch()
        return inside.withLock { inside in
            var count = data.count
            var code = SQLITE_OK
            if let manner = inside.strike(.write, name) {
                count = inside.dice.roll(data.count)
                code = manner == .full ? SQLITE_FULL : Code.write
            }
            var image = inside.disk.files[name] ?? DiskImage()
            let growth = max(0, offset + count - image.length)
            let granted = inside.take(growth)
            if granted < growth {
                count -= growth - granted
                code = SQLITE_FULL
            }
            if count > 0 { image.record(.write(Array(data.prefix(count)), at: offset)) }
            inside.disk.files[name] = image
            return (max(0, count), code)
        }
    }

    func truncate(_ name: String, to size: Int) -> Int32 {
        watch()
        return inside.withLock { inside in
            if inside.strike(.truncate, name) != nil { return Code.truncate }
            let freed = (inside.disk.files[name]?.length ?? 0) - size
            if let room = inside.room, freed > 0 { inside.room = room + freed }
            inside.disk.files[name, default: DiskImage()].record(.truncate(size))
            return SQLITE_OK
        }
    }

    /// What SQLite is told, and, of a cache that fell back, what it holds now.
    func sync(_ name: String) -> (code: Int32, fallen: [UInt8]?) {
        watch()
        return inside.withLock { inside in
            var image = inside.disk.files[name] ?? DiskImage()
            defer { inside.disk.files[name] = image }
            if let manner = inside.strike(.sync, name) {
                image.loseSync(&inside.dice, forgets: manner == .forgetting)
                return (Code.sync, manner == .forgetting ? image.synced : nil)
            }
            image.sync()
            // SQLite syncs the folder with a log that is new to it.
            if !name.hasSuffix(".db"), !image.isNamed || !inside.disk.removed.isEmpty {
                image.isNamed = true
                inside.disk.removed = [:]
                for other in inside.disk.files.keys { inside.disk.files[other]?.isNamed = true }
            }
            return (SQLITE_OK, nil)
        }
    }

    /// A piece of the shared memory, which grows the file that it is kept in.
    func share(_ name: String, grow bytes: Int) -> Int32 {
        inside.withLock { inside in
            if let manner = inside.strike(.share, name) { return manner == .full ? Code.sharedSize : Code.sharedMap }
            return inside.take(bytes) == bytes ? SQLITE_OK : Code.sharedSize
        }
    }

    private func watch() {
        let (body, disk) = inside.withLock { inside in
            inside.operations += 1
            return (inside.beforeEach, inside.beforeEach == nil ? DiskState() : inside.disk)
        }
        body?(disk)
    }

    /// SQLite's extended codes of I/O errors, which are macros.
    enum Code {
        static let read = SQLITE_IOERR | 1 << 8
        static let write = SQLITE_IOERR | 3 << 8
        static let sync = SQLITE_IOERR | 4 << 8
        static let truncate = SQLITE_IOERR | 6 << 8
        static let sharedSize = SQLITE_IOERR | 19 << 8
        static let sharedMap = SQLITE_IOERR | 21 << 8
    }
}
