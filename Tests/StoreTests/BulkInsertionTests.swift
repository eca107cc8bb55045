import Testing

@testable import ChatSQLite

@Suite("Rows inserted in bulk")
struct BulkInsertionTests {
    private let connection: Connection

    init() throws {
        connection = try Connection(path: ":memory:")
        try connection.execute("CREATE TABLE pairs(a INTEGER PRIMARY KEY, b INTEGER NOT NULL)")
    }

    private func write(_ rows: Range<Int64>) throws {
        var insertion = try BulkInsertion(into: "pairs(a, b)", columns: 2, on: connection)
        for row in rows { try insertion.add(row, -row) }
        try insertion.finish()
    }

    private var stored: [Int64] {
        get throws {
            var found: [Int64] = []
            try connection.statement("SELECT a, b FROM pairs ORDER BY a").each {
                if $0.integer(1) == -$0.integer(0) { found.append($0.integer(0)) }
                return true
            }
            return found
        }
    }

    @Test("all of them, however many", arguments: [0, 1, 63, 64, 65, 128, 200])
    func all(count: Int64) throws {
        try write(0..<count)
        #expect(try stored == Array(0..<count))
    }

    @Test("those that are there stay as they are")
    func again() throws {
        try connection.execute("INSERT INTO pairs VALUES (3, 7), (70, 7)")
        try write(0..<100)
        #expect(try stored == Array(0..<100).filter { $0 != 3 && $0 != 70 })
    }
}
