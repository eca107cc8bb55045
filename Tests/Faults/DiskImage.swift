/// A file of a ``FaultyDisk``: what is sure to be on the disk, and what has been written since.
package struct DiskImage: Sendable {
    enum Change: Sendable {
        case write([UInt8], at: Int)
        case truncate(Int)
    }

    /// What a disk writes whole or not at all.
    static let sector = 512

    /// What is there after any power cut.
    private(set) var synced: [UInt8] = []
    private(set) var pending: [Change] = []
    /// Its length, as whoever uses it sees it.
    private(set) var length = 0
    /// Whether the folder's own entry for it is on the disk.
    var isNamed = false

    init() {}

    init(settled bytes: [UInt8]) {
        synced = bytes
        length = bytes.count
        isNamed = true
    }

    mutating func record(_ change: Change) {
        switch change {
        case .write(let data, let at): length = max(length, at + data.count)
        case .truncate(let size): length = size
        }
        pending.append(change)
    }

    mutating func sync() {
        for change in pending { Self.apply(change, to: &synced) }
        pending = []
    }

    /// The bytes as whoever uses it sees them, unless a sync failed.
    package var settled: [UInt8] {
        var settled = self
        settled.sync()
        return settled.synced
    }

    /// A sync that failed, as Linux has it: some of what was to be written is on the disk, and of the rest the system
    /// knows nothing any more. The next sync will not bring it there. A system that forgets shows what is on the disk.
    mutating func loseSync(_ dice: inout Dice, forgets: Bool) {
        synced = cut(&dice)
        pending = []
        if forgets { length = synced.count }
    }

    /// The bytes after a power cut: of what is pending any part may have arrived, in any order.
    func cut(_ dice: inout Dice) -> [UInt8] {
        var bytes = synced
        // Mostly nearly all or nearly nothing: where each change is a coin of its own, long runs never survive.
        let odds = dice.pick([0, 1, 5, 9, 10])
        for change in pending {
            switch (dice.roll(10), change) {
            case (..<odds, _): Self.apply(change, to: &bytes)
            case (9, .write(let data, let at)): Self.tear(data, at: at, into: &bytes, &dice)
            default: continue
            }
        }
        return bytes
    }

    /// Writes some of the sectors that the data touches.
    private static func tear(_ data: [UInt8], at start: Int, into bytes: inout [UInt8], _ dice: inout Dice) {
        var from = start
        while from < start + data.count {
            let next = min((from / sector + 1) * sector, start + data.count)
            if dice.roll(2) == 0 {
                apply(.write(Array(data[from - start..<next - start]), at: from), to: &bytes)
            }
            from = next
        }
    }

    private static func apply(_ change: Change, to bytes: inout [UInt8]) {
        switch change {
        case .truncate(let size):
            if size < bytes.count { bytes.removeLast(bytes.count - size) } else { grow(&bytes, to: size) }
        case .write(let data, let at):
            grow(&bytes, to: at + data.count)
            bytes.replaceSubrange(at..<at + data.count, with: data)
        }
    }

    private static func grow(_ bytes: inout [UInt8], to size: Int) {
        if bytes.count < size { bytes += [UInt8](repeating: 0, count: size - bytes.count) }
    }
}

/// What there is on a ``FaultyDisk`` at some moment.
package struct DiskState: Sendable {
    package internal(set) var files: [String: DiskImage] = [:]
    /// Files that have been removed, while the folder's entry for them may still be on the disk.
    var removed: [String: DiskImage] = [:]

    /// The files after a power cut.
    package func cut(_ dice: inout Dice) -> [String: [UInt8]] {
        var found: [String: [UInt8]] = [:]
        for (name, image) in removed.sorted(by: { $0.key < $1.key }) where dice.roll(2) == 0 {
            found[name] = image.cut(&dice)
        }
        for (name, image) in files.sorted(by: { $0.key < $1.key }) where image.isNamed || dice.roll(2) == 0 {
            found[name] = image.cut(&dice)
        }
        return found
    }
}
