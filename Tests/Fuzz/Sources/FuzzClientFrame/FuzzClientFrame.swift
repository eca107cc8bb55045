import ChatWire
import Feeding

@testable import ChatKernel

/// Any bytes as the frames of a client, a line each, the whole way into a store and out again: what the frame says, the
/// kernel's screening, the rules, the event it becomes. A refusal, or an entry whose event says what was sent.
@_cdecl("LLVMFuzzerTestOneInput")
public func fuzzClientFrame(_ data: UnsafePointer<UInt8>, _ size: Int) -> CInt {
    unsafe feed(data, size) { input in
        var room = Scene()
        for line in input.split(separator: 0x0A).prefix(64) { room.take(Array(line)) }
        room.readBack()
    }
}

/// A conversation of two, one of whom sends the frames.
private struct Scene {
    private var ledger = Ledger(epoch: Epoch(7))
    private let screening: Screening
    private let room = ConversationID("room")
    private let ann = UserID("ann")
    private var entropy: UInt64 = 0

    init() {
        // Limits so low that they are met.
        var limits = KernelLimits()
        limits.messageBytes = 64
        screening = Screening(limits: limits)
        do {
            for name in ["ann", "bob"] {
                try ledger.save(User(id: UserID(name), username: name, createdAt: Timestamp(microseconds: 0)))
            }
        } catch {
            preconditionFailure("\(error)")
        }
        let details = ConversationDetails(name: "Tea", isGroup: true)
        guard case .success(.committed) = commit(.create(details, participants: [UserID("bob")])),
            // Frames name it: message identifiers follow from the position and the entropy.
            case .success(.committed) = commit(.post(content: "first", clientID: nil, replyTo: nil))
        else { preconditionFailure("the scene could not be set") }
    }

    mutating func take(_ bytes: [UInt8]) {
        guard case .success(let frame) = ClientFrame.decode(bytes), let proposal = proposal(of: frame.body) else {
            return
        }
        do throws(ChatError) { try screening.check(proposal) } catch {
            precondition([.invalidField, .messageTooLarge, .messageEmpty].contains(error.code))
            return
        }
        guard case .success(let reply) = commit(proposal) else { return }
        var ack: [UInt8] = []
        Ack.append(reply, to: frame.id, durability: .memory, to: &ack)
        precondition((try? JSONValue(parsing: ack)) != nil, "an answer that is no JSON")
        guard case .committed(let entry) = reply else { return }
        for event in events(of: entry) {
            guard let event = try? JSONValue(parsing: event) else { preconditionFailure("an event that is no JSON") }
            switch entry.change {
            case .message(let posted): precondition(event["content"] == .string(posted.content))
            case .edited(_, let content): precondition(event["content"] == .string(content))
            default: break
            }
        }
    }

    /// As the WebSocket transport does it.
    private func proposal(of body: ClientFrame.Body) -> Draft.Proposal? {
        switch body {
        case .message(_, let content, let clientID, let replyTo):
            .post(content: content, clientID: clientID, replyTo: replyTo.map(known))
        case .edit(let message, let content): .edit(known(message), content: content)
        case .delete(let message): .delete(known(message))
        case .react(let message, let key, let on): .react(known(message), key: key, on: on)
        case .read(_, let seq): .read(through: seq)
        case .hello, .subscribe, .unsubscribe, .typing, .history, .auth, .ping: nil
        }
    }

    /// A fuzzer guesses no identifiers: a text of one letter is the message of that rank.
    private func known(_ id: MessageID) -> MessageID {
        guard id.text.utf8.count == 1, let letter = id.text.utf8.first else { return id }
        let messages = ledger.conversations[room]?.messages ?? []
        return messages.isEmpty ? id : messages[Int(letter) % messages.count]
    }

    private mutating func commit(_ proposal: Draft.Proposal) -> Result<Reply, ChatError> {
        entropy += 1
        let draft = Draft(conversation: room, author: ann, proposal: proposal, entropy: entropy)
        do throws(StoreError) {
            return try ledger.commit(draft, at: Timestamp(microseconds: Int64(entropy)))
        } catch {
            preconditionFailure("the store failed: \(error)")
        }
    }

    private func events(of entry: Entry) -> [[UInt8]] {
        var (first, second): ([UInt8], [UInt8]) = ([], [])
        V2.append(entry, epoch: ledger.epoch, to: &second)
        guard V1.isVisible(entry) else { return [second] }
        V1.append(entry, activeUsers: { [ann] }, to: &first)
        return [first, second]
    }

    /// The log is whole and in order, however it is read.
    func readBack() {
        let entries = ledger.entries(in: .conversation(room, after: 0), limit: .max)
        precondition(entries.map(\.seq) == Array(1...Seq(entries.count)), "a hole in the log")
        for after in [0, 1, Seq(entries.count), .max, .min] {
            precondition(ledger.entries(in: .conversation(room, after: after), limit: 1).count <= 1)
        }
    }
}
