import ChatKernel

/// Accounts. Never kept in memory: they are asked for rarely, and another process may change them.
enum UserTable {
    /// - Throws: `conflict` when another account has the username or the address, or this one had another username.
    static func save(_ user: User, _ connection: Connection) throws(StoreError) {
        let folded = User.folded(user.username)
        let foldedEmail = user.email.map { User.folded($0) }
        let id = Value.text(user.id.text)
        let known = try connection.statement("SELECT username FROM users WHERE id = ?").first(id) { $0.text(0) }
        if let known, known != user.username {
            throw StoreError(.conflict, "a username does not change once made")
        }
        let taken = try connection.statement("SELECT 1 FROM users WHERE folded = ?2 AND id <> ?1")
        if try taken.first(id, .text(folded), read: { _ in true }) != nil {
            throw StoreError(.conflict, "the username is taken")
        }
        let takenEmail = try connection.statement("SELECT 1 FROM users WHERE folded_email = ?2 AND id <> ?1")
        if try takenEmail.first(id, .text(foldedEmail), read: { _ in true }) != nil {
            throw StoreError(.conflict, "the address is taken")
        }
        try connection.statement(
            """
            INSERT INTO users(id, username, folded, email, folded_email, password_hash, is_active, is_superuser,
            created_at, updated_at) VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8, ?9, ?10)
            ON CONFLICT(id) DO UPDATE SET email = ?4, folded_email = ?5, password_hash = ?6, is_active = ?7,
            is_superuser = ?8, created_at = ?9, updated_at = ?10
            """
        ).run(
            id, .text(user.username), .text(folded), .text(user.email), .text(foldedEmail), .text(user.passwordHash),
            .flag(user.isActive), .flag(user.isSuperuser), .time(user.createdAt), .time(user.updatedAt))
    }

    static func users(_ query: UserQuery, limit: Int, _ connection: Connection) throws(StoreError) -> [User] {
        guard limit > 0 else { return [] }
        let columns = """
            SELECT id, username, email, password_hash, is_active, is_superuser, created_at, updated_at, folded FROM users
            """
        var found: [User] = []
        switch query {
        case .id(let id):
            try connection.statement(columns + " WHERE id = ?").each(.text(id.text)) {
                found.append(user($0))
                return true
            }
        case .username(let name):
            try connection.statement(columns + " WHERE folded = ?").each(.text(User.folded(name))) {
                found.append(user($0))
                return true
            }
        case .prefix(let prefix):
            // A range of the index up to the first name that begins otherwise: no pattern, so nothing to escape.
            let prefix = User.folded(prefix)
            try connection.statement(columns + " WHERE folded >= ? ORDER BY folded").each(.text(prefix)) {
                guard $0.text(8).hasPrefix(prefix) else { return false }
                let user = user($0)
                if user.isActive { found.append(user) }
                return found.count < limit
            }
        case .disabled(let since):
            try connection.statement(
                columns + " INDEXED BY users_disabled WHERE is_active = 0 AND updated_at >= ? ORDER BY folded LIMIT ?"
            ).each(.time(since), .integer(Int64(limit))) {
                found.append(user($0))
                return true
            }
        case .all(let after):
            let start = after.map { User.folded($0) } ?? ""
            try connection.statement(columns + " WHERE folded > ? ORDER BY folded LIMIT ?").each(
                .text(start), .integer(Int64(limit))
            ) {
                found.append(user($0))
                return true
            }
        }
        return found
    }

    private static func user(_ row: Statement) -> User {
        User(
            id: UserID(row.text(0)), username: row.text(1), email: row.optionalText(2),
            passwordHash: row.optionalText(3), isActive: row.integer(4) != 0, isSuperuser: row.integer(5) != 0,
            createdAt: Timestamp(microseconds: row.integer(6)), updatedAt: Timestamp(microseconds: row.integer(7)))
    }
}
