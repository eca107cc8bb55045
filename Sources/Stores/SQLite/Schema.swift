import ChatKernel

/// The tables.
///
/// ```
///   log ──────────── every entry by pos; appended, never inserted between; all else can be derived from it
///    ├ seq_index     (conversation, seq) → pos         filled in sorted runs, behind the log by the tail
///    ├ mark_index    (conversation, pos) of read marks          likewise
///    ├ client_keys   hash of (conversation, author, name) → pos     likewise
///    ├ conversations, memberships                      activity and read marks likewise; the rest at once
///    ├ stays, founders, pairs, reactions               at once
///    └ words           word → pos                      in quiet moments; what it lacks is read from the log
///   users            accounts                          meta   epoch, watermark, counters
/// ```
/// A commit of plain messages writes to `log` and to nothing else. Every index with scattered keys that a commit keeps up
/// costs it 5 KB of WAL a message once the log is large, and six sevenths of its speed (`docs/decisions`). So
/// those tables are behind, up to the watermark in `meta`; what is above it, the tail, is kept in memory and is
/// rebuilt from the log when the store opens.
enum Schema {
    /// `PRAGMA application_id`: "CHAT". Says to `file(1)` and to us whose file this is.
    static let applicationID: Int64 = 0x4348_4154

    /// Rows of users and conversations have small integers of their own: an entry then names them in a byte or three,
    /// not in 36.
    static let version1 = """
        CREATE TABLE meta(name TEXT PRIMARY KEY, value INTEGER NOT NULL) WITHOUT ROWID;

        CREATE TABLE users(
            row INTEGER PRIMARY KEY, id TEXT NOT NULL UNIQUE, username TEXT NOT NULL,
            folded TEXT NOT NULL UNIQUE, email TEXT, folded_email TEXT UNIQUE, password_hash TEXT,
            is_active INTEGER NOT NULL, is_superuser INTEGER NOT NULL,
            created_at INTEGER NOT NULL, updated_at INTEGER NOT NULL);

        -- updated_at, last_seq, messages and last_message are true as of the entry at pos `through`, if not later.
        CREATE TABLE conversations(
            row INTEGER PRIMARY KEY, id TEXT NOT NULL UNIQUE, name TEXT, description TEXT,
            is_group INTEGER NOT NULL, is_pair INTEGER NOT NULL, members INTEGER NOT NULL, owners INTEGER NOT NULL,
            created_at INTEGER NOT NULL, updated_at INTEGER NOT NULL, last_seq INTEGER NOT NULL,
            messages INTEGER NOT NULL, last_message INTEGER, through INTEGER NOT NULL);

        CREATE TABLE pairs(
            low INTEGER NOT NULL, high INTEGER NOT NULL, conversation INTEGER NOT NULL,
            PRIMARY KEY(low, high)) WITHOUT ROWID;

        -- Present members are ordered by (entered, place): the pos of the entry that let them in, and the place in it.
        CREATE TABLE memberships(
            conversation INTEGER NOT NULL, user INTEGER NOT NULL, role INTEGER NOT NULL, is_active INTEGER NOT NULL,
            read_seq INTEGER NOT NULL, entered INTEGER NOT NULL, place INTEGER NOT NULL,
            PRIMARY KEY(conversation, user)) WITHOUT ROWID;
        CREATE INDEX memberships_by_user ON memberships(user, conversation);

        CREATE TABLE stays(
            conversation INTEGER NOT NULL, user INTEGER NOT NULL, from_seq INTEGER NOT NULL, through_seq INTEGER,
            PRIMARY KEY(conversation, user, from_seq)) WITHOUT ROWID;

        -- The members that a conversation was made with: a part of its first entry.
        CREATE TABLE founders(
            pos INTEGER NOT NULL, place INTEGER NOT NULL, user INTEGER NOT NULL, role INTEGER NOT NULL,
            PRIMARY KEY(pos, place)) WITHOUT ROWID;

        -- seq      0 for a read mark
        -- ordinal  how many messages the conversation has up to and with this entry: differences of it count unread ones
        -- target   pos of the message that an edit, deletion, reaction or reply speaks of
        -- subject  user row of a member change; seq of a read mark; retention of details
        -- flag     role of a member change; on or off of a reaction; is_group of details; 1 once a message was reacted to;
        --          which edit of its message this is
        -- content  of a message or edit; key of a reaction; name of details
        -- extra    description of details
        -- link     of a message, pos of its newest edit; of an edit, pos of the one before
        -- erased   of a message, pos of its deletion
        -- sum      checksum over all but link and erased; see Checksum.swift
        CREATE TABLE log(
            pos INTEGER PRIMARY KEY, conversation INTEGER NOT NULL, seq INTEGER NOT NULL, ordinal INTEGER NOT NULL,
            author INTEGER NOT NULL, at INTEGER NOT NULL, kind INTEGER NOT NULL, target INTEGER, subject INTEGER,
            flag INTEGER, id, content TEXT, client_id TEXT, extra TEXT, sum INTEGER NOT NULL, link INTEGER,
            erased INTEGER);
        CREATE INDEX log_erased ON log(conversation, seq) WHERE erased IS NOT NULL;

        CREATE TABLE seq_index(
            conversation INTEGER NOT NULL, seq INTEGER NOT NULL, pos INTEGER NOT NULL, is_message INTEGER NOT NULL,
            PRIMARY KEY(conversation, seq)) WITHOUT ROWID;

        -- Names of messages by keyed hash, a run for each fill; see ClientKeys.swift.
        CREATE TABLE client_keys(
            run INTEGER NOT NULL, hash INTEGER NOT NULL, pos INTEGER NOT NULL,
            PRIMARY KEY(run, hash, pos)) WITHOUT ROWID;
        CREATE TABLE key_runs(
            run INTEGER PRIMARY KEY, last_at INTEGER NOT NULL, count INTEGER NOT NULL, filter BLOB NOT NULL);

        -- since: pos at which the key came into its present use; keys are ordered by it, users of a key by pos.
        CREATE TABLE reactions(
            message INTEGER NOT NULL, key TEXT NOT NULL, user INTEGER NOT NULL, pos INTEGER NOT NULL,
            since INTEGER NOT NULL, PRIMARY KEY(message, key, user)) WITHOUT ROWID;

        -- Identifiers that do not name their pos: those of imported messages.
        CREATE TABLE foreign_ids(id TEXT PRIMARY KEY, pos INTEGER NOT NULL) WITHOUT ROWID;
        """

    /// How many conversations a user owns is counted on this index alone; read marks, which are what moves in a
    /// membership, do not touch it. 4 is ``Role/owner``.
    static let version2 = """
        CREATE INDEX memberships_owned ON memberships(user) WHERE is_active = 1 AND role = 4;
        """

    /// Where the read marks of a conversation stand in the log, for those who catch up: of each user the newest of every
    /// fill, since what a later one says is all that one needs to know.
    static let version3 = """
        CREATE TABLE mark_index(
            conversation INTEGER NOT NULL, pos INTEGER NOT NULL, PRIMARY KEY(conversation, pos)) WITHOUT ROWID;
        INSERT INTO mark_index SELECT conversation, max(pos) FROM log
            WHERE kind = 11 AND pos <= (SELECT value FROM meta WHERE name = 'watermark') GROUP BY conversation, author;
        """

    /// Which words are in which messages, by pos, and in no particular place; see SearchIndex.swift.
    static let version4 = """
        CREATE VIRTUAL TABLE words USING fts5(
            line, content = '', columnsize = 0, detail = none, tokenize = "ascii tokenchars ':'");
        INSERT INTO meta(name, value) VALUES ('searched', 0), ('unswept', 0), ('word_rule', 0);
        """

    /// Who was disabled lately is asked every few seconds.
    static let version5 = """
        CREATE INDEX users_disabled ON users(updated_at) WHERE is_active = 0;
        """

    /// The conversation's own rule of what is kept, 0 for none; the oldest number that is kept; and how far what was said in the
    /// entries below it has been taken out of the log.
    static let version6 = """
        ALTER TABLE conversations ADD COLUMN kept_days INTEGER NOT NULL DEFAULT 0;
        ALTER TABLE conversations ADD COLUMN kept_messages INTEGER NOT NULL DEFAULT 0;
        ALTER TABLE conversations ADD COLUMN first_seq INTEGER NOT NULL DEFAULT 1;
        ALTER TABLE conversations ADD COLUMN emptied_seq INTEGER NOT NULL DEFAULT 1;
        CREATE INDEX conversations_ruled ON conversations(row) WHERE kept_days > 0 OR kept_messages > 0;
        CREATE INDEX conversations_unemptied ON conversations(row) WHERE emptied_seq < first_seq;
        """
}

/// What `meta` counts. Counters are stored: a number that a client has seen must not come again, also when the rows
/// that bore it are gone.
enum Meta: String, CaseIterable {
    case epoch
    /// The secondary tables hold all up to this pos.
    case watermark
    /// The head is at least this, whatever the log holds. Whoever removes rows from the log's end must write it.
    case head
    /// The time of the entry at the watermark, for a log whose end is gone.
    case lastAt = "last_at"
    /// The key of the hash of messages' names: random, and of no use to anybody outside.
    case saltHigh = "salt_high"
    case saltLow = "salt_low"
    /// Rewritten to put new frames over those of a commit that failed.
    case healed
    /// The index of words has all messages up to this pos.
    case searched
    /// 1 while the words of deleted messages may still be in its pages.
    case unswept
    /// The rule by which its words were made.
    case wordRule = "word_rule"

    func read(_ connection: Connection) throws(StoreError) -> Int64 {
        let found = try connection.statement("SELECT value FROM meta WHERE name = ?").first(.text(rawValue)) {
            $0.integer(0)
        }
        guard let found else { throw StoreError(.damaged, "the store's file has no \(rawValue)") }
        return found
    }

    func write(_ value: Int64, _ connection: Connection) throws(StoreError) {
        try connection.statement("UPDATE meta SET value = ?2 WHERE name = ?1").run(.text(rawValue), .integer(value))
    }
}

/// Whether a number read from the file can be counted on: one that is not came there by accident, and adding to it could trap.
enum Counter {
    static func isSound(_ value: Int64) -> Bool { value >= 0 && value < 1 << 62 }
}
