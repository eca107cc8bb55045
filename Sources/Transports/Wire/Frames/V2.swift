public import ChatKernel

/// The durable events of profile v2: the same bytes on every transport (`protocol.md` section 3).
public enum V2 {
    /// Appends the event of an entry.
    ///
    /// First `type conversation_id seq pos cursor timestamp`, then the fields of its type; a read mark has no `seq`.
    /// What was erased since has empty content and `is_deleted: true`.
    public static func append(_ entry: Entry, epoch: Epoch, to bytes: inout [UInt8]) {
        switch entry.change {
        case .message(let posted):
            begin("message", entry, epoch, &bytes)
            bytes.put(#","content":"#, posted.isDeleted ? "" : posted.content)
            bytes.put(#","sender_id":"#, entry.author.id.text)
            bytes.put(#","sender_username":"#, entry.author.username)
            bytes.put(#","message_id":"#, posted.id.text)
            bytes.put(#","is_edited":false"#)
            bytes.put(#","client_id":"#, ifAny: posted.clientID?.text)
            bytes.put(#","reply_to":"#, ifAny: posted.replyTo?.text)
            if posted.isDeleted { bytes.put(#","is_deleted":true"#) }
        case .edited(let message, let content):
            begin("edited", entry, epoch, &bytes)
            bytes.put(#","message_id":"#, message.text)
            bytes.put(#","content":"#, content)
            bytes.put(#","sender_id":"#, entry.author.id.text)
            bytes.put(#","sender_username":"#, entry.author.username)
            if content.isEmpty { bytes.put(#","is_deleted":true"#) }
        case .deleted(let message):
            begin("deleted", entry, epoch, &bytes)
            bytes.put(#","message_id":"#, message.text)
            bytes.put(#","by":"#, entry.author.id.text)
        case .reaction(let message, let key, let on):
            begin("reaction", entry, epoch, &bytes)
            bytes.put(#","message_id":"#, message.text)
            bytes.put(#","key":"#, key)
            bytes.put(#","on":"#, on)
            bytes.put(#","user_id":"#, entry.author.id.text)
            bytes.put(#","username":"#, entry.author.username)
        case .member(let action, let member):
            begin("member", entry, epoch, &bytes)
            bytes.put(#","action":"#, action.rawValue)
            bytes.put(#","user_id":"#, member.user.id.text)
            bytes.put(#","username":"#, member.user.username)
            bytes.put(#","role":"#, member.role.rawValue)
            bytes.put(#","by":"#, entry.author.id.text)
        case .created(let details, let members):
            begin("conversation", entry, epoch, &bytes)
            bytes.put(#","action":"created""#)
            append(details, &bytes)
            bytes.put(#","participants":"#)
            RESTShapes.append(members, to: &bytes)
            bytes.put(#","by":"#, entry.author.id.text)
        case .updated(let details):
            begin("conversation", entry, epoch, &bytes)
            bytes.put(#","action":"updated""#)
            append(details, &bytes)
            bytes.put(#","by":"#, entry.author.id.text)
        case .read(let seq):
            begin("read", entry, epoch, &bytes)
            bytes.put(#","user_id":"#, entry.author.id.text)
            bytes.put(#","read_seq":"#, seq)
        }
        bytes.put("}")
    }

    private static func begin(_ type: StaticString, _ entry: Entry, _ epoch: Epoch, _ bytes: inout [UInt8]) {
        bytes.put(#"{"type":""#)
        bytes.put(type)
        bytes.put(#"","conversation_id":"#, entry.conversation.text)
        if entry.seq > 0 { bytes.put(#","seq":"#, entry.seq) }
        bytes.put(#","pos":"#, entry.pos)
        bytes.put(#","cursor":"#, Cursor(epoch: epoch, pos: entry.pos))
        bytes.put(#","timestamp":"#, entry.at)
    }

    /// The details as they are from here on: `null` for what was never given.
    private static func append(_ details: ConversationDetails, _ bytes: inout [UInt8]) {
        bytes.put(#","name":"#, orNull: details.name)
        bytes.put(#","description":"#, orNull: details.description)
        bytes.put(#","is_group":"#, details.isGroup)
    }
}

extension [UInt8] {
    fileprivate mutating func put(_ name: StaticString, orNull text: String?) {
        if let text {
            put(name, text)
        } else {
            put(name)
            put("null")
        }
    }
}
