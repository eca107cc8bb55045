import CSQLite

/// Reads each page of the file once, to find what is damaged before somebody asks for it. A part at a time, when nothing else
/// waits: a million messages are less than a tenth of a second.
struct PageScan {
    private var next: Int64 = 0
    private let pages: Int64

    /// 256 KB: some 100 µs.
    private static let part: Int64 = 64

    /// The pages that there are now: those that come later are looked at when they are read.
    init(_ connection: Connection) {
        pages = unsafe Self.file(of: connection).map { unsafe Self.length(of: $0) / Int64(PageSum.pageSize) } ?? 0
    }

    /// Reads a part, and calls `report` with the number of each page that is not as it was written. False when all is done.
    mutating func readPart(_ connection: Connection, report: (Int64) -> Void) -> Bool {
        guard next < pages, let file = unsafe Self.file(of: connection) else { return false }
        unsafe withUnsafeTemporaryAllocation(byteCount: PageSum.pageSize, alignment: 8) { page in
            for _ in 0..<Self.part where next < pages {
                let code = unsafe file.pointee.pMethods.pointee.xRead(
                    file, page.baseAddress, Int32(PageSum.pageSize), next &* Int64(PageSum.pageSize))
                next += 1
                if code == chat_sqlite_ioerr_data { report(next) }
            }
        }
        return next < pages
    }

    /// The connection's own: another descriptor, when closed, would let go of the locks that SQLite has on the file.
    private static func file(of connection: Connection) -> UnsafeMutablePointer<sqlite3_file>? {
        var file: UnsafeMutablePointer<sqlite3_file>?
        unsafe sqlite3_file_control(connection.handle, "main", SQLITE_FCNTL_FILE_POINTER, &file)
        return unsafe file?.pointee.pMethods == nil ? nil : file
    }

    private static func length(of file: UnsafeMutablePointer<sqlite3_file>) -> Int64 {
        var length: Int64 = 0
        return unsafe file.pointee.pMethods.pointee.xFileSize(file, &length) == SQLITE_OK ? length : 0
    }
}
