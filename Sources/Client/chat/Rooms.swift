import ChatClient
import ChatKernel

/// What is known of the user's conversations, kept up from events.
struct Rooms {
    struct Room {
        var name: String?
        /// In the order in which they came.
        var members: [UserReference]
        var unread = 0
        /// The newest messages by their number, for commands that name one.
        var messages: [Seq: MessageID] = [:]
    }

    let me: UserReference
    private(set) var all: [ConversationID: Room] = [:]

    /// Messages of a conversation that a number can name.
    private static let remembered = 1000

    init(me: UserReference) { self.me = me }

    subscript(id: ConversationID) -> Room? { all[id] }

    /// What it is called: its name, or the other one's.
    func title(_ id: ConversationID) -> String {
        guard let room = all[id] else { return id.text }
        if let name = room.name, !name.isEmpty { return name }
        let others = room.members.filter { $0.id != me.id }.map(\.username)
        return others.isEmpty ? id.text : others.prefix(3).joined(separator: ", ")
    }

    /// By identifier, by name, or by the beginning of one that no other has.
    func find(_ text: String) -> ConversationID? {
        if all[ConversationID(text)] != nil { return ConversationID(text) }
        let wanted = text.lowercased()
        let titles = all.keys.map { (id: $0, title: title($0).lowercased()) }.sorted { $0.id < $1.id }
        if let same = titles.first(where: { $0.title == wanted }) { return same.id }
        let similar = titles.filter { $0.title.hasPrefix(wanted) }
        return similar.count == 1 ? similar.first?.id : nil
    }

    mutating func begin(with snapshot: ClientSnapshot) {
        all = [:]
        for state in snapshot.conversations {
            add(state.conversation)
            for message in state.messages { remember(message.id, message.seq, in: message.conversation) }
        }
    }

    mutating func add(_ conversation: Conversation) {
        let known = all[conversation.id]?.messages ?? [:]
        all[conversation.id] = Room(
            name: conversation.details.name, members: conversation.participants.map(\.user),
            unread: conversation.unreadCount, messages: known)
    }

    mutating func remember(_ message: MessageID, _ seq: Seq, in id: ConversationID) {
        guard var room = all[id] else { return }
        room.messages[seq] = message
        if room.messages.count > Self.remembered {
            room.messages = room.messages.filter { $0.key > seq &- Seq(Self.remembered / 2) }
        }
        all[id] = room
    }

    mutating func take(_ entry: Entry) {
        let id = entry.conversation
        switch entry.change {
        case .created(let details, let members):
            all[id] = Room(name: details.name, members: members.map(\.user))
        case .updated(let details): all[id]?.name = details.name
        case .member(let action, let member):
            if action.endsMembership {
                all[id]?.members.removeAll { $0.id == member.user.id }
                if member.user.id == me.id { all[id] = nil }
            } else if var room = all[id], !room.members.contains(where: { $0.id == member.user.id }) {
                room.members.append(member.user)
                all[id] = room
            }
        case .message(let posted):
            remember(posted.id, entry.seq, in: id)
            if entry.author.id != me.id { all[id]?.unread += 1 }
        default: break
        }
    }
}
