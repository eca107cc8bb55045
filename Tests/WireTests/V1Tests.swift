import ChatKernel
import ChatSimulation
import ChatWire
import Testing

/// Byte for byte: the seed's clients read these.
@Suite("v1 frames")
struct V1Tests {
    private func frame(_ entry: Entry, activeUsers: [UserID] = []) -> String {
        written { V1.append(entry, activeUsers: { activeUsers }, to: &$0) }
    }

    @Test("message: the seed's fields in its order, then ours")
    func message() {
        #expect(
            frame(entry(.message(.init(id: MessageID("msg-456"), content: "Hello!"))))
                == #"{"type":"message","content":"Hello!","sender_id":"user-123","sender_username":"john","#
                + #""message_id":"msg-456","timestamp":"2026-02-04T10:30:00.123456Z","is_edited":false,"#
                + #""conversation_id":"conv-789","seq":7,"pos":42}"#)
    }

    @Test("message with client_id and reply_to")
    func messageWithAll() {
        let posted = Change.Posted(
            id: MessageID("m"), content: "\"é\"\n", clientID: ClientID("c"), replyTo: MessageID("r"))
        #expect(
            frame(entry(.message(posted)))
                == #"{"type":"message","content":"\"é\"\n","sender_id":"user-123","sender_username":"john","#
                + #""message_id":"m","timestamp":"2026-02-04T10:30:00.123456Z","is_edited":false,"#
                + #""conversation_id":"conv-789","seq":7,"pos":42,"client_id":"c","reply_to":"r"}"#)
    }

    @Test("an edit is a message with the same message_id, and its own seq and pos")
    func edit() {
        #expect(
            frame(entry(.edited(MessageID("msg-456"), content: "Hi!"), seq: 8, pos: 43))
                == #"{"type":"message","content":"Hi!","sender_id":"user-123","sender_username":"john","#
                + #""message_id":"msg-456","timestamp":"2026-02-04T10:30:00.123456Z","is_edited":true,"#
                + #""conversation_id":"conv-789","seq":8,"pos":43}"#)
    }

    @Test("a deletion is a system notice")
    func deletion() {
        #expect(
            frame(entry(.deleted(MessageID("msg-456"))), activeUsers: [john.id, mary.id])
                == #"{"type":"system","content":"Message deleted","active_users":["user-123","user-456"],"#
                + #""event":"message_deleted","user_id":"user-123","username":"john","conversation_id":"conv-789","#
                + #""message_id":"msg-456","seq":7,"pos":42}"#)
    }

    @Test("the replay of an erased message, and of its edits, is empty and says so last")
    func erased() {
        let erased = Change.Posted(id: MessageID("m"), content: "", clientID: ClientID("c"), isDeleted: true)
        #expect(
            frame(entry(.message(erased)))
                == #"{"type":"message","content":"","sender_id":"user-123","sender_username":"john","#
                + #""message_id":"m","timestamp":"2026-02-04T10:30:00.123456Z","is_edited":false,"#
                + #""conversation_id":"conv-789","seq":7,"pos":42,"client_id":"c","is_deleted":true}"#)
        #expect(
            frame(entry(.edited(MessageID("m"), content: "")))
                == #"{"type":"message","content":"","sender_id":"user-123","sender_username":"john","#
                + #""message_id":"m","timestamp":"2026-02-04T10:30:00.123456Z","is_edited":true,"#
                + #""conversation_id":"conv-789","seq":7,"pos":42,"is_deleted":true}"#)
    }

    @Test("content that should be gone is not shown")
    func deletedButPresent() {
        let leaking = Change.Posted(id: MessageID("m"), content: "secret", isDeleted: true)
        #expect(!frame(entry(.message(leaking))).contains("secret"))
    }

    @Test(
        "what v1 is not shown",
        arguments: [
            .created(ConversationDetails(isGroup: true), members: []), .reaction(MessageID("m"), key: "+", on: true),
            .member(.added, Member(user: mary, role: .member)), .updated(ConversationDetails(isGroup: true)),
            .read(through: 3),
        ] as [Change])
    func invisible(change: Change) {
        #expect(!V1.isVisible(entry(change)))
        #expect(frame(entry(change)) == "")
        #expect(V1.sizeEstimate(entry(change)) == 0)
    }

    @Test(
        "a gap is a system frame",
        arguments: [
            (.retention, "Messages are not kept any more", "retention"),
            (.membership, "Messages are not shown", "membership"),
        ] as [(Change.Gap.Reason, String, String)])
    func gap(reason: Change.Gap.Reason, content: String, word: String) {
        let gap = entry(.gap(Change.Gap(from: 3, reason)))
        #expect(V1.isVisible(gap))
        #expect(
            written { V1.append(gap, activeUsers: { [john.id] }, to: &$0) }
                == #"{"type":"system","content":"\#(content)","active_users":["user-123"],"event":"gap","#
                + #""conversation_id":"conv-789","from_seq":3,"to_seq":7,"reason":"\#(word)"}"#)
    }

    @Test("typing")
    func typing() {
        #expect(
            written { V1.appendTyping(john, in: room, to: &$0) }
                == #"{"type":"typing","sender_id":"user-123","sender_username":"john","conversation_id":"conv-789"}"#)
    }

    @Test("joined, left and present")
    func joinedAndLeft() {
        #expect(
            written { V1.appendJoined(john, in: room, activeUsers: [john.id, mary.id], to: &$0) }
                == #"{"type":"system","content":"User joined","active_users":["user-123","user-456"],"#
                + #""event":"joined","user_id":"user-123","username":"john","conversation_id":"conv-789"}"#)
        #expect(
            written { V1.appendLeft(john, in: room, activeUsers: [], to: &$0) }
                == #"{"type":"system","content":"User left","active_users":[],"#
                + #""event":"left","user_id":"user-123","username":"john","conversation_id":"conv-789"}"#)
        #expect(
            written { V1.appendPresent(john, in: room, activeUsers: [john.id], to: &$0) }
                == #"{"type":"system","content":"Users present","active_users":["user-123"],"#
                + #""event":"present","user_id":"user-123","username":"john","conversation_id":"conv-789"}"#)
    }

    @Test("error, as plain as the seed's and with all it may carry")
    func errors() {
        #expect(
            written { V1.append(ChatError(.messageEmpty, "Message cannot be empty"), to: &$0) }
                == #"{"type":"error","content":"Message cannot be empty","code":"message_empty","status":422,"#
                + #""retryable":false}"#)
        #expect(
            written {
                V1.append(
                    ChatError(.rateLimited, "Slow down.", retryAfterMilliseconds: 1500), id: FrameID("a\"b"), to: &$0)
            }
                == #"{"type":"error","content":"Slow down.","code":"rate_limited","status":429,"#
                + #""id":"a\"b","retryable":true,"retry_after_ms":1500}"#)
    }

    @Test("a system notice of a thousand users is one frame")
    func herd() throws {
        let users = (0..<1000).map { UserID("user \"\($0)\" " + String(repeating: "x", count: 100)) }
        let json = written { V1.appendJoined(john, in: room, activeUsers: users, to: &$0) }
        guard case .array(let names) = try value(json)["active_users"] else {
            Issue.record("no list of users")
            return
        }
        #expect(names == users.map { .string($0.text) })
    }

    @Test("frames are JSON, whatever they say, and within the estimate when they need no escape")
    func anyText() throws {
        var random = SplitMix64(seed: 5)
        for _ in 0..<400 {
            func text() -> String { randomText(upTo: 50, using: &random) }
            let author = UserReference(id: UserID(text()), username: text())
            let posted = Change.Posted(
                id: MessageID(text()), content: text(), clientID: ClientID(text()), replyTo: MessageID(text()))
            let changes: [Change] = [
                .message(posted), .edited(MessageID(text()), content: text()), .deleted(MessageID(text())),
            ]
            for change in changes {
                let entry = Entry(
                    conversation: ConversationID(text()), seq: .max, pos: .max,
                    at: Timestamp(microseconds: Int64.random(in: .min ... .max, using: &random)), author: author,
                    change: change)
                let users = [UserID("a"), UserID("b")]
                var bytes: [UInt8] = []
                V1.append(entry, activeUsers: { users }, to: &bytes)
                if case .message = change, !bytes.contains(UInt8(ascii: "\\")) {
                    #expect(bytes.count <= V1.sizeEstimate(entry))
                }
                let tree = try JSONValue(parsing: bytes)
                if case .message(let posted) = change { #expect(tree["content"] == .string(posted.content)) }
                #expect(tree["conversation_id"] == .string(entry.conversation.text))
            }
        }
    }

    @Test("frames appended one after the other stand one after the other")
    func batch() {
        var bytes: [UInt8] = []
        let one = entry(.message(.init(id: MessageID("m"), content: "x")))
        for _ in 0..<100 { V1.append(one, activeUsers: { [] }, to: &bytes) }
        #expect(String(decoding: bytes, as: UTF8.self) == String(repeating: frame(one), count: 100))
    }

    @Test("the timestamp is the kernel's, in any year")
    func timestamps() {
        var random = SplitMix64(seed: 6)
        var moments: [Int64] = [.min, .max, 0, -1, 951_782_400_000_000, 951_868_799_999_999, -62_167_219_200_000_000]
        moments += [-62_162_035_200_000_001, -62_162_035_200_000_000, 253_402_300_799_999_999]
        for _ in 0..<2000 {
            moments.append(Int64.random(in: -62_200_000_000_000_000...253_500_000_000_000_000, using: &random))
        }
        for microseconds in moments {
            let time = Timestamp(microseconds: microseconds)
            let entry = Entry(
                conversation: room, seq: 1, pos: 1, at: time, author: john,
                change: .message(.init(id: MessageID("m"), content: "")))
            #expect(frame(entry).contains("\"timestamp\":\"\(time)\","))
        }
    }
}
