import CSQLite
import ChatKernel

/// A prepared statement. Belongs to one connection, and with it to one thread.
///
/// Two ways to use it. Where it is rare: ``run(_:)``, ``first(_:_:)`` and ``each(_:_:)``, which bind, step and reset.
/// In the way of a message: bind or lend by position, ``step()``, read columns, ``reset()``.
@safe final class Statement {
    private let handle: OpaquePointer
    private unowned let connection: Connection

    init(_ sql: String, on connection: Connection) throws(StoreError) {
        var handle: OpaquePointer?
        let code = unsafe sqlite3_prepare_v3(
            connection.handle, sql, -1, UInt32(SQLITE_PREPARE_PERSISTENT), &handle, nil)
        guard code == SQLITE_OK, let handle = unsafe handle else {
            throw unsafe StoreError(code: code, of: connection.handle, while: "preparing a statement")
        }
        unsafe self.handle = handle
        self.connection = connection
    }

    deinit { unsafe sqlite3_finalize(handle) }

    // MARK: Binding, from 1. Text and blobs that are bound are copied by SQLite.

    func bind(_ index: Int32, _ value: Int64) { unsafe sqlite3_bind_int64(handle, index, value) }

    func bind(_ index: Int32, _ value: Int64?) {
        if let value { bind(index, value) } else { bindNull(index) }
    }

    func bindNull(_ index: Int32) { unsafe sqlite3_bind_null(handle, index) }

    func bind(_ index: Int32, _ text: String) {
        var text = text
        text.withUTF8 { bytes in
            guard let start = bytes.baseAddress, let length = Int32(exactly: bytes.count) else {
                _ = unsafe chat_sqlite_bind_text_static(handle, index, "", 0)
                return
            }
            _ = unsafe start.withMemoryRebound(to: CChar.self, capacity: bytes.count) {
                unsafe chat_sqlite_bind_text_copy(handle, index, $0, length)
            }
        }
    }

    func bind(_ index: Int32, _ text: String?) {
        if let text { bind(index, text) } else { bindNull(index) }
    }

    func bind(_ index: Int32, _ identifier: StoredID) {
        switch identifier {
        case .text(let text): bind(index, text)
        case .bits(let high, let low):
            var bytes: [2 of UInt64] = [high.bigEndian, low.bigEndian]
            unsafe withUnsafeBytes(of: &bytes) {
                _ = unsafe chat_sqlite_bind_blob_copy(handle, index, $0.baseAddress, 16)
            }
        }
    }

    /// Binds a text without a copy, while `body` runs. The statement must not be stepped after that before it is bound anew.
    func lend<Outcome>(_ index: Int32, _ text: String?, _ body: () -> Outcome) -> Outcome {
        guard var text else {
            bindNull(index)
            return body()
        }
        return text.withUTF8 { bytes in
            let length = Int32(exactly: bytes.count)
            if let start = bytes.baseAddress, let length {
                _ = unsafe start.withMemoryRebound(to: CChar.self, capacity: bytes.count) {
                    unsafe chat_sqlite_bind_text_static(handle, index, $0, length)
                }
            } else {
                _ = unsafe chat_sqlite_bind_text_static(handle, index, "", 0)
            }
            return body()
        }
    }

    /// The same for an identifier.
    func lend<Outcome>(_ index: Int32, _ identifier: StoredID?, _ body: () -> Outcome) -> Outcome {
        switch identifier {
        case nil: return lend(index, String?.none, body)
        case .text(let text): return lend(index, text, body)
        case .bits(let high, let low):
            var bytes: [2 of UInt64] = [high.bigEndian, low.bigEndian]
            return unsafe withUnsafeBytes(of: &bytes) {
                _ = unsafe chat_sqlite_bind_blob_static(handle, index, $0.baseAddress, 16)
                return body()
            }
        }
    }

    func bind(_ values: [Value]) {
        for (offset, value) in values.enumerated() {
            let index = Int32(truncatingIfNeeded: offset &+ 1)
            switch value {
            case .null: bindNull(index)
            case .integer(let integer): bind(index, integer)
            case .text(let text): bind(index, text)
            case .identifier(let identifier): bind(index, identifier)
            case .blob(let bytes):
                unsafe bytes.withUnsafeBytes {
                    _ = unsafe chat_sqlite_bind_blob_copy(
                        handle, index, $0.baseAddress, Int32(truncatingIfNeeded: $0.count))
                }
            }
        }
    }

    // MARK: Stepping

    /// Whether there is a row to be read.
    func step() throws(StoreError) -> Bool {
        let code = unsafe sqlite3_step(handle)
        switch code {
        case SQLITE_ROW: return true
        case SQLITE_DONE: return false
        default:
            let error = unsafe StoreError(code: code, of: connection.handle, while: "reading or writing")
            reset()
            throw error
        }
    }

    func reset() { unsafe sqlite3_reset(handle) }

    /// How many steps of its program SQLite has taken: some for each row that was read, whatever the machine is doing.
    var work: Int { Int(unsafe sqlite3_stmt_status(handle, SQLITE_STMTSTATUS_VM_STEP, 0)) }

    /// For what is bound already, and answers with no row.
    func runOnce() -> Result<Void, StoreError> {
        defer { reset() }
        return Result { () throws(StoreError) in _ = try step() }
    }

    func run(_ values: Value...) throws(StoreError) {
        bind(values)
        defer { reset() }
        while try step() {}
    }

    func first<T>(_ values: Value..., read: (Statement) -> T) throws(StoreError) -> T? {
        bind(values)
        defer { reset() }
        return try step() ? read(self) : nil
    }

    /// Calls `body` for each row, until it says false.
    func each(_ values: Value..., body: (Statement) throws(StoreError) -> Bool) throws(StoreError) {
        bind(values)
        defer { reset() }
        while try step(), try body(self) {}
    }

    // MARK: Columns, from 0

    func isNull(_ column: Int32) -> Bool { unsafe sqlite3_column_type(handle, column) == SQLITE_NULL }

    func integer(_ column: Int32) -> Int64 { unsafe sqlite3_column_int64(handle, column) }

    func optionalInteger(_ column: Int32) -> Int64? { isNull(column) ? nil : integer(column) }

    func text(_ column: Int32) -> String {
        guard let start = unsafe sqlite3_column_text(handle, column) else { return "" }
        let count = Int(unsafe sqlite3_column_bytes(handle, column))
        return unsafe String(decoding: UnsafeBufferPointer(start: start, count: count), as: UTF8.self)
    }

    func optionalText(_ column: Int32) -> String? { isNull(column) ? nil : text(column) }

    func blob(_ column: Int32) -> [UInt8] {
        guard let start = unsafe sqlite3_column_blob(handle, column) else { return [] }
        let count = Int(unsafe sqlite3_column_bytes(handle, column))
        return unsafe Array(UnsafeRawBufferPointer(start: start, count: count))
    }

    /// Nil for a column that holds no identifier.
    func identifier(_ column: Int32) -> StoredID? {
        switch unsafe sqlite3_column_type(handle, column) {
        case SQLITE_TEXT: return .text(text(column))
        case SQLITE_BLOB:
            guard unsafe sqlite3_column_bytes(handle, column) == 16,
                let start = unsafe sqlite3_column_blob(handle, column)
            else { return nil }
            let high = unsafe start.loadUnaligned(as: UInt64.self)
            let low = unsafe start.loadUnaligned(fromByteOffset: 8, as: UInt64.self)
            return .bits(high: UInt64(bigEndian: high), low: UInt64(bigEndian: low))
        default: return nil
        }
    }
}

/// A value to bind.
enum Value {
    case null
    case integer(Int64)
    case text(String)
    case identifier(StoredID)
    case blob([UInt8])

    static func integer(_ value: Int64?) -> Value { value.map { .integer($0) } ?? .null }
    static func text(_ value: String?) -> Value { value.map { .text($0) } ?? .null }
    static func flag(_ value: Bool) -> Value { .integer(value ? 1 : 0) }
    static func time(_ value: Timestamp) -> Value { .integer(value.microseconds) }
}
