import ChatKernel

/// Writes rows of `log`: what each commit does for each entry, and so without copies of texts or columns that say nothing.
struct LogInsertion {
    /// For what most entries are: messages.
    private let plain: Statement
    /// For rows that have some of the columns that messages lack.
    private let whole: Statement

    private static let columns =
        "pos, conversation, seq, ordinal, author, at, kind, target, sum, id, content, client_id"

    init(_ connection: Connection) throws(StoreError) {
        plain = try connection.statement(
            "INSERT INTO log(\(Self.columns)) VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?)")
        whole = try connection.statement(
            """
            INSERT INTO log(\(Self.columns), subject, flag, extra, link)
            VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?)
            """)
    }

    func insert(_ row: LogRow) throws(StoreError) {
        let isPlain = row.subject == nil && row.flag == nil && row.extra == nil && row.link == nil
        let statement = isPlain ? plain : whole
        statement.bind(1, row.pos)
        statement.bind(2, row.conversation)
        statement.bind(3, row.seq)
        statement.bind(4, row.ordinal)
        statement.bind(5, row.author)
        statement.bind(6, row.at.microseconds)
        statement.bind(7, row.kind.rawValue)
        statement.bind(8, row.target)
        statement.bind(9, row.sum)
        if !isPlain {
            statement.bind(13, row.subject)
            statement.bind(14, row.flag)
            statement.bind(15, row.extra)
            statement.bind(16, row.link)
        }
        // Not the whole row goes into the closures: it would be copied.
        let (content, name) = (row.content, row.clientID)
        try statement.lend(10, row.id) {
            statement.lend(11, content) {
                statement.lend(12, name) { statement.runOnce() }
            }
        }.get()
    }
}
