import ChatKernel
import ChatSimulation
import ChatWire
import Testing

@Suite("Client frames")
struct ClientFrameTests {
    // MARK: What clients say

    @Test("the seed's two frames")
    func seed() throws {
        #expect(
            try body(#"{"type":"message","content":"Hello!"}"#)
                == .message(nil, content: "Hello!", clientID: nil, replyTo: nil))
        #expect(try body(#"{"type":"typing"}"#) == .typing(nil, on: true))
    }

    @Test("message, with all it may carry, in any order")
    func message() throws {
        let expected = ClientFrame.Body.message(
            room, content: "a\n😀", clientID: ClientID("c-1"), replyTo: MessageID("m-1"))
        #expect(
            try body(
                #"{"type":"message","conversation_id":"conv-789","content":"a\n\ud83d\ude00","client_id":"c-1","reply_to":"m-1"}"#
            ) == expected)
        #expect(
            try body(
                #" { "reply_to" : "m-1", "client_id":"c-1","content":"a\n😀" ,"conversation_id":"conv-789", "type":"message"} "#
            ) == expected)
    }

    @Test("every other frame")
    func others() throws {
        #expect(
            try body(#"{"type":"hello","token":"t.t.t","cursor":"1.a.5"}"#) == .hello(token: "t.t.t", cursor: "1.a.5"))
        #expect(try body(#"{"type":"hello"}"#) == .hello(token: nil, cursor: nil))
        #expect(try body(#"{"type":"hello","cursor":""}"#) == .hello(token: nil, cursor: nil))
        #expect(try body(#"{"type":"subscribe","conversation_id":"conv-789"}"#) == .subscribe(room, after: nil))
        #expect(try body(#"{"type":"subscribe","after":0}"#) == .subscribe(nil, after: 0))
        #expect(try body(#"{"type":"unsubscribe","conversation_id":"conv-789"}"#) == .unsubscribe(room))
        #expect(try body(#"{"type":"edit","message_id":"m","content":"x"}"#) == .edit(MessageID("m"), content: "x"))
        #expect(try body(#"{"type":"delete","message_id":"m"}"#) == .delete(MessageID("m")))
        #expect(
            try body(#"{"type":"react","message_id":"m","key":"👍"}"#) == .react(MessageID("m"), key: "👍", on: true))
        #expect(
            try body(#"{"type":"react","message_id":"m","key":"+","on":false}"#)
                == .react(MessageID("m"), key: "+", on: false))
        #expect(try body(#"{"type":"typing","conversation_id":"conv-789","on":false}"#) == .typing(room, on: false))
        #expect(try body(#"{"type":"read","seq":9}"#) == .read(nil, through: 9))
        #expect(try body(#"{"type":"read","conversation_id":"conv-789","seq":1.2e1}"#) == .read(room, through: 12))
        #expect(try body(#"{"type":"history"}"#) == .history(nil, .newest, limit: nil))
        #expect(
            try body(#"{"type":"history","conversation_id":"conv-789","before":5,"limit":20}"#)
                == .history(room, .before(5), limit: 20))
        #expect(try body(#"{"type":"history","after":5}"#) == .history(nil, .after(5), limit: nil))
        #expect(try body(#"{"type":"auth","token":"t"}"#) == .auth(token: "t"))
        #expect(try body(#"{"type":"ping"}"#) == .ping)
    }

    @Test("unknown keys are ignored, whatever they hold")
    func unknownKeys() throws {
        let frame =
            #"{"v":[{"type":"x","a":null}],"typ":1,"types":2,"type":"ping","Type":"edit","":{},"CONTENT":1e999}"#
        #expect(try body(frame) == .ping)
    }

    @Test("null is absent")
    func null() throws {
        #expect(
            try body(
                #"{"type":"message","content":"x","client_id":null,"reply_to":null,"conversation_id":null,"id":null}"#)
                == .message(nil, content: "x", clientID: nil, replyTo: nil))
        #expect(try body(#"{"type":"typing","on":null}"#) == .typing(nil, on: true))
        #expect(frameError(#"{"type":"message","content":null}"#)?.error.code == .missingField)
        #expect(frameError(#"{"type":null}"#)?.error == ChatError(.missingField, "type is missing."))
    }

    @Test("keys and types may be escaped")
    func escapedKeys() throws {
        #expect(
            try body(#"{"\u0074ype":"m\u0065ssage","cont\u0065nt":"x"}"#)
                == .message(nil, content: "x", clientID: nil, replyTo: nil))
    }

    @Test("blank content is not judged here")
    func blank() throws {
        #expect(
            try body(#"{"type":"message","content":" \n"}"#)
                == .message(nil, content: " \n", clientID: nil, replyTo: nil))
    }

    // MARK: The id

    @Test(
        "an id is kept as it was written",
        arguments: ["1", "-0.50E+2", "1e999", #""a""#, #""\u0061\n""#, #""""#, #""é😀""#])
    func identity(json: String) throws {
        let frame = try decode(#"{"id": \#(json) ,"type":"ping"}"#).get()
        #expect(frame.id?.json == Array(json.utf8))
    }

    @Test("an id has at most 128 bytes, quotes included")
    func longIdentity() throws {
        let longest = String(repeating: "x", count: 126)
        #expect(try decode(#"{"id":"\#(longest)","type":"ping"}"#).get().id == FrameID(longest))
        #expect(
            frameError(#"{"id":"\#(longest)x","type":"ping"}"#)
                == FrameError(ChatError(.invalidField, "id must be a number or text of at most 128 bytes.")))
        #expect(FrameID(longest + "x") == nil)
    }

    @Test("an id is a number or text", arguments: ["true", "[]", #"{"a":1}"#])
    func wrongIdentity(json: String) {
        #expect(frameError(#"{"type":"ping","id":\#(json)}"#)?.error.code == .invalidField)
        #expect(frameError(#"{"type":"ping","id":\#(json)}"#)?.id == nil)
    }

    @Test(
        "a refusal carries the id of a frame that was JSON",
        arguments: [
            #"{"type":"nonsense","id":7}"#, #"{"id":7}"#, #"{"type":"message","id":7}"#,
            #"{"type":"message","content":5,"id":7}"#, #"{"type":5,"id":7}"#,
        ])
    func refusalWithIdentity(text: String) {
        #expect(frameError(text)?.id == FrameID(7))
    }

    @Test(
        "what is no JSON object is bad_json, without an id",
        arguments: [
            "", "null", "[]", "7", #""message""#, #"{"id":7,"type":"ping""#, #"{"id":7,"type":"ping"} x"#,
            #"{"id":7,"id":7,"type":"ping"}"#, #"{"id":7,"type":"ping","x":1,"\u0078":1}"#,
            #"{"id":7,"type":"ping","\u0069d":8}"#, #"{"type":"ping","x":{"y":1,"y":1}}"#,
        ])
    func badJSON(text: String) {
        #expect(frameError(text)?.error.code == .badJSON)
        #expect(frameError(text)?.id == nil)
    }

    // MARK: Refusals

    @Test("an unknown type", arguments: ["", "Message", "messages", "messag", "pong", #"\u0000"#, "hello "])
    func unknownType(type: String) {
        #expect(frameError(#"{"type":"\#(type)","content":"x"}"#)?.error.code == .unknownType)
    }

    @Test(
        "a missing field is named",
        arguments: [
            ("{}", "type"), (#"{"type":"message"}"#, "content"), (#"{"type":"edit","content":"x"}"#, "message_id"),
            (#"{"type":"edit","message_id":"m"}"#, "content"), (#"{"type":"delete"}"#, "message_id"),
            (#"{"type":"react","message_id":"m"}"#, "key"), (#"{"type":"react","key":"k"}"#, "message_id"),
            (#"{"type":"read"}"#, "seq"), (#"{"type":"auth"}"#, "token"), (#"{"type":"auth","token":""}"#, "token"),
        ])
    func missing(text: String, field: String) {
        #expect(frameError(text)?.error == ChatError(.missingField, "\(field) is missing."))
    }

    @Test(
        "a field of the wrong kind or size is named, with what is allowed",
        arguments: [
            (#""type":["message"]"#, "type must be text."),
            (#""type":"message","content":5"#, "content must be text."),
            (#""type":"message","content":{"a":1}"#, "content must be text."),
            (#""type":"message","content":"x","client_id":5"#, "client_id must be text of 1 to 64 bytes."),
            (#""type":"message","content":"x","client_id":"""#, "client_id must be text of 1 to 64 bytes."),
            (#""type":"message","content":"x","reply_to":[]"#, "reply_to must be text of 1 to 128 bytes."),
            (#""type":"message","content":"x","conversation_id":1"#, "conversation_id must be text of 1 to 128 bytes."),
            (#""type":"delete","message_id":"""#, "message_id must be text of 1 to 128 bytes."),
            (#""type":"react","message_id":"m","key":"""#, "key must be text of 1 to 64 bytes."),
            (#""type":"react","message_id":"m","key":"k","on":1"#, "on must be true or false."),
            (#""type":"typing","on":"yes""#, "on must be true or false."),
            (#""type":"read","seq":"5""#, "seq must be a whole number of 0 or more."),
            (#""type":"read","seq":-1"#, "seq must be a whole number of 0 or more."),
            (#""type":"read","seq":1.5"#, "seq must be a whole number of 0 or more."),
            (#""type":"read","seq":1e999"#, "seq must be a whole number of 0 or more."),
            (#""type":"subscribe","after":true"#, "after must be a whole number of 0 or more."),
            (#""type":"history","limit":0"#, "limit must be a whole number of 1 or more."),
            (#""type":"history","before":1,"after":2"#, "before must be left out when after is given."),
            (#""type":"auth","token":7"#, "token must be text."),
            (#""type":"hello","cursor":7"#, "cursor must be text."),
        ])
    func invalid(fields: String, sentence: String) {
        #expect(frameError("{\(fields)}")?.error == ChatError(.invalidField, sentence))
    }

    @Test("limits count bytes of the text, not of its spelling")
    func limits() throws {
        func frame(_ clientID: String) -> String { #"{"type":"message","content":"x","client_id":"\#(clientID)"}"# }
        let full = String(repeating: "é", count: 32)
        let escaped = String(repeating: #"\u0041"#, count: 64)
        #expect(
            try body(frame(full)) == .message(nil, content: "x", clientID: ClientID(full), replyTo: nil))
        #expect(frameError(frame(full + "x"))?.error.code == .invalidField)
        #expect(
            try body(frame(escaped))
                == .message(nil, content: "x", clientID: ClientID(String(repeating: "A", count: 64)), replyTo: nil))
        #expect(frameError(frame(escaped + "x"))?.error.code == .invalidField)
        #expect(try body(#"{"type":"delete","message_id":"\#(String(repeating: "m", count: 128))"}"#) != .ping)
        #expect(
            frameError(#"{"type":"delete","message_id":"\#(String(repeating: "m", count: 129))"}"#)?.error.code
                == .invalidField)
        #expect(
            frameError(#"{"type":"react","message_id":"m","key":"\#(String(repeating: "k", count: 65))"}"#)?.error.code
                == .invalidField)
    }

    @Test("a field that its type does not have is not looked at")
    func foreignFields() throws {
        #expect(try body(#"{"type":"ping","content":5,"seq":"x","on":[]}"#) == .ping)
    }

    // MARK: Hostile bytes

    @Test("a frame cut short anywhere is bad_json")
    func truncated() {
        let frame = Array(
            #"{"id":"é1","type":"message","content":"a\ud83d\ude00é","x":[{"y":1e5}],"client_id":"c"}"#.utf8)
        for length in 0..<frame.count {
            guard case .failure(let error) = ClientFrame.decode(Array(frame[..<length])) else {
                Issue.record("\(length) bytes were taken")
                continue
            }
            #expect(error.error.code == .badJSON && error.id == nil)
        }
    }

    @Test("frames nested too deeply are bad_json")
    func deep() {
        let deep = #"{"type":"ping","x":"# + String(repeating: "[", count: 100_000)
        #expect(frameError(deep)?.error.code == .badJSON)
        #expect(frameError(String(repeating: #"{"type":"#, count: 100_000))?.error.code == .badJSON)
    }

    @Test(
        "a frame decodes to what its tree says, for random frames and for broken ones",
        arguments: 0..<6 as Range<UInt64>)
    func agreesWithTree(seed: UInt64) throws {
        var random = SplitMix64(seed: seed)
        let types = ["message", "typing", "edit", "react", "read", "ping", "delete", "nonsense"]
        let keys = ["type", "id", "content", "message_id", "client_id", "key", "on", "seq", "x", "conversation_id"]
        for _ in 0..<400 {
            var members: [JSONMember] = [JSONMember("type", .string(types.randomElement(using: &random) ?? ""))]
            for key in keys.shuffled(using: &random).prefix(Int.random(in: 0...8, using: &random)) where key != "type" {
                let values: [JSONValue] = [
                    .string(randomText(upTo: 20, using: &random)),
                    .number(JSONNumber(Int64.random(in: 0...99, using: &random))),
                    .bool(true), .null, .array([.null]),
                ]
                members.append(JSONMember(key, values.randomElement(using: &random) ?? .null))
            }
            var bytes: [UInt8] = []
            JSONValue.object(members.shuffled(using: &random)).append(to: &bytes)
            if Int.random(in: 0..<4, using: &random) == 0 {
                bytes[Int.random(in: 0..<bytes.count, using: &random)] = UInt8.random(in: 0...255, using: &random)
            }
            let tree = try? JSONValue(parsing: bytes)
            switch ClientFrame.decode(bytes) {
            case .success(let frame):
                let tree = try #require(tree)
                if case .message(_, let content, let clientID, _) = frame.body {
                    #expect(tree["content"] == .string(content))
                    #expect(clientID.map { .string($0.text) } ?? .null == tree["client_id"] ?? .null)
                }
                if let id = frame.id { #expect(try JSONValue(parsing: id.json) == tree["id"]) }
            case .failure(let error):
                let isObject = if case .object = tree { true } else { false }
                #expect((error.error.code == .badJSON) == !isObject)
            }
        }
    }
}
