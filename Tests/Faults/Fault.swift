/// Something that goes wrong on a ``FaultyDisk``.
package struct Fault: Sendable, CustomStringConvertible {
    package enum Operation: String, Sendable, CaseIterable {
        case read
        case write
        case truncate
        case sync
        /// The memory that connections share, which SQLite keeps in a file of its own.
        case share
    }

    package enum Manner: String, Sendable {
        /// An I/O error. A write has been done in part; what a sync was to bring to the disk is lost in part.
        case error
        /// The same, and the system's cache falls back to what is on the disk.
        case forgetting
        /// No room. A write has been done in part.
        case full
    }

    package let operation: Operation
    package let manner: Manner
    /// The end of the names of the files it concerns.
    package let suffix: String
    /// How many such operations go well before.
    package var after: Int
    package var times: Int

    package init(
        _ operation: Operation, _ manner: Manner = .error, of suffix: String = "", after: Int = 0, times: Int = 1
    ) {
        self.operation = operation
        self.manner = manner
        self.suffix = suffix
        self.after = after
        self.times = times
    }

    /// Whether it strikes now.
    mutating func strikes(_ operation: Operation, _ name: String) -> Bool {
        guard operation == self.operation, times > 0, name.hasSuffix(suffix) else { return false }
        guard after == 0 else {
            after -= 1
            return false
        }
        times -= 1
        return true
    }

    package var description: String { "\(operation) \(after) of *\(suffix) \(manner)" }
}
