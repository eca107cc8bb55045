import ChatClient
import ChatKernel

/// The user's side of it: the room that is open, what is printed, and what is done about what is typed.
final class Talk {
    private let client: ChatClient
    private var rooms: Rooms
    /// The room to open once it is known.
    private var wanted: String?
    private var open: ConversationID?
    private var unsent: Set<ClientID> = []
    private let outboxLimit: Int
    private var isLeaving = false
    /// The conversations are known.
    private var isReady = false
    /// Nothing that was to be said was refused.
    private(set) var isAllSaid = true
    /// Somebody has let the user into a conversation, of which nothing is known yet.
    private var isLetIn = false

    /// - Parameters:
    ///   - kept: what the last chat has left behind, and this one sends.
    ///   - outboxLimit: how many messages the client's outbox holds.
    init(_ client: ChatClient, _ rooms: Rooms, wanted: String?, kept: [OutboxItem], outboxLimit: Int) {
        self.outboxLimit = outboxLimit
        self.client = client
        self.rooms = rooms
        self.wanted = wanted
        unsent = Set(kept.map(\.clientID))
        for item in kept { note("From the last time, sent now: “\(item.content)”") }
    }

    /// Whether a line may be performed: it is known what it is about, and there is room for what it says.
    var takesLines: Bool { isReady && unsent.count < outboxLimit }

    /// The user wants to leave, and everything typed has been sent or refused.
    var isDone: Bool { isLeaving && unsent.isEmpty }

    func leave() { isLeaving = true }

    // MARK: What happens

    func take(_ event: ClientEvent) {
        switch event {
        case .snapshot(let snapshot):
            rooms.begin(with: snapshot)
            isReady = true
            list()
            if let wanted, let id = rooms.find(wanted) {
                enter(id)
                for state in snapshot.conversations where state.conversation.id == id {
                    for message in state.messages { show(message) }
                }
            } else if let wanted {
                note("There is no conversation “\(wanted)”; see /list and /new.")
            }
            wanted = nil
        case .entry(let entry):
            if case .member(.added, let member) = entry.change, member.user.id == rooms.me.id { isLetIn = true }
            show(entry)
            rooms.take(entry)
            if rooms[entry.conversation] == nil, open == entry.conversation { open = nil }
        case .caughtUp: isReady = true
        case .startingOver: note("The server has begun anew.")
        case .gap(let gap):
            note(
                "\(title(gap.conversation)): \(gap.seqs.lowerBound) to \(gap.seqs.upperBound) are left out (\(gap.reason))."
            )
        case .connection(let state): note(Self.words(for: state))
        case .distrusted(let detail): note(ClientFailure.untrusted(detail).description)
        case .sent(let item, _): unsent.remove(item.clientID)
        case .refused(let item, let error):
            unsent.remove(item.clientID)
            isAllSaid = false
            note("Not sent: “\(item.content)”. \(error.detail)")
        case .typing(let id, let user, let on):
            if on, id == open { note("\(user.username) is writing") }
        case .presence(let id, let user, let isOnline, _):
            if id == open, user.id != rooms.me.id { note("\(user.username) is \(isOnline ? "here" : "gone")") }
        }
    }

    /// Asks for what an event does not say: how a conversation is called that the user was let into.
    func learn() async {
        guard isLetIn else { return }
        isLetIn = false
        do throws(ClientFailure) {
            for conversation in try await client.conversations(limit: 20).items where rooms[conversation.id] == nil {
                rooms.add(conversation)
                note("You are in \(title(conversation.id)) now (\(conversation.id))")
            }
        } catch {
            note(error.description)
        }
    }

    private static func words(for state: ConnectionState) -> String {
        switch state {
        case .connecting: "connecting"
        case .live: "connected"
        case .polling: "connected by polling"
        case .waiting(let milliseconds): "not connected; again in \(max(1, milliseconds / 1000)) s"
        }
    }

    private func show(_ entry: Entry) {
        let place = title(entry.conversation)
        let who = entry.author.username
        switch entry.change {
        case .message(let posted): print(place, entry.seq, who, posted.isDeleted ? "(deleted)" : posted.content)
        case .edited(_, let content): note("\(place): \(who) edited: \(content)")
        case .deleted(let message): note("\(place): \(number(of: message, in: entry.conversation)) was deleted")
        case .reaction(let message, let key, let on):
            note("\(place): \(who) \(on ? "put" : "took back") \(key) \(number(of: message, in: entry.conversation))")
        case .member(let action, let member): note("\(place): \(member.user.username) \(action.rawValue)")
        case .created(let details, _): note("New: \(details.name ?? "a conversation of two") (\(entry.conversation))")
        case .updated(let details): note("\(place) is now \(details.name ?? "without a name")")
        case .read, .gap: break
        }
    }

    private func show(_ message: Message) {
        let content = message.isDeleted ? "(deleted)" : message.content
        print(title(message.conversation), message.seq, message.sender.username, content)
    }

    private func number(of message: MessageID, in id: ConversationID) -> String {
        rooms[id]?.messages.first { $0.value == message }.map { "#\($0.key)" } ?? "a message"
    }

    private func title(_ id: ConversationID) -> String { rooms.title(id) }

    private func print(_ place: String, _ seq: Seq, _ who: String, _ content: String) {
        Terminal.say(Terminal.plain("\(place) #\(seq) \(who): \(content)"))
    }

    private func note(_ text: String) { Terminal.say("* " + Terminal.plain(text)) }

    // MARK: What is typed

    func perform(_ order: Order) async {
        do throws(ClientFailure) {
            switch order {
            case .nothing: break
            case .say(let text): try say(text)
            case .list: list()
            case .open(let name):
                guard let id = rooms.find(name) else { return note("There is no conversation “\(name)”.") }
                enter(id)
                try await history(of: id)
            case .make(let name, let users): try await make(name, users, isGroup: true)
            case .direct(let user): try await make(nil, [user], isGroup: false)
            case .who:
                let names = rooms[try room()]?.members.map(\.username) ?? []
                note(names.joined(separator: ", "))
            case .edit(let seq, let text): try await client.edit(try message(seq), content: text)
            case .delete(let seq): try await client.delete(try message(seq))
            case .react(let seq, let key): try await client.react(to: try message(seq), with: key)
            case .search(let words):
                let found = try await client.search(words)
                for message in found.items.reversed() { show(message) }
                let count = found.items.isEmpty ? "Nothing is" : "\(found.items.count)"
                note(found.next == nil ? "\(count) found." : "\(count) found so far: more words find less.")
            case .help: Terminal.say(Order.summary)
            case .quit: leave()
            case .mistake(let text): note(text)
            }
        } catch {
            note(error.description)
        }
    }

    private func say(_ text: String) throws(ClientFailure) {
        do throws(ClientFailure) {
            unsent.insert(try client.send(text, to: try room()).clientID)
        } catch {
            isAllSaid = false
            throw error
        }
    }

    private func room() throws(ClientFailure) -> ConversationID {
        guard let open else { throw .unsupported("No conversation is open: /open NAME, or /new NAME USER...") }
        return open
    }

    private func message(_ seq: Seq) throws(ClientFailure) -> MessageID {
        guard let message = rooms[try room()]?.messages[seq] else { throw .unsupported("There is no message #\(seq).") }
        return message
    }

    private func make(_ name: String?, _ users: [String], isGroup: Bool) async throws(ClientFailure) {
        var others: [UserID] = []
        for user in users {
            let named = try await client.users(named: user)
            guard let other = named.first(where: { $0.username.lowercased() == user.lowercased() }) else {
                return note("There is nobody called \(user).")
            }
            others.append(other.id)
        }
        let made = try await client.createConversation(name: name, isGroup: isGroup, with: others)
        rooms.add(made)
        enter(made.id)
    }

    private func list() {
        if rooms.all.isEmpty { note("You are in no conversation yet: /new NAME USER...") }
        for id in rooms.all.keys.sorted(by: { title($0) < title($1) }) {
            let unread = rooms[id].map { $0.unread > 0 ? ", \($0.unread) unread" : "" } ?? ""
            note("\(title(id)) (\(id)\(unread))")
        }
    }

    private func enter(_ id: ConversationID) {
        open = id
        note("In \(title(id))")
    }

    private func history(of id: ConversationID) async throws(ClientFailure) {
        let messages = try await client.messages(in: id, limit: 20)
        for message in messages {
            rooms.remember(message.id, message.seq, in: id)
            show(message)
        }
        if let last = messages.last { try await client.markRead(id, through: last.seq) }
    }
}
