import ChatKernel
import ChatSimulation
import ChatWire
import Testing

@Suite("v2 events")
struct V2Tests {
    private let epoch = Epoch(0x1f)

    private func event(_ entry: Entry) -> String { written { V2.append(entry, epoch: epoch, to: &$0) } }

    /// What every numbered event begins with.
    private func head(_ type: String) -> String {
        #"{"type":"\#(type)","conversation_id":"conv-789","seq":7,"pos":42,"cursor":"1.1f.42","#
            + #""timestamp":"2026-02-04T10:30:00.123456Z","#
    }

    @Test("message")
    func message() {
        let posted = Change.Posted(id: MessageID("m"), content: "x", clientID: ClientID("c"), replyTo: MessageID("r"))
        #expect(
            event(entry(.message(posted))) == head("message")
                + #""content":"x","sender_id":"user-123","sender_username":"john","message_id":"m","is_edited":false,"#
                + #""client_id":"c","reply_to":"r"}"#)
        #expect(
            event(entry(.message(.init(id: MessageID("m"), content: "", isDeleted: true)))) == head("message")
                + #""content":"","sender_id":"user-123","sender_username":"john","message_id":"m","is_edited":false,"#
                + #""is_deleted":true}"#)
    }

    @Test("edited")
    func edited() {
        #expect(
            event(entry(.edited(MessageID("m"), content: "y"))) == head("edited")
                + #""message_id":"m","content":"y","sender_id":"user-123","sender_username":"john"}"#)
        #expect(
            event(entry(.edited(MessageID("m"), content: ""))) == head("edited")
                + #""message_id":"m","content":"","sender_id":"user-123","sender_username":"john","is_deleted":true}"#)
    }

    @Test("deleted")
    func deleted() {
        #expect(event(entry(.deleted(MessageID("m")))) == head("deleted") + #""message_id":"m","by":"user-123"}"#)
    }

    @Test("reaction")
    func reaction() {
        #expect(
            event(entry(.reaction(MessageID("m"), key: "👍", on: false))) == head("reaction")
                + #""message_id":"m","key":"👍","on":false,"user_id":"user-123","username":"john"}"#)
    }

    @Test("member", arguments: [MemberAction.added, .removed, .left, .role])
    func member(action: MemberAction) {
        #expect(
            event(entry(.member(action, Member(user: mary, role: .admin)))) == head("member")
                + #""action":"\#(action.rawValue)","user_id":"user-456","username":"mary","role":"admin","by":"user-123"}"#
        )
    }

    @Test("conversation")
    func conversation() {
        let details = ConversationDetails(name: "Team", isGroup: true)
        let members = [Member(user: john, role: .owner), Member(user: mary, role: .member)]
        #expect(
            event(entry(.created(details, members: members))) == head("conversation")
                + #""action":"created","name":"Team","description":null,"is_group":true,"participants":["#
                + #"{"id":"user-123","username":"john","role":"owner"},"#
                + #"{"id":"user-456","username":"mary","role":"member"}],"by":"user-123"}"#)
        #expect(
            event(entry(.updated(details))) == head("conversation")
                + #""action":"updated","name":"Team","description":null,"is_group":true,"by":"user-123"}"#)
    }

    @Test("a conversation with a rule of its own says it")
    func retention() {
        let details = ConversationDetails(isGroup: true, retention: Retention(days: 7, messages: 9))
        #expect(
            event(entry(.updated(details))) == head("conversation")
                + #""action":"updated","name":null,"description":null,"is_group":true,"#
                + #""retention":{"days":7,"messages":9},"by":"user-123"}"#)
    }

    @Test("gap has a cursor only where it has a place of its own")
    func gap() {
        let text =
            #"{"type":"gap","conversation_id":"conv-789","from_seq":3,"to_seq":7,"reason":"retention","fillable":false"#
        #expect(event(entry(.gap(Change.Gap(from: 3, .retention)))) == text + #","cursor":"1.1f.42"}"#)
        let placeless = Entry(
            conversation: room, seq: 7, pos: 0, at: moment, author: john, change: .gap(Change.Gap(from: 3, .retention)))
        #expect(event(placeless) == text + "}")
    }

    @Test("read has no seq")
    func read() {
        #expect(
            event(entry(.read(through: 5), seq: 0))
                == #"{"type":"read","conversation_id":"conv-789","pos":42,"cursor":"1.1f.42","#
                + #""timestamp":"2026-02-04T10:30:00.123456Z","user_id":"user-123","read_seq":5}"#)
    }

    @Test("the cursor is the kernel's, of any epoch")
    func cursors() throws {
        var random = SplitMix64(seed: 7)
        var epochs: [UInt64] = [0, 1, 0xF, 0x10, .max]
        for shift in 0..<64 { epochs.append(random.next() >> UInt64(shift)) }
        for number in epochs {
            let cursor = Cursor(epoch: Epoch(number), pos: 42)
            let json = written { V2.append(entry(.read(through: 1)), epoch: cursor.epoch, to: &$0) }
            #expect(try value(json)["cursor"] == .string(cursor.description))
        }
    }
}

@Suite("Acknowledgements")
struct AckTests {
    private let posted = Change.Posted(id: MessageID("m"), content: "x", clientID: ClientID("c"))

    private func ack(_ reply: Reply, _ durability: Durability = .synced) -> String {
        written { Ack.append(reply, to: FrameID(5), durability: durability, to: &$0) }
    }

    @Test("of a message, the first time and again")
    func message() {
        let fields =
            #"{"type":"ack","id":5,"client_id":"c","message_id":"m","conversation_id":"conv-789","seq":7,"pos":42,"#
            + #""timestamp":"2026-02-04T10:30:00.123456Z","durability":"#
        #expect(ack(.committed(entry(.message(posted)))) == fields + #""synced","duplicate":false}"#)
        #expect(ack(.repeated(entry(.message(posted))), .memory) == fields + #""memory","duplicate":true}"#)
    }

    @Test(
        "of an edit, a deletion and a reaction: their message",
        arguments: [
            Change.edited(MessageID("m"), content: "y"), .deleted(MessageID("m")),
            .reaction(MessageID("m"), key: "+", on: true),
        ])
    func aboutMessage(change: Change) {
        #expect(
            ack(.committed(entry(change)), .written)
                == #"{"type":"ack","id":5,"message_id":"m","conversation_id":"conv-789","seq":7,"pos":42,"#
                + #""timestamp":"2026-02-04T10:30:00.123456Z","durability":"written","duplicate":false}"#)
    }

    @Test("of a read mark: no seq")
    func read() {
        #expect(
            ack(.committed(entry(.read(through: 3), seq: 0)))
                == #"{"type":"ack","id":5,"conversation_id":"conv-789","pos":42,"#
                + #""timestamp":"2026-02-04T10:30:00.123456Z","durability":"synced","duplicate":false}"#)
    }

    @Test("of what left nothing behind")
    func unchanged() {
        #expect(ack(.unchanged) == #"{"type":"ack","id":5,"duplicate":false}"#)
        #expect(ack(.existing(room)) == #"{"type":"ack","id":5,"conversation_id":"conv-789","duplicate":true}"#)
        #expect(written { Ack.append(to: FrameID("a"), to: &$0) } == #"{"type":"ack","id":"a"}"#)
        #expect(written { Ack.append(to: nil, to: &$0) } == #"{"type":"ack"}"#)
    }

    @Test("of a subscription")
    func subscribed() {
        let cursor = Cursor(epoch: Epoch(0xAB), pos: 9)
        #expect(
            written { Ack.appendSubscribed(to: FrameID(5), conversation: room, seq: 7, cursor: cursor, to: &$0) }
                == #"{"type":"ack","id":5,"conversation_id":"conv-789","seq":7,"cursor":"1.ab.9"}"#)
    }

    @Test("of history: events, and whether there are more")
    func history() {
        let events = [entry(.deleted(MessageID("a"))), entry(.deleted(MessageID("b")), seq: 8, pos: 43)]
        let texts = events.map { event in written { V2.append(event, epoch: Epoch(1), to: &$0) } }
        #expect(
            written { Ack.appendHistory(to: FrameID(5), events: events, epoch: Epoch(1), more: true, to: &$0) }
                == #"{"type":"ack","id":5,"events":[\#(texts[0]),\#(texts[1])],"more":true}"#)
        #expect(
            written { Ack.appendHistory(to: FrameID(5), events: [], epoch: Epoch(1), more: false, to: &$0) }
                == #"{"type":"ack","id":5,"events":[],"more":false}"#)
    }
}
