public import ChatKernel

/// How the durable events of profile v2 are strung together. In each form any events may follow one another.
public enum EventForm: Sendable {
    /// Each behind a comma: the elements of an array, once the first comma is dropped.
    case list
    /// Blocks of a `text/event-stream` (WHATWG HTML, section 9.2): `id` is the cursor, `event` the type, `data` the event.
    case serverSent

    /// The events of a parcel, made once for all of its readers.
    public func bytes(of parcel: Parcel, epoch: Epoch) -> WireBytes {
        parcel.encoded(as: wireForm) { parcel in
            var bytes: [UInt8] = []
            let ends = parcel.events().map { event in
                append(event, epoch: epoch, to: &bytes)
                return bytes.count
            }
            return WireBytes(bytes, ends: ends)
        }
    }

    private var wireForm: WireForm {
        switch self {
        case .list: Self.listForm
        case .serverSent: Self.serverSentForm
        }
    }

    private static let listForm = WireForm("v2 as elements of an array")
    private static let serverSentForm = WireForm("v2 as server-sent events")

    /// Appends one event.
    public func append(_ entry: Entry, epoch: Epoch, to bytes: inout [UInt8]) {
        switch self {
        case .list:
            bytes.append(UInt8(ascii: ","))
            V2.append(entry, epoch: epoch, to: &bytes)
        case .serverSent:
            // Of a gap that belongs to the entry behind it, the reader's position knows nothing.
            let cursor = entry.pos > 0 ? Cursor(epoch: epoch, pos: entry.pos) : nil
            Self.begin(V2.type(of: entry), at: cursor, to: &bytes)
            V2.append(entry, epoch: epoch, to: &bytes)
            Self.end(&bytes)
        }
    }

    /// Appends a block with data of another kind. An ephemeral one has no cursor: it does not move a reader's position.
    public static func appendBlock(
        _ type: StaticString, at cursor: Cursor?, to bytes: inout [UInt8], data: (inout [UInt8]) -> Void
    ) {
        begin(type, at: cursor, to: &bytes)
        data(&bytes)
        end(&bytes)
    }

    private static func begin(_ type: StaticString, at cursor: Cursor?, to bytes: inout [UInt8]) {
        bytes.write(about: 96) { pen in
            if let cursor {
                pen.raw("id: ")
                pen.cursor(cursor)
                pen.raw("\n")
            }
            pen.raw("event: ")
            pen.raw(type)
            pen.raw("\ndata: ")
        }
    }

    private static func end(_ bytes: inout [UInt8]) {
        // JSON as we write it has no line breaks.
        bytes.append(UInt8(ascii: "\n"))
        bytes.append(UInt8(ascii: "\n"))
    }
}

/// The body of an answer to `GET /api/chat/events` (`protocol.md` section 5).
public enum EventAnswer {
    /// Appends `{"events": […], "cursor": …, "more": …}`.
    /// - Parameter events: in the form ``EventForm/list``.
    public static func append(
        _ pieces: [MailRun.Piece], cursor: Cursor, more: Bool, to bytes: inout [UInt8]
    ) {
        bytes.reserveCapacity(bytes.count + 96 + pieces.reduce(0) { $0 + $1.range.count })
        JSONWriter.append(raw: #"{"events":["#, to: &bytes)
        var isFirst = true
        for piece in pieces where !piece.range.isEmpty {
            bytes.append(contentsOf: piece.bytes[piece.range].dropFirst(isFirst ? 1 : 0))
            isFirst = false
        }
        end(cursor, more, &bytes)
        bytes.append(UInt8(ascii: "}"))
    }

    /// The same of events read from the store.
    public static func append(
        _ events: [Entry], epoch: Epoch, cursor: Pos, more: Bool, to bytes: inout [UInt8]
    ) {
        JSONWriter.append(raw: #"{"events":"#, to: &bytes)
        bytes.appendArray { array in
            for event in events { array.element { V2.append(event, epoch: epoch, to: &$0) } }
        }
        // The bracket that the other form opens is closed there.
        bytes.removeLast()
        end(Cursor(epoch: epoch, pos: cursor), more, &bytes)
        bytes.append(UInt8(ascii: "}"))
    }

    /// Appends the answer to a request without a cursor: nothing happened yet, and this is how things stand.
    public static func append(_ snapshot: Kernel.UserSnapshot, to bytes: inout [UInt8]) {
        JSONWriter.append(raw: #"{"events":["#, to: &bytes)
        end(snapshot.cursor, false, &bytes)
        JSONWriter.append(raw: #","snapshot":"#, to: &bytes)
        bytes.appendObject { object in
            object.array("conversations") { array in
                for part in snapshot.conversations {
                    array.element { RESTShapes.append(part, to: &$0) }
                }
            }
            object.member("more", snapshot.hasMore)
        }
        bytes.append(UInt8(ascii: "}"))
    }

    private static func end(_ cursor: Cursor, _ more: Bool, _ bytes: inout [UInt8]) {
        bytes.write(about: 96) { pen in
            pen.put(#"],"cursor":"#, cursor)
            pen.put(#","more":"#, more)
        }
    }
}
