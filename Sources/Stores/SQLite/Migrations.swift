import ChatKernel

/// Brings a file to the schema this program knows. The steps are applied in order, each in a transaction with the
/// number it leads to; a step that has been released is never changed again.
enum Migrations {
    /// The step at index i leads from version i to version i + 1.
    static let steps: [String] = [
        Schema.version1, Schema.version2, Schema.version3, Schema.version4, Schema.version5,
        Schema.version6,
    ]

    static var current: Int64 { Int64(steps.count) }

    /// Whether the store is still to be made.
    /// - Throws: in one clear sentence for a file that is not ours, or is newer than we are. Nothing is changed.
    static func isNew(_ connection: Connection, path: String) throws(StoreError) -> Bool {
        try version(of: connection, path) == 0
    }

    /// - Parameter epoch: for a file that is made now.
    static func apply(to connection: Connection, path: String, epoch: Epoch) throws(StoreError) {
        guard try version(of: connection, path) < current else { return }
        try connection.writing { () throws(StoreError) in
            // Asked again, now that nobody else can write: another process may have made the same step.
            let version = try version(of: connection, path)
            guard version < current else { return }
            for step in steps[Int(version)...] { try connection.execute(step) }
            if version == 0 {
                try connection.execute("PRAGMA application_id = \(Schema.applicationID)")
                for entry in Meta.allCases {
                    let value: Int64 =
                        switch entry {
                        case .epoch: Int64(bitPattern: epoch.value)
                        case .saltHigh, .saltLow: .random(in: .min ... .max)
                        case .watermark, .head, .lastAt, .healed, .searched, .unswept, .wordRule: 0
                        }
                    // Later steps bring what is theirs.
                    try connection.statement("INSERT OR IGNORE INTO meta(name, value) VALUES (?, ?)").run(
                        .text(entry.rawValue), .integer(value))
                }
            }
            try connection.execute("PRAGMA user_version = \(current)")
        }
    }

    private static func version(of connection: Connection, _ path: String) throws(StoreError) -> Int64 {
        func ask(_ sql: String) throws(StoreError) -> Int64 {
            do throws(StoreError) {
                return try connection.statement(sql).first { $0.integer(0) } ?? 0
            } catch  where error.code == .damaged {
                throw StoreError(.damaged, "\(path) is not a chat database, or is damaged (\(error.detail))")
            }
        }
        let application = try ask("PRAGMA application_id")
        let version = try ask("PRAGMA user_version")
        let isEmpty = try ask("SELECT count(*) FROM sqlite_schema") == 0
        guard application == Schema.applicationID || application == 0 && version == 0 && isEmpty else {
            throw StoreError(.unavailable, "\(path) is a database of another application; choose another path")
        }
        guard version <= current else {
            throw StoreError(
                .unavailable,
                "\(path) was written by a newer version of this program (schema \(version), this one knows \(current)); "
                    + "use that version, or a backup from before it")
        }
        return max(0, version)
    }
}
