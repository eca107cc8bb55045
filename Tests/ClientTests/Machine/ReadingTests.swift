import ChatHTTP1
import ChatKernel
import ChatWire
import Testing

@testable import ChatClient

@Suite("What the server says, read")
struct ReadingTests {
    private func frame(_ text: String) throws -> ServerFrame { try ServerFrame(Array(text.utf8)) }

    @Test("every kind of entry is read back as what the server wrote")
    func entries() throws {
        let ann = UserReference(id: UserID("1"), username: "ann")
        let members = [Member(user: ann, role: .owner)]
        let changes: [Change] = [
            .created(ConversationDetails(name: "Tea", description: nil, isGroup: true), members: members),
            .message(
                Change.Posted(
                    id: MessageID("m"), content: "“hi”\n\u{1F375}", clientID: ClientID("c"), replyTo: MessageID("r"))),
            .message(Change.Posted(id: MessageID("m"), content: "", isDeleted: true)),
            .edited(MessageID("m"), content: "ho"), .deleted(MessageID("m")),
            .reaction(MessageID("m"), key: "👍", on: false), .member(.role, Member(user: ann, role: .admin)),
            .updated(ConversationDetails(name: nil, description: "quiet", isGroup: true)), .read(through: 12),
        ]
        for (place, change) in changes.enumerated() {
            let isMark = if case .read = change { true } else { false }
            let entry = Entry(
                conversation: tea, seq: isMark ? 0 : Seq(place + 1), pos: Pos(place + 100),
                at: Timestamp(microseconds: 1_770_201_000_123_456), author: ann, change: change)
            var bytes: [UInt8] = []
            V2.append(entry, epoch: Epoch(7), to: &bytes)
            guard case .entry(let read, let cursor) = try ServerFrame(bytes) else {
                Issue.record("no entry: \(String(decoding: bytes, as: UTF8.self))")
                continue
            }
            #expect(read.change == change && read.seq == entry.seq && read.pos == entry.pos && read.at == entry.at)
            #expect(read.author.id == ann.id)
            #expect(cursor == Cursor(epoch: Epoch(7), pos: entry.pos).description)
        }
    }

    @Test("a page of the history, and a gap, are read as the server writes them, and asked for as it reads")
    func pages() throws {
        let ann = UserReference(id: UserID("1"), username: "ann")
        let time = Timestamp(microseconds: 1_770_201_000_123_456)
        let lost = Entry(
            conversation: tea, seq: 7, pos: 70, at: time, author: ann,
            change: .gap(Change.Gap(from: 5, .retention)))
        let said = Entry(
            conversation: tea, seq: 8, pos: 80, at: time, author: ann,
            change: .message(Change.Posted(id: MessageID("m"), content: "hi")))
        var bytes: [UInt8] = []
        Ack.appendHistory(to: FrameID("h:12"), events: [lost, said], epoch: Epoch(7), more: true, to: &bytes)
        let gap = Gap(conversation: tea, seqs: 5...7, reason: "retention", isFillable: false)
        let cursors = [Pos(70), 80].map { Cursor(epoch: Epoch(7), pos: $0).description }
        #expect(
            try ServerFrame(bytes)
                == .page(
                    id: "h:12", [.gap(gap, cursor: cursors[0]), .entry(said, cursor: cursors[1])], isAll: false))

        let question = ClientLine.history(12, tea, after: 4).json
        let span = question.span
        guard case .success(let frame) = unsafe ClientFrame.decode(span.bytes),
            case .history(let conversation, .after(let seq), let limit) = frame.body
        else { return #expect(Bool(false)) }
        #expect(conversation == tea && seq == 4 && limit == 200)
        #expect(ClientLine.page(in: "h:12") == 12)
        #expect(ClientLine.page(in: "m:12") == nil)
    }

    @Test("the greeting's longest frame is read, and whether something follows a poll")
    func greeting() throws {
        let cursor = Cursor(epoch: Epoch(7), pos: 5)
        var bytes: [UInt8] = []
        let greeting = V2.Greeting(
            session: 1, cursor: cursor, heartbeatMilliseconds: 25_000, frameBytes: 65_536, limits: KernelLimits(),
            resume: true, durability: .synced)
        V2.append(greeting, to: &bytes)
        #expect(try ServerFrame(bytes) == .hello(cursor: cursor.description, frameBytes: 65_536))
        #expect(try frame(#"{"type":"hello","cursor":"c"}"#) == .hello(cursor: "c", frameBytes: nil))
        #expect(throws: ChatError.self) { try frame(#"{"type":"hello","cursor":"c","limits":{"frame_bytes":-1}}"#) }
        #expect(try PollAnswer(Array(#"{"events":[],"cursor":"c","more":true}"#.utf8)).hasMore)
        #expect(try !PollAnswer(Array(#"{"events":[],"cursor":"c"}"#.utf8)).hasMore)
    }

    @Test("messages of a page of REST are read as events, and whether there are more")
    func messagePages() throws {
        let time = Timestamp(microseconds: 1_770_201_000_123_456)
        let ann = UserReference(id: UserID("1"), username: "ann")
        let message = Message(
            id: MessageID("m"), conversation: tea, seq: 9, sender: ann, content: "hi", isEdited: true,
            isDeleted: false, createdAt: time, updatedAt: time, clientID: nil, replyTo: nil, reactions: [])
        var body: [UInt8] = []
        RESTShapes.append([message], to: &body)
        var head = ResponseHead(status: 200, minorVersion: 1)
        let last = try #require(HTTPAnswer(head: head, body: body).messagesAsEvents)
        #expect(last.isAll && last.page.count == 1)
        guard case .entry(let entry, _) = last.page[0] else { return #expect(Bool(false)) }
        #expect(entry.seq == 9 && entry.author == ann)
        head.fields = [HTTPField(name: "Link", value: #"</x?after_seq=9>; rel="next""#)]
        #expect(HTTPAnswer(head: head, body: body).messagesAsEvents?.isAll == false)
        #expect(HTTPAnswer(head: head, body: [0x7B, 0x7D]).messagesAsEvents == nil)
    }

    @Test("moments are read to the microsecond, on both sides of a leap day, and nonsense is refused")
    func moments() {
        for microseconds in [
            0, 1, 951_782_399_999_999, 951_782_400_000_000, 951_868_800_000_001, 1_770_201_000_123_456,
            -62_167_219_200_000_000, 253_402_300_799_999_999,
        ] as [Int64] {
            let time = Timestamp(microseconds: microseconds)
            #expect(Timestamp(wire: time.description) == time, "\(time)")
        }
        #expect(Timestamp(wire: "1970-01-01T00:00:01Z") == Timestamp(microseconds: 1_000_000))
        #expect(Timestamp(wire: "1970-01-01T00:00:00.5Z") == Timestamp(microseconds: 500_000))
        for text in [
            "", "Z", "1970-01-01T00:00:00", "1970-13-01T00:00:00Z", "1970-01-01T00:00:00.Z", "1970-01-01T00:00:00+00Z",
            "1970-01-01 00:00:00Z", "1970-01-01T00:00:00.99999999999999999999999Z",
        ] {
            #expect(Timestamp(wire: text) == nil, "\(text)")
        }
    }

    @Test("an event of a later version is passed over, and its cursor still counts")
    func unknown() throws {
        #expect(try frame(#"{"type":"poll_created","cursor":"1.7.9","seq":3}"#) == .other(cursor: "1.7.9"))
        #expect(try frame(#"{"type":"lagging","behind":9}"#) == .other(cursor: nil))
        #expect(try frame(#"{"type":"member","action":"knighted","by":"1","cursor":"c"}"#) == .other(cursor: "c"))
    }

    @Test(
        "what is not of the protocol is an error, never a trap",
        arguments: [
            "", "null", "[]", "{}", #"{"type":1}"#, #"{"type":"message"}"#, #"{"type":"hello"}"#,
            #"{"type":"gap","conversation_id":"a","from_seq":9,"to_seq":1}"#,
            #"{"type":"gap","conversation_id":"a","from_seq":-1,"to_seq":1}"#,
            #"{"type":"read","conversation_id":"a","pos":9223372036854775808,"user_id":"1","read_seq":1}"#,
            #"{"type":"draining","retry_after_ms":99999999999999}"#,
            #"{"type":"typing","conversation_id":"","sender_id":"1"}"#,
        ])
    func broken(text: String) {
        #expect(throws: ChatError.self) { try frame(text) }
    }

    @Test("addresses of servers")
    func addresses() throws {
        let plain = try ServerAddress("http://127.0.0.1:8000")
        #expect(plain.host == "127.0.0.1" && plain.port == 8000 && plain.prefix.isEmpty)
        #expect(try ServerAddress("ws://chat.example/team/").description == "http://chat.example/team")
        #expect(try ServerAddress("http://[::1]:81/").description == "http://[::1]:81")
        #expect(try ServerAddress("http://[::1]").host == "::1")
        for (text, port, description) in [
            ("https://chat.example", 443, "https://chat.example"), ("WSS://a/x/", 443, "https://a/x"),
            ("https://[::1]:8443", 8443, "https://[::1]:8443"), ("https://a:80", 80, "https://a:80"),
            ("http://a:443", 443, "http://a:443"), ("ws://a", 80, "http://a"),
        ] as [(String, UInt16, String)] {
            let address = try ServerAddress(text)
            #expect(address.port == port)
            #expect(address.description == description)
            #expect(address.isSecure == description.hasPrefix("https"))
        }
        for text in [
            "", "chat", "http://", "http://:80", "http://a:b", "https://", "https://a:b", "https:a", "http://a:99999",
            "ftp://a", "http://me@a", "http://a/ b", "http://a?b",
        ] {
            #expect(throws: ClientFailure.self, "\(text)") { try ServerAddress(text) }
        }
    }
}
