import ChatKernel
import Testing

@testable import ChatSQLite

@Suite("A row of the log")
struct LogRowTests {
    private let connection: Connection
    private let records: Records

    init() throws {
        connection = try Connection(path: ":memory:")
        for step in Migrations.steps { try connection.execute(step) }
        records = try Records(connection)
    }

    private func row(seq: Seq = 1, ordinal: Int64 = 1) -> LogRow {
        LogRow(
            pos: 1, conversation: 1, seq: seq, ordinal: ordinal, author: 1, at: Timestamp(microseconds: 1),
            kind: .message, id: .text("m"), content: "Hello")
    }

    private func write(_ row: LogRow) throws { try LogInsertion(connection).insert(row) }

    @Test("is read as it was written")
    func whole() throws {
        try write(row())
        #expect(try records.row(at: 1)?.content == "Hello")
    }

    /// A sum or a difference of them would stop the process.
    @Test(
        "is damage when it cannot be counted with, also with a checksum that holds",
        arguments: [.min, -1, .max] as [Int64])
    func unsound(number: Int64) throws {
        for row in [row(seq: number), row(ordinal: number)] {
            try write(row)
            #expect(throws: LogRow.damage(at: 1)) { try records.row(at: 1) }
            try connection.execute("DELETE FROM log")
        }
    }
}
