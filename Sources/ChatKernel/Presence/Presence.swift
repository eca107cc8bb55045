/// Who is here: per user, not per connection, and never stale.
///
/// A user is present in a conversation while it holds a connection there, or a lease that has not run out: a lease is
/// what a transport without connections takes, and renews. Notices are told at once in a quiet conversation; in a busy
/// one they are merged, so that a thousand joins do not cost a million notices of a thousand names. A connection of a
/// user who counts as here already changes nothing for the others; it alone is told who is here. Moments are in
/// monotonic nanoseconds.
public struct Presence: Sendable {
    /// The pause between two notices of one conversation: 50 ms, and 0.2 ms for each present user, since a notice is as
    /// long as the list of users and goes to all of them.
    static func pause(present: Int) -> Int64 { 50_000_000 + 200_000 * Int64(present) }

    /// Small on purpose: there is one for each present user of each conversation.
    private struct Hold {
        let username: String
        var connections: Int32 = 0
        /// Whether the others have been told that the user is here.
        var isAnnounced = false
        var leaseEnds: Int64 = .min
    }

    private struct Room {
        var holds: [UserID: Hold] = [:]
        /// By when they came.
        var present: [UserID] = []
        /// Who has gone, and was told of, and whose going has not been told of yet.
        var gone: [UserReference] = []
        /// Connections of users whose coming has been told of, in the order in which they opened: of these the next notice is the first.
        var unaware: [(session: Session.ID, user: UserReference)] = []
        var isPending = false
        var quietFrom: Int64 = .min

        // In its place: a room of ten thousand is not copied for each who comes.
        mutating func hold(_ user: UserReference, _ change: (inout Hold) -> Void) {
            if holds[user.id] == nil {
                present.append(user.id)
                var hold = Hold(username: user.username)
                if let back = gone.firstIndex(where: { $0.id == user.id }) {
                    gone.remove(at: back)
                    hold.isAnnounced = true
                }
                holds[user.id] = hold
            }
            change(&holds[user.id, default: Hold(username: user.username)])
        }
    }

    private var rooms: [ConversationID: Room] = [:]
    /// In the order in which they became so: what is told may not depend on the order of a hash table.
    private var pending: [ConversationID] = []
    private var leases: [(ends: Int64, conversation: ConversationID, user: UserID)] = []

    public init() {}

    /// Whether ``tick(now:)`` has something to wait for.
    public var isWaiting: Bool { !pending.isEmpty || !leases.isEmpty }

    /// Each user once, by when they came; empty when nobody is here.
    public func activeUsers(in conversation: ConversationID) -> [UserID] { rooms[conversation]?.present ?? [] }

    /// A connection of the user has opened.
    /// - Parameter session: the connection's, when it hears notices.
    public mutating func enter(
        _ user: UserReference, _ conversation: ConversationID, by session: Session.ID? = nil, now: Int64
    ) -> [PresenceNotice] {
        hold(user, conversation) { $0.connections += 1 }
        if let session, rooms[conversation]?.holds[user.id]?.isAnnounced == true, !Mutation.leavesUnaware.isOn {
            rooms[conversation]?.unaware.append((session, user))
        }
        return changed(conversation, now: now)
    }

    /// A connection of the user has closed.
    public mutating func leave(_ user: UserID, _ conversation: ConversationID, now: Int64) -> [PresenceNotice] {
        rooms[conversation]?.holds[user]?.connections -= Mutation.keepsTheGone.isOn ? 0 : 1
        release(user, conversation, now: now)
        return changed(conversation, now: now)
    }

    /// The user is here until this moment, at least.
    public mutating func lease(
        _ user: UserReference, _ conversation: ConversationID, until: Int64, now: Int64
    ) -> [PresenceNotice] {
        hold(user, conversation) { $0.leaseEnds = max($0.leaseEnds, until) }
        leases.append((until, conversation, user.id))
        return changed(conversation, now: now)
    }

    /// Time has passed: leases run out, merged notices fall due.
    public mutating func tick(now: Int64) -> [PresenceNotice] {
        var notices: [PresenceNotice] = []
        let ended = leases.filter { $0.ends <= now }
        if !ended.isEmpty {
            leases.removeAll { $0.ends <= now }
            for lease in ended {
                release(lease.user, lease.conversation, now: now)
                notices += changed(lease.conversation, now: now)
            }
        }
        var due: [ConversationID] = []
        pending.removeAll { conversation in
            guard rooms[conversation].map({ $0.quietFrom <= now }) ?? true else { return false }
            due.append(conversation)
            return true
        }
        for conversation in due { notices += announce(conversation, now: now) }
        return notices
    }

    private mutating func hold(
        _ user: UserReference, _ conversation: ConversationID, _ change: (inout Hold) -> Void
    ) {
        rooms[conversation, default: Room()].hold(user, change)
    }

    private mutating func release(_ user: UserID, _ conversation: ConversationID, now: Int64) {
        guard let hold = rooms[conversation]?.holds[user], hold.connections <= 0, hold.leaseEnds <= now else { return }
        rooms[conversation]?.holds[user] = nil
        rooms[conversation]?.present.removeAll { $0 == user }
        if hold.isAnnounced { rooms[conversation]?.gone.append(UserReference(id: user, username: hold.username)) }
    }

    /// Tells at once, or notes that there is something to tell.
    private mutating func changed(_ conversation: ConversationID, now: Int64) -> [PresenceNotice] {
        guard let room = rooms[conversation] else { return [] }
        if room.quietFrom <= now, !room.isPending { return announce(conversation, now: now) }
        if !room.isPending {
            rooms[conversation]?.isPending = true
            pending.append(conversation)
        }
        return []
    }

    /// One notice for all who came, one for all who went; none for who came and went unseen. Each says who is here; only without
    /// one is there another for those who have not been told.
    private mutating func announce(_ conversation: ConversationID, now: Int64) -> [PresenceNotice] {
        guard var room = rooms[conversation] else { return [] }
        var notices: [PresenceNotice] = []
        if let last = room.gone.max(by: { $0.id < $1.id }) {
            notices.append(
                PresenceNotice(
                    conversation: conversation, event: .left, user: last, activeUsers: room.present))
        }
        let come = room.present.filter { room.holds[$0]?.isAnnounced == false }
        if let last = come.last, let hold = room.holds[last] {
            let user = UserReference(id: last, username: hold.username)
            notices.append(
                PresenceNotice(
                    conversation: conversation, event: .joined, user: user, activeUsers: room.present))
        }
        if notices.isEmpty, let last = room.unaware.last {
            notices.append(
                PresenceNotice(
                    conversation: conversation, event: .present, user: last.user, activeUsers: room.present,
                    audience: Set(room.unaware.map(\.session))))
        }
        room.isPending = false
        if room.present.isEmpty {
            rooms[conversation] = nil
            return notices
        }
        if !notices.isEmpty {
            room.gone = []
            room.unaware = []
            for user in come { room.holds[user]?.isAnnounced = true }
            room.quietFrom = now + Self.pause(present: room.present.count)
        }
        rooms[conversation] = room
        return notices
    }
}
