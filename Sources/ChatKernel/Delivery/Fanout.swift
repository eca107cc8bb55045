import Synchronization

/// Which outlets follow which conversation. An outlet is counted once for each of its readers there.
final class Fanout: Sendable {
    private struct Follower {
        let outlet: any Outlet
        var readers: Int
    }

    private let followers = Mutex<[ConversationID: [Follower]]>([:])

    /// Returns the identifier as it is kept here: one text for all who follow the conversation, instead of one each.
    func follow(_ conversation: ConversationID, by outlet: any Outlet) -> ConversationID {
        followers.withLock { followers in
            if let at = followers[conversation]?.firstIndex(where: { $0.outlet === outlet }) {
                followers[conversation]?[at].readers += 1
            } else {
                followers[conversation, default: []].append(Follower(outlet: outlet, readers: 1))
            }
            return followers.index(forKey: conversation).map { followers[$0].key } ?? conversation
        }
    }

    func unfollow(_ conversation: ConversationID, by outlet: any Outlet) {
        followers.withLock { followers in
            guard let at = followers[conversation]?.firstIndex(where: { $0.outlet === outlet }) else { return }
            followers[conversation]?[at].readers -= 1
            if followers[conversation]?[at].readers == 0 { followers[conversation]?.remove(at: at) }
            if followers[conversation]?.isEmpty == true { followers[conversation] = nil }
        }
    }

    /// How many readers a conversation has: its connections.
    func readers(of conversation: ConversationID) -> Int {
        followers.withLock { $0[conversation]?.reduce(0) { $0 + $1.readers } ?? 0 }
    }

    func send(_ signal: Signal) {
        let outlets = followers.withLock { $0[signal.conversation]?.map(\.outlet) ?? [] }
        for outlet in outlets { outlet.signal(signal) }
    }

    /// Sorts what a commit brought by outlet: only those that follow a conversation get its parcel.
    func address(_ parcels: [Parcel], _ settlements: [Settlement]) -> [Addressed] {
        var addressed: [Addressed] = []
        func index(of outlet: any Outlet) -> Int {
            if let known = addressed.firstIndex(where: { $0.outlet === outlet }) { return known }
            addressed.append(Addressed(outlet: outlet))
            return addressed.count - 1
        }
        followers.withLock { followers in
            for parcel in parcels {
                for follower in followers[parcel.conversation] ?? [] {
                    addressed[index(of: follower.outlet)].parcels.append(parcel)
                }
            }
        }
        for settlement in settlements {
            addressed[index(of: settlement.session.outlet)].settlements.append(settlement)
        }
        return addressed
    }

    struct Addressed {
        let outlet: any Outlet
        var parcels: [Parcel] = []
        var settlements: [Settlement] = []
    }
}
