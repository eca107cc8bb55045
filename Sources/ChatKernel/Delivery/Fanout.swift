import Synchronization

/// Which outlets follow which conversation, and which users. An outlet is counted once for each of its readers there.
///
/// A user's conversations are not listed here: a user may be in ten thousand, of which three have news. Instead the members
/// of a conversation are known from when it first has news while anybody is followed (``Roster``).
final class Fanout: Sendable {
    private struct State {
        var readers: [ConversationID: [Readers]] = [:]
        var followers = Followers()
        var rosters = Rosters()
        /// Where there are sessions, and how many.
        var outlets: [ObjectIdentifier: Readers] = [:]
        /// Everything committed up to here has been handed out; nil until the kernel knows where the store stands.
        var through: Pos?
        /// The same, and it is in the outlets' queues.
        var delivered: Pos?
    }

    private struct Readers {
        let outlet: any Outlet
        var count: Int
    }

    private let state = Mutex(State())

    // MARK: Conversations

    /// Returns the identifier as it is kept here: one text for all who follow the conversation, instead of one each.
    func follow(_ conversation: ConversationID, by outlet: any Outlet) -> ConversationID {
        state.withLock { state in
            if let at = state.readers[conversation]?.firstIndex(where: { $0.outlet === outlet }) {
                state.readers[conversation]?[at].count += 1
            } else {
                state.readers[conversation, default: []].append(Readers(outlet: outlet, count: 1))
            }
            return state.readers.index(forKey: conversation).map { state.readers[$0].key } ?? conversation
        }
    }

    func unfollow(_ conversation: ConversationID, by outlet: any Outlet) {
        state.withLock { state in
            guard let at = state.readers[conversation]?.firstIndex(where: { $0.outlet === outlet }) else { return }
            state.readers[conversation]?[at].count -= 1
            if state.readers[conversation]?[at].count == 0 { state.readers[conversation]?.remove(at: at) }
            if state.readers[conversation]?.isEmpty == true { state.readers[conversation] = nil }
        }
    }

    /// How many readers a conversation has: its connections.
    func readers(of conversation: ConversationID) -> Int {
        state.withLock { $0.readers[conversation]?.reduce(0) { $0 + $1.count } ?? 0 }
    }

    func send(_ signal: Signal) {
        let outlets = state.withLock { $0.readers[signal.conversation]?.map(\.outlet) ?? [] }
        for outlet in outlets { outlet.signal(signal) }
    }

    // MARK: Sessions

    func opened(by outlet: any Outlet) {
        state.withLock {
            $0.outlets[ObjectIdentifier(outlet), default: Readers(outlet: outlet, count: 0)].count += 1
        }
    }

    func closed(by outlet: any Outlet) {
        state.withLock { state in
            let key = ObjectIdentifier(outlet)
            state.outlets[key]?.count -= 1
            if state.outlets[key]?.count == 0 { state.outlets[key] = nil }
        }
    }

    // MARK: Users

    /// The store's head. Before the first batch has been handed out, whatever is past it will be; later it says nothing new.
    func begin(at head: Pos) {
        state.withLock { state in
            guard state.through == nil else { return }
            state.through = head
            state.delivered = head
        }
    }

    /// The outlets have been given all up to here.
    func delivered(through pos: Pos) { state.withLock { $0.delivered = pos } }

    var deliveredThrough: Pos? { state.withLock { $0.delivered } }

    /// From here on the outlet gets the user's mail of everything past the position returned.
    func follow(_ user: UserID, as place: Int, by outlet: any Outlet) -> (follower: Follower, after: Pos)? {
        state.withLock { state in
            guard let through = state.through else { return nil }
            let follower = Follower(user: user, place: place, outlet: outlet)
            state.followers.add(follower)
            return (follower, Mutation.claimsOldMail.isOn ? max(0, through - 1) : through)
        }
    }

    func unfollow(_ follower: Follower) {
        state.withLock { state in
            state.followers.remove(follower)
            // They are kept up only while somebody needs them.
            if state.followers.isEmpty { state.rosters = Rosters() }
        }
    }

    /// Nothing will be handed out any more: whoever follows is let go of.
    func end() {
        let followers = state.withLock { state in
            state.rosters = Rosters()
            defer { state.followers = Followers() }
            return state.followers
        }
        _ = followers
    }

    func learn(_ conversation: ConversationID, members: [UserID]) {
        state.withLock { state in
            // The last follower may have gone while the store was asked: then nobody keeps rosters up.
            if !state.followers.isEmpty { state.rosters.learn(conversation, members) }
        }
    }

    // MARK: A batch

    enum Addressing {
        case done([Addressed])
        /// Who is in these must be learnt first; the members as they are after the batch.
        case lacks([ConversationID])
    }

    /// What everybody is told with a batch.
    struct News {
        var dismissals: [UserID] = []
        var expiries: [Expiry] = []
    }

    struct Addressed {
        let outlet: any Outlet
        var contents = Batch.Contents()
    }

    /// Sorts what a commit brought by outlet: only those that follow a conversation, or one of its members, get its parcel.
    /// - Parameter isFinal: members that are not known stay so: their mail is said to lack.
    func address(
        _ parcels: [Parcel], _ settlements: [Settlement], _ news: News = News(), through: Pos, isFinal: Bool = false
    ) -> Addressing {
        var sorting = Sorting()
        let lacking: [ConversationID] = state.withLock { state in
            let isMailed = !state.followers.isEmpty
            if isMailed, !isFinal {
                let lacking = parcels.filter { [rosters = state.rosters] in !rosters.knows($0) }
                if !lacking.isEmpty { return lacking.map(\.conversation) }
            }
            for parcel in parcels {
                for readers in state.readers[parcel.conversation] ?? [] {
                    sorting[readers.outlet].parcels.append(parcel)
                }
                guard isMailed else { continue }
                if let audience = state.rosters.pass(parcel, among: state.followers) {
                    sorting.mail(parcel, to: audience)
                } else {
                    for follower in state.followers.all { sorting[follower.outlet].lacksMail = true }
                }
            }
            if isMailed { state.rosters.trim() }
            if !news.dismissals.isEmpty {
                // Wherever there are sessions: whose they are the outlets know.
                for readers in state.outlets.values { sorting[readers.outlet].dismissals = news.dismissals }
                for follower in state.followers.all { sorting[follower.outlet].dismissals = news.dismissals }
            }
            if !news.expiries.isEmpty {
                for follower in state.followers.all { sorting[follower.outlet].expiries = news.expiries }
            }
            if through > 0 { state.through = through }
            return []
        }
        guard lacking.isEmpty else { return .lacks(lacking) }
        for settlement in settlements { sorting[settlement.session.outlet].settlements.append(settlement) }
        return .done(sorting.addressed)
    }

    private struct Sorting {
        var addressed: [Addressed] = []

        subscript(outlet: any Outlet) -> Batch.Contents {
            get { addressed[index(of: outlet) ?? 0].contents }
            _modify {
                let at = index(of: outlet) ?? addressed.count
                if at == addressed.count { addressed.append(Addressed(outlet: outlet)) }
                yield &addressed[at].contents
            }
        }

        private func index(of outlet: any Outlet) -> Int? { addressed.firstIndex { $0.outlet === outlet } }

        mutating func mail(_ parcel: Parcel, to audience: [Followers.Party]) {
            for party in audience { self[party.outlet].mail.append(Mail(parcel: parcel, followers: party.followers)) }
        }
    }
}
