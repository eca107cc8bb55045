import ChatKernel
import ChatWire
import Testing

@Suite("REST answers")
struct RESTShapesTests {
    private let message = Message(
        id: MessageID("m"), conversation: room, seq: 7, sender: john, content: "Hi", isEdited: true, createdAt: moment,
        updatedAt: moment.advanced(bySeconds: 1), clientID: ClientID("c"), replyTo: MessageID("r"),
        reactions: [Reactions(key: "👍", users: [john.id, mary.id])])

    private let messageText =
        #"{"id":"m","conversation_id":"conv-789","sender_id":"user-123","sender_username":"john","content":"Hi","#
        + #""is_edited":true,"is_deleted":false,"created_at":"2026-02-04T10:30:00.123456Z","#
        + #""updated_at":"2026-02-04T10:30:01.123456Z","seq":7,"client_id":"c","reply_to":"r","#
        + #""reactions":[{"key":"👍","count":2,"user_ids":["user-123","user-456"]}]}"#

    @Test("a message")
    func messages() {
        #expect(written { RESTShapes.append(message, to: &$0) } == messageText)
        #expect(written { RESTShapes.append([message, message], to: &$0) } == "[\(messageText),\(messageText)]")
        #expect(written { RESTShapes.append([] as [Message], to: &$0) } == "[]")
    }

    @Test("a bare message: what is absent is null")
    func bareMessage() {
        let bare = Message(id: MessageID("m"), conversation: room, seq: 1, sender: john, content: "", createdAt: moment)
        #expect(
            written { RESTShapes.append(bare, to: &$0) }
                == #"{"id":"m","conversation_id":"conv-789","sender_id":"user-123","sender_username":"john","#
                + #""content":"","is_edited":false,"is_deleted":false,"created_at":"2026-02-04T10:30:00.123456Z","#
                + #""updated_at":"2026-02-04T10:30:00.123456Z","seq":1,"client_id":null,"reply_to":null,"#
                + #""reactions":[]}"#)
    }

    @Test("a conversation")
    func conversation() {
        var conversation = Conversation(
            id: room, details: ConversationDetails(name: "Team Chat", description: "d", isGroup: true),
            createdAt: moment, updatedAt: moment,
            participants: [Member(user: john, role: .owner), Member(user: mary, role: .reader)], lastSeq: 7,
            unreadCount: 2, lastMessage: message)
        let head = #"{"id":"conv-789","name":"Team Chat","description":"d","is_group":true,"#
        let middle =
            #""created_at":"2026-02-04T10:30:00.123456Z","updated_at":"2026-02-04T10:30:00.123456Z","participants":["#
            + #"{"id":"user-123","username":"john","role":"owner"},{"id":"user-456","username":"mary","role":"reader"}],"#
            + #""last_seq":7,"unread_count":2,"last_message":"#
        #expect(
            written { RESTShapes.append(conversation, to: &$0) } == head + middle + messageText + "}")
        conversation.details = ConversationDetails(isGroup: false, retention: Retention(days: 30))
        conversation.firstSeq = 4
        conversation.lastMessage = nil
        let pair =
            #"{"id":"conv-789","name":null,"description":null,"is_group":false,"# + middle
            + #"null,"first_seq":4,"retention":{"days":30,"messages":0}}"#
        #expect(written { RESTShapes.append(conversation, to: &$0) } == pair)
        #expect(written { RESTShapes.append([conversation], to: &$0) } == "[\(pair)]")
    }

    @Test("an account, for others and for oneself, and never its password")
    func user() {
        var user = User(
            id: john.id, username: "john", email: "j@example.org", passwordHash: "$hash$", createdAt: moment)
        #expect(
            written { RESTShapes.append(user, to: &$0) }
                == #"{"id":"user-123","username":"john","email":"j@example.org","is_active":true,"#
                + #""created_at":"2026-02-04T10:30:00.123456Z"}"#)
        user.email = nil
        #expect(written { RESTShapes.append(user, to: &$0) }.contains(#""email":null"#))
        #expect(written { RESTShapes.append([user.reference], to: &$0) } == #"[{"id":"user-123","username":"john"}]"#)
    }

    @Test("a token, and a refusal")
    func tokenAndError() {
        #expect(
            written { RESTShapes.append(AccessToken(token: "a.b.c", expiresInSeconds: 3600), to: &$0) }
                == #"{"access_token":"a.b.c","token_type":"bearer","expires_in":3600}"#)
        #expect(
            written { RESTShapes.append(ChatError(.notAMember, "No \"entry\"."), to: &$0) }
                == #"{"detail":"No \"entry\".","code":"not_a_member"}"#)
    }
}

@Suite("REST requests")
struct RequestBodyTests {
    /// Calls one of the functions under test on a text.
    private func read<T>(_ text: String, _ body: (RawSpan) throws(ChatError) -> T) throws(ChatError) -> T {
        let bytes = Array(text.utf8)
        let span = bytes.span
        return try body(unsafe span.bytes)
    }

    private func refusal<T>(_ text: String, _ body: (RawSpan) throws(ChatError) -> T) -> ChatError? {
        do throws(ChatError) {
            _ = try read(text, body)
            return nil
        } catch {
            return error
        }
    }

    @Test("creating a conversation, as the seed's example does")
    func createConversation() throws {
        let body = try read(
            #"{"name":"Team Chat","is_group":true,"participant_ids":["user-1","user-2"]}"#,
            RequestBody.createConversation)
        #expect(body.details == ConversationDetails(name: "Team Chat", isGroup: true))
        #expect(body.participants == [UserID("user-1"), UserID("user-2")])
        let bare = try read(#"{"participant_ids":[],"name":null}"#, RequestBody.createConversation)
        #expect(bare.details == ConversationDetails(isGroup: false))
    }

    @Test(
        "what is wrong with a new conversation is named",
        arguments: [
            (#"{}"#, ChatError.missing("participant_ids")),
            (
                #"{"participant_ids":"a"}"#,
                .invalid("participant_ids", "an array of at most 1000 texts of 1 to 128 bytes")
            ),
            (
                #"{"participant_ids":[1]}"#,
                .invalid("participant_ids", "an array of at most 1000 texts of 1 to 128 bytes")
            ),
            (
                #"{"participant_ids":[""]}"#,
                .invalid("participant_ids", "an array of at most 1000 texts of 1 to 128 bytes")
            ),
            (#"{"participant_ids":[],"name":5}"#, .invalid("name", "text of at most 256 bytes")),
            (#"{"participant_ids":[],"is_group":"yes"}"#, .invalid("is_group", "true or false")),
        ])
    func badConversation(text: String, error: ChatError) {
        #expect(refusal(text, RequestBody.createConversation) == error)
    }

    @Test("limits of a conversation: the last allowed, the first refused")
    func conversationLimits() {
        func body(name: Int = 0, description: Int = 0, participants: Int = 0, id: Int = 1) -> String {
            let ids = (0..<participants).map { _ in "\"" + String(repeating: "u", count: id) + "\"" }
            return """
                {"name":"\(String(repeating: "n", count: name))","description":"\(String(repeating: "d", count: description))",
                "participant_ids":[\(ids.joined(separator: ","))]}
                """
        }
        #expect(refusal(body(name: 256, description: 4096, participants: 1000), RequestBody.createConversation) == nil)
        #expect(refusal(body(participants: 1, id: 128), RequestBody.createConversation) == nil)
        for tooMuch in [
            body(name: 257), body(description: 4097), body(participants: 1001), body(participants: 1, id: 129),
        ] {
            #expect(refusal(tooMuch, RequestBody.createConversation)?.code == .invalidField)
        }
    }

    @Test("messages")
    func messages() throws {
        let full = try read(#"{"content":"x","client_id":"c","reply_to":"r","more":[]}"#, RequestBody.postMessage)
        #expect(full.content == "x" && full.clientID == ClientID("c") && full.replyTo == MessageID("r"))
        let bare = try read(#"{"content":"","client_id":null}"#, RequestBody.postMessage)
        #expect(bare.content.isEmpty && bare.clientID == nil && bare.replyTo == nil)
        #expect(refusal("{}", RequestBody.postMessage) == .missing("content"))
        #expect(refusal(#"{"content":["x"]}"#, RequestBody.postMessage) == .invalid("content", "text"))
        #expect(
            refusal(#"{"content":"x","client_id":""}"#, RequestBody.postMessage)
                == .invalid("client_id", "text of 1 to 64 bytes"))
        #expect(try read(#"{"content":"y"}"#, RequestBody.editMessage).content == "y")
    }

    @Test("an Idempotency-Key is a client_id")
    func idempotencyKey() throws {
        #expect(try RequestBody.clientID(header: "k") == ClientID("k"))
        #expect(throws: ChatError.self) { try RequestBody.clientID(header: "") }
        #expect(throws: ChatError.self) { try RequestBody.clientID(header: String(repeating: "k", count: 65)) }
    }

    @Test("accounts")
    func accounts() throws {
        let register = try read(#"{"username":"u","password":"p","email":null}"#, RequestBody.register)
        #expect(register.username == "u" && register.password == "p" && register.email == nil)
        #expect(try read(#"{"username":"u","password":"p"}"#, RequestBody.login).password == "p")
        #expect(refusal(#"{"username":"u"}"#, RequestBody.login) == .missing("password"))
        #expect(refusal(#"{"username":"u","password":5}"#, RequestBody.register) == .invalid("password", "text"))
    }

    @Test("members")
    func members() throws {
        #expect(try read(#"{"user_id":"u"}"#, RequestBody.addMember).role == .member)
        #expect(try read(#"{"user_id":"u","role":"admin"}"#, RequestBody.addMember).role == .admin)
        #expect(
            refusal(#"{"user_id":"u","role":"king"}"#, RequestBody.addMember)
                == .invalid("role", "one of reader, member, admin, owner"))
        #expect(refusal(#"{"role":"admin"}"#, RequestBody.addMember) == .missing("user_id"))
    }

    @Test("reading and typing")
    func readAndTyping() throws {
        #expect(try read(#"{"seq":12}"#, RequestBody.read).seq == 12)
        #expect(refusal(#"{"seq":-1}"#, RequestBody.read) == .invalid("seq", "a whole number of 0 or more"))
        #expect(try read("", RequestBody.typing).on)
        #expect(try read("{}", RequestBody.typing).on)
        #expect(try !read(#"{"on":false}"#, RequestBody.typing).on)
    }

    @Test("changing details: what is left out stays")
    func updateConversation() throws {
        let body = try read(#"{"description":""}"#, RequestBody.updateConversation)
        #expect(body.name == nil && body.description == "")
    }

    @Test("a body that is no object is bad_json", arguments: ["", "[]", "null", "{", "\"x\"", "{}{}"])
    func badJSON(text: String) {
        #expect(refusal(text, RequestBody.postMessage)?.code == .badJSON)
        #expect(refusal(text, RequestBody.login)?.code == .badJSON)
    }
}
