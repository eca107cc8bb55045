import ChatKernel
import ChatWire

/// Any bytes as a client's frame and as a body: a refusal within the bytes, or values that come back the same from what
/// is written of them. The frame reader and the tree reader must agree on what is JSON.
@_cdecl("LLVMFuzzerTestOneInput")
public func fuzzJSON(_ data: UnsafePointer<UInt8>, _ size: Int) -> CInt {
    let input = unsafe Array(UnsafeBufferPointer(start: data, count: size))
    let tree: JSONValue?
    do throws(JSONError) {
        tree = try JSONValue(parsing: input)
    } catch {
        precondition((0...input.count).contains(error.offset), "an error outside of the bytes")
        tree = nil
    }
    if let tree { check(tree) }
    check(ClientFrame.decode(input), against: tree)
    checkBodies(input, areObject: tree?.isObject ?? false)
    return 0
}

/// What is written is read as what was written.
func check(_ tree: JSONValue) {
    let once = bytes(of: tree)
    guard let again = try? JSONValue(parsing: once) else { preconditionFailure("unreadable: what we wrote") }
    precondition(bytes(of: again) == once, "changed by writing and reading")
    if case .number(let number) = tree, let whole = number.int64 {
        precondition(abs(number.double) > 9e15 || number.double == Double(whole), "two readings of a number")
    }
}

func check(_ result: Result<ClientFrame, FrameError>, against tree: JSONValue?) {
    switch result {
    case .success(let frame):
        guard let tree, tree.isObject else { preconditionFailure("a frame that is no object") }
        if let id = frame.id {
            precondition(id.json.count <= WireLimits.frameID)
            guard let value = try? JSONValue(parsing: id.json), let given = tree["id"] else {
                preconditionFailure("an id that is no value")
            }
            precondition(bytes(of: value) == bytes(of: given), "another id than was given")
        }
        guard case .message(let conversation, let content, let clientID, let replyTo) = frame.body else { return }
        precondition(clientID.map { $0.text.utf8.count <= ClientID.limit } ?? true)
        let posted = Change.Posted(id: MessageID("m"), content: content, clientID: clientID, replyTo: replyTo)
        let entry = Entry(
            conversation: conversation ?? ConversationID(""), seq: 1, pos: 2, at: Timestamp(microseconds: 3),
            author: UserReference(id: UserID("u"), username: "n"), change: .message(posted))
        var event: [UInt8] = []
        V1.append(entry, activeUsers: { [] }, to: &event)
        precondition(event.count <= V1.sizeBound(entry), "a frame past its bound")
        guard let shown = (try? JSONValue(parsing: event))?["content"], let given = tree["content"] else {
            preconditionFailure("unreadable: an event")
        }
        precondition(bytes(of: shown) == bytes(of: given), "other content than was given")
    case .failure(let error):
        precondition((error.error.code == .badJSON) == !(tree?.isObject ?? false), "two readings of a frame")
    }
}

func checkBodies(_ input: [UInt8], areObject: Bool) {
    let span = input.span
    check(areObject) { () throws(ChatError) in _ = unsafe try RequestBody.createConversation(span.bytes) }
    check(areObject) { () throws(ChatError) in _ = unsafe try RequestBody.postMessage(span.bytes) }
    check(areObject) { () throws(ChatError) in _ = unsafe try RequestBody.addMember(span.bytes) }
    check(areObject) { () throws(ChatError) in _ = unsafe try RequestBody.read(span.bytes) }
}

func check(_ areObject: Bool, _ read: () throws(ChatError) -> Void) {
    do throws(ChatError) {
        try read()
        precondition(areObject, "a body that is no object")
    } catch {
        precondition((error.code == .badJSON) == !areObject, "two readings of a body")
    }
}

func bytes(of tree: JSONValue) -> [UInt8] {
    var bytes: [UInt8] = []
    tree.append(to: &bytes)
    return bytes
}

extension JSONValue {
    var isObject: Bool { if case .object = self { true } else { false } }
}
