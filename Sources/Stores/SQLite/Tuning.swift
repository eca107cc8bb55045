/// Sizes that tests make tiny.
package struct Tuning: Sendable {
    /// Entries behind the tables when a fill begins. Longer runs are cheaper a row; 60,000 make about 10 MB of memory and
    /// 30 to 100 ms of opening.
    package var tailLimit = 60_000
    /// Rows a slice writes: about a millisecond.
    package var sliceRows = 500
    /// Connections that read, each with a thread. Reads are short; more than two on a small machine only take turns.
    package var readers = 2
    /// Rows of the log that one turn of a user's replay looks at: 10 to 20 ms.
    package var scanRows = 20_000

    package init() {}
}
