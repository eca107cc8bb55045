public import ChatKernel

/// The bodies that REST answers with (`protocol.md` section 2). What is absent is `null`; a name of the contract is never left out.
public enum RESTShapes {
    /// Appends `id name description is_group created_at updated_at participants last_seq unread_count last_message`;
    /// then `first_seq` where something is gone, and `retention` where the conversation has a rule of its own.
    public static func append(_ conversation: Conversation, to bytes: inout [UInt8]) {
        bytes.appendObject { object in write(conversation, to: &object) }
    }

    /// Appends a conversation with what a client shows of it first: `messages`, ascending, and `read_marks`, by user.
    public static func append(_ part: Kernel.UserSnapshot.Part, to bytes: inout [UInt8]) {
        bytes.appendObject { object in
            write(part.conversation, to: &object)
            object.member("messages") { append(part.messages, to: &$0) }
            object.member("read_marks") { bytes in
                bytes.append(UInt8(ascii: "{"))
                for (place, mark) in part.readMarks.enumerated() {
                    if place > 0 { bytes.append(UInt8(ascii: ",")) }
                    JSONWriter.append(mark.user.text, to: &bytes)
                    bytes.append(UInt8(ascii: ":"))
                    JSONWriter.append(mark.seq, to: &bytes)
                }
                bytes.append(UInt8(ascii: "}"))
            }
        }
    }

    private static func write(_ conversation: Conversation, to object: inout JSONObjectBuilder) {
        object.member("id", conversation.id.text)
        object.member("name", conversation.details.name)
        object.member("description", conversation.details.description)
        object.member("is_group", conversation.details.isGroup)
        object.member("created_at", conversation.createdAt)
        object.member("updated_at", conversation.updatedAt)
        object.member("participants") { append(conversation.participants, to: &$0) }
        object.member("last_seq", conversation.lastSeq)
        object.member("unread_count", conversation.unreadCount)
        object.member("last_message") { bytes in
            if let message = conversation.lastMessage {
                append(message, to: &bytes)
            } else {
                JSONWriter.append(raw: "null", to: &bytes)
            }
        }
        // Beyond the contract, and so only where there is something to say.
        if conversation.firstSeq > 1 { object.member("first_seq", conversation.firstSeq) }
        if let retention = conversation.details.retention {
            object.object("retention") { object in
                object.member("days", retention.days)
                object.member("messages", retention.messages)
            }
        }
    }

    /// Appends an array of them, in their order.
    public static func append(_ conversations: [Conversation], to bytes: inout [UInt8]) {
        bytes.appendArray { array in
            for conversation in conversations { array.element { append(conversation, to: &$0) } }
        }
    }

    /// Appends `id conversation_id sender_id sender_username content is_edited is_deleted created_at updated_at seq
    /// client_id reply_to reactions`, of which the last are `[{key count user_ids}]`.
    public static func append(_ message: Message, to bytes: inout [UInt8]) {
        bytes.write(about: estimate(message)) { write(message, &$0) }
    }

    /// Appends an array of them, in their order.
    public static func append(_ messages: [Message], to bytes: inout [UInt8]) {
        // A page of history is what is asked for most: written in one stride, like frames.
        var size = 2
        let span = messages.span
        for at in span.indices { size &+= estimate(span[at]) }
        bytes.write(about: size) { pen in
            pen.list(messages) { write($0, &$1) }
        }
    }

    /// About the bytes that a message takes; more of them are found when its text has much to escape.
    private static func estimate(_ message: borrowing Message) -> Int { 640 &+ message.content.utf8.count }

    private static func write(_ message: borrowing Message, _ pen: inout JSONPen) {
        pen.put(#"{"id":"#, message.id.text)
        pen.put(#","conversation_id":"#, message.conversation.text)
        pen.put(#","sender_id":"#, message.sender.id.text)
        pen.put(#","sender_username":"#, message.sender.username)
        pen.put(#","content":"#, message.content)
        pen.put(#","is_edited":"#, message.isEdited)
        pen.put(#","is_deleted":"#, message.isDeleted)
        pen.raw(#","created_at":"#)
        let start = pen.count
        pen.time(message.createdAt)
        let createdAt = start..<pen.count
        pen.raw(#","updated_at":"#)
        // Mostly the same moment.
        if message.updatedAt == message.createdAt { pen.again(createdAt) } else { pen.time(message.updatedAt) }
        pen.put(#","seq":"#, message.seq)
        pen.put(#","client_id":"#, orNull: message.clientID?.text)
        pen.put(#","reply_to":"#, orNull: message.replyTo?.text)
        pen.raw(#","reactions":"#)
        pen.list(message.reactions) { reaction, pen in
            pen.put(#"{"key":"#, reaction.key)
            pen.put(#","count":"#, Int64(reaction.users.count))
            pen.put(#","user_ids":"#, reaction.users)
            pen.raw("}")
        }
        pen.raw("}")
    }

    /// Appends the participants of a conversation.
    public static func append(_ members: [Member], to bytes: inout [UInt8]) {
        bytes.appendArray { array in
            for member in members { array.element { append(member, to: &$0) } }
        }
    }

    /// Appends `id username role`.
    public static func append(_ member: Member, to bytes: inout [UInt8]) {
        bytes.appendObject { object in
            object.member("id", member.user.id.text)
            object.member("username", member.user.username)
            object.member("role", member.role.rawValue)
        }
    }

    /// Appends an account as its owner sees it. Never a password, hashed or not.
    public static func append(_ user: User, to bytes: inout [UInt8]) {
        bytes.appendObject { object in
            object.member("id", user.id.text)
            object.member("username", user.username)
            object.member("email", user.email)
            object.member("is_active", user.isActive)
            object.member("created_at", user.createdAt)
        }
    }

    /// Appends users as others see them.
    public static func append(_ users: [UserReference], to bytes: inout [UInt8]) {
        bytes.appendArray { array in
            for user in users {
                array.object { object in
                    object.member("id", user.id.text)
                    object.member("username", user.username)
                }
            }
        }
    }

    /// Appends `access_token token_type expires_in`, the last in seconds (RFC 6749 section 5.1).
    public static func append(_ token: AccessToken, to bytes: inout [UInt8]) {
        bytes.appendObject { object in
            object.member("access_token", token.token)
            object.member("token_type", "bearer")
            object.member("expires_in", token.expiresInSeconds)
        }
    }

    /// Appends `ticket expires_in`, the last in seconds.
    public static func append(_ ticket: Ticket, to bytes: inout [UInt8]) {
        bytes.appendObject { object in
            object.member("ticket", ticket.text)
            object.member("expires_in", ticket.expiresInSeconds)
        }
    }

    /// Appends the body of every answer that is a refusal.
    public static func append(_ error: ChatError, to bytes: inout [UInt8]) {
        bytes.appendObject { object in
            object.member("detail", error.detail)
            object.member("code", error.code.rawValue)
        }
    }
}

extension JSONObjectBuilder {
    /// A moment, as RFC 3339 text.
    public mutating func member(_ name: StaticString, _ time: Timestamp) {
        member(name) { bytes in
            bytes.append(UInt8(ascii: "\""))
            time.append(to: &bytes)
            bytes.append(UInt8(ascii: "\""))
        }
    }
}
