public import ChatKernel

/// The bodies that REST answers with (`protocol.md` section 2). What is absent is `null`; a name is never left out.
public enum RESTShapes {
    public static func append(_ conversation: Conversation, to bytes: inout [UInt8]) {
        bytes.appendObject { object in
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
        }
    }

    public static func append(_ conversations: [Conversation], to bytes: inout [UInt8]) {
        bytes.appendArray { array in
            for conversation in conversations { array.element { append(conversation, to: &$0) } }
        }
    }

    public static func append(_ message: Message, to bytes: inout [UInt8]) {
        bytes.appendObject { object in
            object.member("id", message.id.text)
            object.member("conversation_id", message.conversation.text)
            object.member("sender_id", message.sender.id.text)
            object.member("sender_username", message.sender.username)
            object.member("content", message.content)
            object.member("is_edited", message.isEdited)
            object.member("is_deleted", message.isDeleted)
            object.member("created_at", message.createdAt)
            object.member("updated_at", message.updatedAt)
            object.member("seq", message.seq)
            object.member("client_id", message.clientID?.text)
            object.member("reply_to", message.replyTo?.text)
            object.array("reactions") { array in
                for reaction in message.reactions { array.object { append(reaction, &$0) } }
            }
        }
    }

    public static func append(_ messages: [Message], to bytes: inout [UInt8]) {
        bytes.appendArray { array in
            for message in messages { array.element { append(message, to: &$0) } }
        }
    }

    /// Appends the participants of a conversation.
    public static func append(_ members: [Member], to bytes: inout [UInt8]) {
        bytes.appendArray { array in
            for member in members { array.element { append(member, to: &$0) } }
        }
    }

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

    public static func append(_ token: AccessToken, to bytes: inout [UInt8]) {
        bytes.appendObject { object in
            object.member("access_token", token.token)
            object.member("token_type", "bearer")
            object.member("expires_in", token.expiresInSeconds)
        }
    }

    /// Appends the body of every answer that is a refusal.
    public static func append(_ error: ChatError, to bytes: inout [UInt8]) {
        bytes.appendObject { object in
            object.member("detail", error.detail)
            object.member("code", error.code.rawValue)
        }
    }

    private static func append(_ reaction: Reactions, _ object: inout JSONObjectBuilder) {
        object.member("key", reaction.key)
        object.member("count", reaction.users.count)
        object.array("user_ids") { array in
            for user in reaction.users { array.element(user.text) }
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
