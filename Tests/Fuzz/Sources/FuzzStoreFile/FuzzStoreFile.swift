import ChatKernel
import Feeding

@testable import ChatSQLite

/// A store's file that is not as it was written: bytes of it changed, or values in its tables, with checksums that hold.
/// It may be refused, as a whole or in part; opening, reading and writing it must end, and not in a trap.
///
/// The first byte chooses. Even: edits of four bytes, a place and a value. Odd: edits of a column, a row, a kind and a value
/// of eight bytes.
@_cdecl("LLVMFuzzerTestOneInput")
public func fuzzStoreFile(_ data: UnsafePointer<UInt8>, _ size: Int) -> CInt {
    unsafe feed(data, size) { input in
        guard let choice = input.first else { return }
        do throws(StoreError) {
            let connection = try Connection(path: ":memory:")
            if choice & 1 == 0 {
                connection.load(damaged(by: input.dropFirst()))
            } else {
                connection.load(image)
                try change(connection, input.dropFirst())
            }
            try StoreSession(connection).useAll()
        } catch {
            precondition(!error.detail.isEmpty, "refused without a word")
        }
    }
}

private let image: [UInt8] = {
    do { return try StoreImage().bytes } catch { preconditionFailure("\(error)") }
}()

private func damaged(by edits: ArraySlice<UInt8>) -> [UInt8] {
    var bytes = image
    var edits = edits
    while edits.count >= 4 {
        let edit = Array(edits.prefix(4))
        edits = edits.dropFirst(4)
        bytes[(Int(edit[0]) << 16 | Int(edit[1]) << 8 | Int(edit[2])) % bytes.count] = edit[3]
    }
    return bytes
}

private func change(_ connection: Connection, _ edits: ArraySlice<UInt8>) throws(StoreError) {
    var edits = edits
    while edits.count >= 11 {
        let edit = Array(edits.prefix(11))
        edits = edits.dropFirst(11)
        let (table, column) = columns[Int(edit[0]) % columns.count]
        let bits = edit[3...].reduce(UInt64(0)) { $0 << 8 | UInt64($1) }
        let value: Value =
            switch edit[2] % 4 {
            case 0: .integer(Int64(bitPattern: bits))
            case 1: .integer(Int64(edit[10]))
            case 2: .text(String(decoding: edit[3...].prefix { $0 != 0 }, as: UTF8.self))
            default: .null
            }
        let rows = try connection.statement("SELECT count(*) FROM \(table)").first { $0.integer(0) } ?? 0
        guard rows > 0 else { continue }
        // Tables without row numbers are told apart by their order; a value that may not stand there is passed over.
        let key = withoutRowID[table] ?? "rowid"
        try? connection.statement(
            """
            UPDATE OR IGNORE \(table) SET \(column) = ?1 WHERE (\(key)) IN
            (SELECT \(key) FROM \(table) ORDER BY \(key) LIMIT 1 OFFSET ?2)
            """
        ).run(value, .integer(Int64(edit[1]) % rows))
    }
    try seal(connection)
}

/// Gives each row of the log the checksum it would have, had it been written so.
private func seal(_ connection: Connection) throws(StoreError) {
    var sums: [(pos: Pos, sum: Int64)] = []
    try connection.statement(
        "SELECT pos, conversation, seq, ordinal, author, at, kind, target, subject, flag, id, content, client_id, extra FROM log"
    ).each { row in
        guard let kind = LogRow.Kind(rawValue: row.integer(6)) else { return true }
        let written = LogRow(
            pos: row.integer(0), conversation: row.integer(1), seq: row.integer(2), ordinal: row.integer(3),
            author: row.integer(4), at: Timestamp(microseconds: row.integer(5)), kind: kind,
            target: row.optionalInteger(7), subject: row.optionalInteger(8), flag: row.optionalInteger(9),
            id: row.identifier(10), content: row.optionalText(11), clientID: row.optionalText(12),
            extra: row.optionalText(13))
        sums.append((written.pos, written.sum))
        return true
    }
    for (pos, sum) in sums {
        try connection.statement("UPDATE log SET sum = ?2 WHERE pos = ?1").run(.integer(pos), .integer(sum))
    }
}

private let withoutRowID = [
    "meta": "name", "pairs": "low, high", "memberships": "conversation, user", "stays": "conversation, user, from_seq",
    "founders": "pos, place", "seq_index": "conversation, seq", "mark_index": "conversation, pos",
    "client_keys": "run, hash, pos", "words_idx": "segid, term", "reactions": "message, key, user", "foreign_ids": "id",
]

private let columns: [(table: String, column: String)] = [
    ("meta", "value"), ("users", "row id username folded email is_active is_superuser created_at updated_at"),
    (
        "conversations",
        "row id name is_group is_pair members owners created_at updated_at last_seq messages last_message through"
            + " kept_days kept_messages first_seq emptied_seq"
    ), ("memberships", "conversation user role is_active read_seq entered place"),
    ("stays", "conversation user from_seq through_seq"), ("founders", "pos place user role"),
    (
        "log",
        "pos conversation seq ordinal author at kind target subject flag id content client_id extra link erased"
    ), ("seq_index", "conversation seq pos is_message"), ("mark_index", "conversation pos"),
    ("client_keys", "run hash pos"),
    ("key_runs", "run last_at count filter"), ("reactions", "message key user pos since"), ("foreign_ids", "id pos"),
    ("words_data", "id block"), ("words_idx", "segid term pgno"),
].flatMap { table, columns in columns.split(separator: " ").map { (table, String($0)) } }
