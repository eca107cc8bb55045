import ChatKernel

/// Inserts rows of whole numbers, 64 with one statement: for a row of an index, what a statement costs to begin and to end is
/// most of it. A row that is there already is passed over.
struct BulkInsertion {
    private static let rowsAtOnce = 64

    private let many: Statement
    private let one: Statement
    private let columns: Int
    private var waiting: [Int64] = []

    /// - Parameters:
    ///   - table: with its columns in parentheses.
    ///   - columns: how many they are.
    init(into table: String, columns: Int, on connection: Connection) throws(StoreError) {
        let row = "(" + Array(repeating: "?", count: columns).joined(separator: ", ") + ")"
        let rows = Array(repeating: row, count: Self.rowsAtOnce).joined(separator: ", ")
        one = try connection.statement("INSERT OR IGNORE INTO \(table) VALUES \(row)")
        many = try connection.statement("INSERT OR IGNORE INTO \(table) VALUES \(rows)")
        self.columns = columns
        waiting.reserveCapacity(Self.rowsAtOnce * columns)
    }

    /// Adds a row. It is written now, with a later one, or by ``finish()``.
    mutating func add(_ row: Int64...) throws(StoreError) {
        waiting.append(contentsOf: row)
        guard waiting.count == Self.rowsAtOnce * columns else { return }
        try write(waiting[...], with: many)
        waiting.removeAll(keepingCapacity: true)
    }

    /// Writes what is left.
    mutating func finish() throws(StoreError) {
        for start in stride(from: 0, to: waiting.count, by: columns) {
            try write(waiting[start..<start + columns], with: one)
        }
        waiting.removeAll(keepingCapacity: true)
    }

    private func write(_ values: ArraySlice<Int64>, with statement: Statement) throws(StoreError) {
        var column: Int32 = 0
        for value in values {
            column += 1
            statement.bind(column, value)
        }
        try statement.runOnce().get()
    }
}
