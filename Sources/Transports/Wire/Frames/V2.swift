public import ChatKernel

/// The durable events of profile v2: the same bytes on every transport (`protocol.md` section 3).
public enum V2 {
    /// Appends the event of an entry.
    ///
    /// First `type conversation_id seq pos cursor timestamp`, then the fields of its type; a read mark has no `seq`.
    /// What was erased since has empty content and `is_deleted: true`. A gap has `conversation_id from_seq to_seq reason
    /// fillable`, and a `cursor` unless it belongs to the event behind it.
    public static func append(_ entry: Entry, epoch: Epoch, to bytes: inout [UInt8]) {
        bytes.write(about: sizeEstimate(entry)) { write(entry, epoch, &$0) }
    }

    /// Appends the greeting of a stream that begins without a position: where it begins.
    public static func appendHello(at cursor: Cursor, to bytes: inout [UInt8]) {
        bytes.write(about: 128) { pen in
            pen.put(#"{"type":"hello","cursor":"#, cursor)
            pen.raw(#","epoch":""#)
            pen.epoch(cursor.epoch)
            pen.raw(#""}"#)
        }
    }

    /// The `type` of an entry's event.
    public static func type(of entry: Entry) -> StaticString {
        switch entry.change {
        case .message: "message"
        case .edited: "edited"
        case .deleted: "deleted"
        case .reaction: "reaction"
        case .member: "member"
        case .created, .updated: "conversation"
        case .read: "read"
        case .gap: "gap"
        }
    }

    /// Room for an event whose identifiers are ours.
    private static func sizeEstimate(_ entry: Entry) -> Int {
        switch entry.change {
        case .message(let posted): 640 &+ posted.content.utf8.count
        case .edited(_, let content): 640 &+ content.utf8.count
        case .created(_, let members): 640 &+ 128 &* members.count
        default: 640
        }
    }

    private static func write(_ entry: Entry, _ epoch: Epoch, _ pen: inout JSONPen) {
        switch entry.change {
        case .message(let posted):
            begin(entry, epoch, &pen)
            pen.put(#","content":"#, posted.isDeleted ? "" : posted.content)
            pen.put(#","sender_id":"#, entry.author.id.text)
            pen.put(#","sender_username":"#, entry.author.username)
            pen.put(#","message_id":"#, posted.id.text)
            pen.raw(#","is_edited":false"#)
            pen.put(#","client_id":"#, ifAny: posted.clientID?.text)
            pen.put(#","reply_to":"#, ifAny: posted.replyTo?.text)
            if posted.isDeleted { pen.raw(#","is_deleted":true"#) }
        case .edited(let message, let content):
            begin(entry, epoch, &pen)
            pen.put(#","message_id":"#, message.text)
            pen.put(#","content":"#, content)
            pen.put(#","sender_id":"#, entry.author.id.text)
            pen.put(#","sender_username":"#, entry.author.username)
            if content.isEmpty { pen.raw(#","is_deleted":true"#) }
        case .deleted(let message):
            begin(entry, epoch, &pen)
            pen.put(#","message_id":"#, message.text)
            pen.put(#","by":"#, entry.author.id.text)
        case .reaction(let message, let key, let on):
            begin(entry, epoch, &pen)
            pen.put(#","message_id":"#, message.text)
            pen.put(#","key":"#, key)
            pen.put(#","on":"#, on)
            pen.put(#","user_id":"#, entry.author.id.text)
            pen.put(#","username":"#, entry.author.username)
        case .member(let action, let member):
            begin(entry, epoch, &pen)
            pen.put(#","action":"#, action.rawValue)
            pen.put(#","user_id":"#, member.user.id.text)
            pen.put(#","username":"#, member.user.username)
            pen.put(#","role":"#, member.role.rawValue)
            pen.put(#","by":"#, entry.author.id.text)
        case .created(let details, let members):
            begin(entry, epoch, &pen)
            pen.raw(#","action":"created""#)
            append(details, &pen)
            participants(members, &pen)
            pen.put(#","by":"#, entry.author.id.text)
        case .updated(let details):
            begin(entry, epoch, &pen)
            pen.raw(#","action":"updated""#)
            append(details, &pen)
            pen.put(#","by":"#, entry.author.id.text)
        case .gap(let gap):
            pen.put(#"{"type":"gap","conversation_id":"#, entry.conversation.text)
            pen.put(#","from_seq":"#, gap.from)
            pen.put(#","to_seq":"#, entry.seq)
            pen.put(#","reason":"#, gap.reason.rawValue)
            // Nobody can read what is gone, and nobody who was not there what was said.
            pen.raw(#","fillable":false"#)
            if entry.pos > 0 { pen.put(#","cursor":"#, Cursor(epoch: epoch, pos: entry.pos)) }
        case .read(let seq):
            begin(entry, epoch, &pen)
            pen.put(#","user_id":"#, entry.author.id.text)
            pen.put(#","read_seq":"#, seq)
        }
        pen.raw("}")
    }

    private static func begin(_ entry: Entry, _ epoch: Epoch, _ pen: inout JSONPen) {
        pen.raw(#"{"type":""#)
        pen.raw(type(of: entry))
        pen.put(#"","conversation_id":"#, entry.conversation.text)
        if entry.seq > 0 { pen.put(#","seq":"#, entry.seq) }
        pen.put(#","pos":"#, entry.pos)
        pen.put(#","cursor":"#, Cursor(epoch: epoch, pos: entry.pos))
        pen.put(#","timestamp":"#, entry.at)
    }

    /// The details as they are from here on: `null` for what was never given, no `retention` when the host's rule is all there is.
    private static func append(_ details: ConversationDetails, _ pen: inout JSONPen) {
        pen.put(#","name":"#, orNull: details.name)
        pen.put(#","description":"#, orNull: details.description)
        pen.put(#","is_group":"#, details.isGroup)
        if let retention = details.retention {
            pen.put(#","retention":{"days":"#, Int64(retention.days))
            pen.put(#","messages":"#, Int64(retention.messages))
            pen.raw("}")
        }
    }

    private static func participants(_ members: [Member], _ pen: inout JSONPen) {
        pen.raw(#","participants":["#)
        var isFirst = true
        for member in members {
            pen.put(isFirst ? #"{"id":"# : #",{"id":"#, member.user.id.text)
            pen.put(#","username":"#, member.user.username)
            pen.put(#","role":"#, member.role.rawValue)
            pen.raw("}")
            isFirst = false
        }
        pen.raw("]")
    }
}
