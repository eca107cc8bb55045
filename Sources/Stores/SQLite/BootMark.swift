import CSQLite
import ChatKernel

/// In which life of the machine a store that only promises `written` was opened and not closed. When that life has ended the last
/// commits may have gone with the power, however whole the file looks: their numbers, which clients have seen, would come again.
enum BootMark {
    private static let name = "boot"

    /// The machine's life: the same until it starts anew. Nil where that is not said; then nothing is noticed.
    static var current: Int64? {
        let file = unsafe chat_open("/proc/sys/kernel/random/boot_id", O_RDONLY | O_CLOEXEC, 0)
        guard file >= 0 else { return nil }
        defer { _ = close(file) }
        var text = [UInt8](repeating: 0, count: 18)
        let count = unsafe text.withUnsafeMutableBytes { unsafe read(file, $0.baseAddress, $0.count) }
        // Half of it is as good as all: sixteen digits of a random number, with dashes between.
        let digits = String(decoding: text.filter { $0 != UInt8(ascii: "-") }, as: UTF8.self)
        guard count == text.count, let life = UInt64(digits, radix: 16), life != 0 else { return nil }
        return Int64(bitPattern: life)
    }

    /// Nil when it was closed, or is synced.
    static func left(in connection: Connection) throws(StoreError) -> Int64? {
        try connection.statement("SELECT value FROM meta WHERE name = ? AND value <> 0").first(.text(name)) {
            $0.integer(0)
        }
    }

    /// Within a transaction.
    static func leave(_ life: Int64?, in connection: Connection) throws(StoreError) {
        try connection.statement("INSERT OR REPLACE INTO meta(name, value) VALUES (?, ?)").run(
            .text(name), .integer(life ?? 0))
    }
}
