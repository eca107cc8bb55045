public import ChatKernel

/// `ack`: the answer to a client's frame that carried an `id`, in both profiles (`protocol.md` section 4).
public enum Ack {
    /// Appends the answer to a command.
    ///
    /// With an entry: `id client_id? message_id? conversation_id seq? pos timestamp durability duplicate`; a read mark
    /// has no `seq`. Without one nothing was numbered: `id conversation_id? duplicate`.
    public static func append(
        _ reply: Reply, to id: FrameID?, durability: Durability, to bytes: inout [UInt8]
    ) {
        bytes.write(about: size) { pen in
            begin(id, &pen)
            switch reply {
            case .committed(let entry): fields(of: entry, durability, isDuplicate: false, &pen)
            case .repeated(let entry): fields(of: entry, durability, isDuplicate: true, &pen)
            case .existing(let conversation):
                pen.put(#","conversation_id":"#, conversation.text)
                pen.raw(#","duplicate":true"#)
            case .unchanged:
                pen.raw(#","duplicate":false"#)
            }
            pen.raw("}")
        }
    }

    /// Appends the answer to a frame that there is nothing to say about: `unsubscribe`, `typing`, `auth`.
    public static func append(to id: FrameID?, to bytes: inout [UInt8]) {
        bytes.write(about: size) { pen in
            begin(id, &pen)
            pen.raw("}")
        }
    }

    /// Appends the answer to `subscribe`: where the subscription begins.
    public static func appendSubscribed(
        to id: FrameID?, conversation: ConversationID, seq: Seq, cursor: Cursor, to bytes: inout [UInt8]
    ) {
        bytes.write(about: size) { pen in
            begin(id, &pen)
            pen.put(#","conversation_id":"#, conversation.text)
            pen.put(#","seq":"#, seq)
            pen.put(#","cursor":"#, cursor)
            pen.raw("}")
        }
    }

    /// Appends the answer to `history`: v2 events, and whether more follow in the direction asked for.
    public static func appendHistory(
        to id: FrameID?, events: [Entry], epoch: Epoch, more: Bool, to bytes: inout [UInt8]
    ) {
        bytes.write(about: size) { pen in
            begin(id, &pen)
            pen.raw(#","events":"#)
        }
        bytes.appendArray { array in
            for entry in events { array.element { V2.append(entry, epoch: epoch, to: &$0) } }
        }
        bytes.write(about: size) { pen in
            pen.put(#","more":"#, more)
            pen.raw("}")
        }
    }

    /// Room for an answer whose identifiers are ours.
    private static let size = 512

    private static func begin(_ id: FrameID?, _ pen: inout JSONPen) {
        pen.raw(#"{"type":"ack""#)
        if let id { pen.put(#","id":"#, id) }
    }

    private static func fields(
        of entry: Entry, _ durability: Durability, isDuplicate: Bool, _ pen: inout JSONPen
    ) {
        switch entry.change {
        case .message(let posted):
            pen.put(#","client_id":"#, ifAny: posted.clientID?.text)
            pen.put(#","message_id":"#, posted.id.text)
        case .edited(let message, _), .deleted(let message), .reaction(let message, _, _):
            pen.put(#","message_id":"#, message.text)
        case .created, .member, .updated, .read, .gap:
            break
        }
        pen.put(#","conversation_id":"#, entry.conversation.text)
        if entry.seq > 0 { pen.put(#","seq":"#, entry.seq) }
        pen.put(#","pos":"#, entry.pos)
        pen.put(#","timestamp":"#, entry.at)
        pen.put(#","durability":"#, durability.rawValue)
        pen.put(#","duplicate":"#, isDuplicate)
    }
}
