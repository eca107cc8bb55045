import ChatKernel
import ChatWire
import Feeding
import Foundation

/// Any bytes as a client's frame and as a body: a refusal within the bytes, or values that come back the same from what
/// is written of them. The frame reader, the tree reader and Foundation must agree on what is JSON and what it says.
@_cdecl("LLVMFuzzerTestOneInput")
public func fuzzJSON(_ data: UnsafePointer<UInt8>, _ size: Int) -> CInt {
    unsafe feed(data, size) { input in
        let tree: JSONValue?
        do throws(JSONError) {
            tree = try JSONValue(parsing: input)
            if let tree { agree(Tree(tree), input) }
        } catch {
            precondition((0...input.count).contains(error.offset), "an error outside of the bytes")
            disagree(error, input)
            tree = nil
        }
        if let tree { check(tree) }
        check(ClientFrame.decode(input), against: tree)
        checkBodies(input, areObject: tree?.isObject ?? false)
    }
}

/// What we read, Foundation reads, and as the same values; but for numbers that no Double holds, which it refuses. Its
/// decoder also refuses zeros with an exponent (`0e2`), which its `JSONSerialization` takes.
func agree(_ ours: Tree, _ input: [UInt8]) {
    guard !ours.hasInfinity else { return }
    guard let theirs = try? JSONDecoder().decode(Tree.self, from: Data(input)) else {
        let loose = try? JSONSerialization.jsonObject(with: Data(input), options: .fragmentsAllowed)
        precondition(loose != nil, "Foundation refuses it")
        return
    }
    precondition(ours.isSame(as: theirs), "Foundation reads something else")
}

/// What we refuse, Foundation refuses; but for keys that come twice, nesting past 64, a comma behind the last element, and
/// what is not UTF-8 to begin with: it guesses at UTF-16 and UTF-32 by their zeros and takes a byte order mark.
func disagree(_ error: JSONError, _ input: [UInt8]) {
    if [.duplicateKey, .tooDeep].contains(error.reason) || endsInComma(input, error.offset) { return }
    if input.contains(0) || input.first ?? 0 >= 0x80 { return }
    precondition((try? JSONDecoder().decode(Tree.self, from: Data(input))) == nil, "Foundation takes it")
}

func endsInComma(_ input: [UInt8], _ offset: Int) -> Bool {
    guard offset < input.count, [UInt8(ascii: "}"), UInt8(ascii: "]")].contains(input[offset]) else { return false }
    return input[..<offset].last { ![0x20, 0x09, 0x0A, 0x0D].contains($0) } == UInt8(ascii: ",")
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
