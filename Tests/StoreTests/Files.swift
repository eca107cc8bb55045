import CSQLite
import ChatFaults
import ChatKernel
import ChatSQLite
import Glibc

/// One user in one conversation, for tests that are about the file.
struct Talk {
    let store: SQLiteStore
    let room = ConversationID("room")
    static let ada = UserID("ada")

    static func begin(_ store: SQLiteStore) async throws -> Talk {
        try await store.save(User(id: ada, username: "ada", createdAt: Timestamp(microseconds: 0)))
        let talk = Talk(store: store)
        try await talk.perform(.create(ConversationDetails(isGroup: true), participants: []))
        return talk
    }

    static func goOn(_ store: SQLiteStore) -> Talk { Talk(store: store) }

    func draft(_ proposal: Draft.Proposal) -> Draft {
        Draft(conversation: room, author: Self.ada, proposal: proposal, entropy: .random(in: 0 ... .max))
    }

    @discardableResult
    func perform(_ proposal: Draft.Proposal) async throws -> Reply {
        try await store.commit([draft(proposal)], at: Timestamp(microseconds: 1_700_000_000_000_000))[0].get()
    }

    @discardableResult
    func say(_ content: String, as name: String? = nil) async throws -> MessageID {
        let reply = try await perform(.post(content: content, clientID: name.map { ClientID($0) }, replyTo: nil))
        guard case .message(let posted) = reply.entry?.change else { throw StoreError(.damaged, "no message") }
        return posted.id
    }

    func contents() async throws -> [String] {
        try await store.messages(.newest(room, spans: [Span(from: 1)], offset: 0), limit: 100_000).map(\.content)
    }
}

extension Result<Reply, ChatError> {
    var refusal: ChatError.Code? { if case .failure(let error) = self { error.code } else { nil } }
}

func fileMode(_ path: String) -> mode_t {
    var about = stat()
    return unsafe stat(path, &about) == 0 ? about.st_mode & 0o777 : 0
}

func fileSize(_ path: String) -> Int {
    var about = stat()
    return unsafe stat(path, &about) == 0 ? about.st_size : 0
}

/// Takes a closed store's file back to an earlier version of its schema. Each step is undone from the last on.
func undoSchema(to version: Int, of path: String) throws {
    let steps = [
        2: "DROP INDEX memberships_owned;", 3: "DROP TABLE mark_index;",
        4: "DROP TABLE words; DELETE FROM meta WHERE name IN ('searched', 'unswept', 'word_rule');",
        5: "DROP INDEX users_disabled;",
        6: "DROP INDEX conversations_ruled; DROP INDEX conversations_unemptied;"
            + ["kept_days", "kept_messages", "first_seq", "emptied_seq"].map {
                "ALTER TABLE conversations DROP COLUMN \($0);"
            }.joined(),
    ]
    let undone = steps.filter { $0.key > version }.sorted { $0.key > $1.key }.map(\.value)
    try execute(undone.joined() + "PRAGMA user_version = \(version)", on: path)
}

/// Executes statements with a connection that is none of the store's; by default one that knows of the sums of its pages.
func execute(_ sql: String, on path: String, system: String? = "chat") throws {
    var handle: OpaquePointer?
    // Not there yet when no store has been opened.
    let system = unsafe sqlite3_vfs_find(system) == nil ? nil : system
    let flags = SQLITE_OPEN_READWRITE | SQLITE_OPEN_CREATE
    defer { unsafe sqlite3_close_v2(handle) }
    guard unsafe sqlite3_open_v2(path, &handle, flags, system) == SQLITE_OK,
        unsafe sqlite3_exec(handle, sql, nil, nil, nil) == SQLITE_OK
    else { throw FileTrouble(path: path) }
}

/// What `.backup` of SQLite's own shell does.
func backUp(_ path: String, to copy: String) throws {
    var (source, target): (OpaquePointer?, OpaquePointer?)
    defer {
        unsafe sqlite3_close_v2(source)
        unsafe sqlite3_close_v2(target)
    }
    guard unsafe sqlite3_open_v2(path, &source, SQLITE_OPEN_READWRITE, nil) == SQLITE_OK,
        unsafe sqlite3_open_v2(copy, &target, SQLITE_OPEN_READWRITE | SQLITE_OPEN_CREATE, nil) == SQLITE_OK,
        let backup = unsafe sqlite3_backup_init(target, "main", source, "main")
    else { throw FileTrouble(path: path) }
    let code = unsafe sqlite3_backup_step(backup, -1)
    guard unsafe sqlite3_backup_finish(backup) == SQLITE_OK, code == SQLITE_DONE else { throw FileTrouble(path: copy) }
}
