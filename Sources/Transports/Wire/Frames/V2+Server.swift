public import ChatKernel

/// What a server says in profile v2 besides durable events (`protocol.md` section 3).
extension V2 {
    /// What the greeting tells of a connection.
    public struct Greeting: Sendable {
        /// ``Session/ID/number``, for the logs of both sides. Written as text.
        public var session: UInt64
        /// Where the client stands: at its own cursor, or at the head.
        public var cursor: Cursor
        /// After how much silence a sign of life is asked for, in milliseconds.
        public var heartbeatMilliseconds: Int
        /// A client's longest frame.
        public var frameBytes: Int
        /// Of which the length of content and the rate of messages are told.
        public var limits: KernelLimits
        /// Whether a client that was away can have what it missed.
        public var resume: Bool
        public var durability: Durability

        public init(
            session: UInt64, cursor: Cursor, heartbeatMilliseconds: Int, frameBytes: Int, limits: KernelLimits,
            resume: Bool, durability: Durability
        ) {
            self.session = session
            self.cursor = cursor
            self.heartbeatMilliseconds = heartbeatMilliseconds
            self.frameBytes = frameBytes
            self.limits = limits
            self.resume = resume
            self.durability = durability
        }
    }

    /// Appends `hello`, the first frame of a connection.
    /// - Parameter id: of the client's own, when this answers it.
    public static func append(_ greeting: Greeting, id: FrameID? = nil, to bytes: inout [UInt8]) {
        bytes.write(about: 512) { pen in
            pen.raw(#"{"type":"hello""#)
            if let id { pen.put(#","id":"#, id) }
            pen.raw(#","session":""#)
            pen.number(Int64(truncatingIfNeeded: greeting.session))
            pen.put(#"","cursor":"#, greeting.cursor)
            pen.raw(#","epoch":""#)
            pen.epoch(greeting.cursor.epoch)
            pen.put(#"","heartbeat_ms":"#, Int64(greeting.heartbeatMilliseconds))
            pen.put(#","limits":{"message_bytes":"#, Int64(greeting.limits.messageBytes))
            pen.put(#","frame_bytes":"#, Int64(greeting.frameBytes))
            pen.put(#","client_id_bytes":"#, Int64(ClientID.limit))
            pen.put(#","messages_per_second":"#, Int64(greeting.limits.messagesPerUserPerSecond))
            pen.put(#"},"guarantee":{"resume":"#, greeting.resume)
            pen.put(#","ordered":true,"durability":"#, greeting.durability.rawValue)
            pen.raw("}}")
        }
    }

    /// Appends `caught_up`: everything up to the cursor has been sent, and what comes from now on comes as it happens.
    /// - Parameter conversation: of which; nil for all.
    public static func appendCaughtUp(
        at cursor: Cursor, in conversation: ConversationID? = nil, to bytes: inout [UInt8]
    ) {
        bytes.write(about: 192) { pen in
            pen.put(#"{"type":"caught_up","cursor":"#, cursor)
            pen.put(#","conversation_id":"#, ifAny: conversation?.text)
            pen.raw("}")
        }
    }

    /// Appends `lagging`: so many events wait because the client does not read them as fast as they come. Nothing is lost, and
    /// `caught_up` follows.
    public static func appendLagging(
        behind: Int64, in conversation: ConversationID? = nil, to bytes: inout [UInt8]
    ) {
        bytes.write(about: 192) { pen in
            pen.put(#"{"type":"lagging","behind":"#, behind)
            pen.put(#","conversation_id":"#, ifAny: conversation?.text)
            pen.raw("}")
        }
    }

    /// Appends `pong`, with where the client stands.
    public static func appendPong(at cursor: Cursor, id: FrameID?, to bytes: inout [UInt8]) {
        bytes.write(about: 192) { pen in
            pen.raw(#"{"type":"pong""#)
            if let id { pen.put(#","id":"#, id) }
            pen.put(#","cursor":"#, cursor)
            pen.raw("}")
        }
    }

    /// Appends `draining`: the host stops, and another or the same may be asked after a while.
    public static func appendDraining(retryAfterMilliseconds: Int64, to bytes: inout [UInt8]) {
        bytes.write(about: 64) { pen in
            pen.put(#"{"type":"draining","retry_after_ms":"#, retryAfterMilliseconds)
            pen.raw("}")
        }
    }

    /// Appends `auth_expiring`: the token ends, and `auth` renews it.
    public static func appendExpiring(inMilliseconds: Int64, to bytes: inout [UInt8]) {
        bytes.write(about: 64) { pen in
            pen.put(#"{"type":"auth_expiring","in_ms":"#, inMilliseconds)
            pen.raw("}")
        }
    }

    /// Appends what is not stored: `typing`, and `presence` of the last who came, went or has one connection more, with all who are here now.
    public static func append(_ signal: Signal, to bytes: inout [UInt8]) {
        switch signal {
        case .typing(let conversation, let user, let on, _):
            bytes.write(about: 320) { pen in
                pen.put(#"{"type":"typing","conversation_id":"#, conversation.text)
                pen.put(#","sender_id":"#, user.id.text)
                pen.put(#","sender_username":"#, user.username)
                pen.put(#","on":"#, on)
                pen.raw("}")
            }
        case .presence(let notice):
            bytes.write(about: 320 &+ 48 &* notice.activeUsers.count) { pen in
                pen.put(#"{"type":"presence","conversation_id":"#, notice.conversation.text)
                pen.put(#","user_id":"#, notice.user.id.text)
                pen.put(#","username":"#, notice.user.username)
                pen.raw(notice.event == .left ? #","status":"offline""# : #","status":"online""#)
                pen.put(#","active_users":"#, notice.activeUsers)
                pen.raw("}")
            }
        }
    }
}
