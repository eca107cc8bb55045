/// Sizes that tests make tiny.
package struct Tuning: Sendable {
    /// Entries behind the tables when a fill begins. Longer runs are cheaper a row; 60,000 make about 10 MB of memory and
    /// 30 to 100 ms of opening.
    package var tailLimit = 60_000
    /// In which life of the machine the store is opened.
    package var boot = BootMark.current
    /// Rows a slice writes: about a millisecond.
    package var sliceRows = 500
    /// Connections that read, each with a thread, and one more that searches. Reads are short; more than two on a small machine only take turns.
    package var readers = 2
    /// Rows of the log, or as much work, that one turn of catching up takes: 10 to 20 ms.
    package var scanRows = 20_000
    /// Rows of the log that catching up looks at before it asks how many conversations the user has: 2 to 4 ms.
    package var scanFirst = 4000
    /// What one conversation costs who goes by conversation, in rows of the log that are looked at.
    package var conversationRows = 8
    /// The newest names of messages are kept, however old (`protocol.md` section 4).
    package var namesKept = 10_000
    /// Pages in the WAL from which on an idle moment is used to copy them into the file: 4 MB, which are 20,000 messages in
    /// large batches and 900 alone.
    package var duePages = 1000
    /// Pages at which a commit does it, if there has been no idle moment: 16 MB, some 30 ms.
    package var overduePages = 4000
    /// Pages at which the writer waits for those who still read older ones, so that the WAL can begin anew: 64 MB.
    package var pinnedPages = 16_000

    /// Rows that a slice of the index of words takes, and that it waits for: a few milliseconds.
    package var searchRows = 512
    /// Bytes of text at which such a slice ends.
    package var searchBytes = 128 << 10
    /// Pages of the index that a slice of a sweep writes.
    package var sweepPages = 32
    /// Conversations that are looked at in one turn for what they do not keep any more: a few milliseconds.
    package var expiryRooms = 256
    /// Rows that are emptied in one slice.
    package var emptiedRows = 128
    /// Turns of ``scanRows`` that a search takes for one page.
    package var searchTurns = 5
    /// Without a question for so long the writer has time for what can wait.
    package var quietNanoseconds: Int64 = 20_000_000
    /// Otherwise it has one part in so many of its time for it: some three thousand messages a second, and nothing to be seen in a
    /// benchmark. With a thirty-second part there is, once the index has to be copied into the file as well.
    package var leisureShare: Int64 = 100

    package init() {}
}
