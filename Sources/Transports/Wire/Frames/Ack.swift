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
        begin(id, &bytes)
        switch reply {
        case .committed(let entry): append(entry, durability, isDuplicate: false, &bytes)
        case .repeated(let entry): append(entry, durability, isDuplicate: true, &bytes)
        case .existing(let conversation):
            bytes.put(#","conversation_id":"#, conversation.text)
            bytes.put(#","duplicate":true"#)
        case .unchanged:
            bytes.put(#","duplicate":false"#)
        }
        bytes.put("}")
    }

    /// Appends the answer to a frame that there is nothing to say about: `unsubscribe`, `typing`, `auth`.
    public static func append(to id: FrameID?, to bytes: inout [UInt8]) {
        begin(id, &bytes)
        bytes.put("}")
    }

    /// Appends the answer to `subscribe`: where the subscription begins.
    public static func appendSubscribed(
        to id: FrameID?, conversation: ConversationID, seq: Seq, cursor: Cursor, to bytes: inout [UInt8]
    ) {
        begin(id, &bytes)
        bytes.put(#","conversation_id":"#, conversation.text)
        bytes.put(#","seq":"#, seq)
        bytes.put(#","cursor":"#, cursor)
        bytes.put("}")
    }

    /// Appends the answer to `history`: v2 events, and whether more follow in the direction asked for.
    public static func appendHistory(
        to id: FrameID?, events: [Entry], epoch: Epoch, more: Bool, to bytes: inout [UInt8]
    ) {
        begin(id, &bytes)
        bytes.put(#","events":"#)
        bytes.appendArray { array in
            for entry in events { array.element { V2.append(entry, epoch: epoch, to: &$0) } }
        }
        bytes.put(#","more":"#, more)
        bytes.put("}")
    }

    private static func begin(_ id: FrameID?, _ bytes: inout [UInt8]) {
        bytes.put(#"{"type":"ack""#)
        if let id { bytes.put(#","id":"#, id) }
    }

    private static func append(
        _ entry: Entry, _ durability: Durability, isDuplicate: Bool, _ bytes: inout [UInt8]
    ) {
        switch entry.change {
        case .message(let posted):
            bytes.put(#","client_id":"#, ifAny: posted.clientID?.text)
            bytes.put(#","message_id":"#, posted.id.text)
        case .edited(let message, _), .deleted(let message), .reaction(let message, _, _):
            bytes.put(#","message_id":"#, message.text)
        case .created, .member, .updated, .read:
            break
        }
        bytes.put(#","conversation_id":"#, entry.conversation.text)
        if entry.seq > 0 { bytes.put(#","seq":"#, entry.seq) }
        bytes.put(#","pos":"#, entry.pos)
        bytes.put(#","timestamp":"#, entry.at)
        bytes.put(#","durability":"#, durability.rawValue)
        bytes.put(#","duplicate":"#, isDuplicate)
    }
}
