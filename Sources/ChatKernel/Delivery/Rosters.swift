/// Who is in the conversations that had news lately, kept up by the news itself.
///
/// Learnt from the store when a conversation first has news while anybody is followed, so that following a user costs nothing
/// for each of its conversations. Bounded: past ``limit`` members in all, those that had no news since the last time go.
struct Rosters {
    /// Names of members, some 100 bytes each.
    static let limit = 200_000

    private struct Roster {
        var members: Set<UserID>
        /// Had news since the last trimming.
        var isFresh = true
        /// Who of the followed is a member, as of a state of the followers: mostly the same from batch to batch.
        var audience: (generation: UInt64, parties: [Followers.Party])?
    }

    private var rosters: [ConversationID: Roster] = [:]
    private var size = 0

    init() {}

    /// Whether the audience of a parcel can be told.
    func knows(_ parcel: Parcel) -> Bool {
        rosters.index(forKey: parcel.conversation) != nil || Self.founders(in: parcel) != nil
    }

    /// The members after the batch that is about to be passed.
    mutating func learn(_ conversation: ConversationID, _ members: [UserID]) {
        size += members.count - (rosters[conversation]?.members.count ?? 0)
        rosters[conversation] = Roster(members: Set(members))
    }

    /// Takes in what the parcel says of members, and returns the followed users who may see something of it: those who are
    /// members after it, and those who left in it. Nil when the members are not known.
    mutating func pass(_ parcel: Parcel, among followers: Followers) -> [Followers.Party]? {
        guard let place = rosters.index(forKey: parcel.conversation) else {
            guard let founders = Self.founders(in: parcel) else { return nil }
            learn(parcel.conversation, founders)
            return pass(parcel, among: followers)
        }
        rosters.values[place].isFresh = true
        guard !parcel.isCrossed else {
            let seeing = cross(parcel, at: place)
            return followers.audience(of: seeing)
        }
        if let known = rosters.values[place].audience, known.generation == followers.generation {
            return known.parties
        }
        let audience = followers.audience(of: rosters.values[place].members)
        rosters.values[place].audience = (followers.generation, audience)
        return audience
    }

    /// Lets those in and out who come and go; returns who may see something of it.
    private mutating func cross(_ parcel: Parcel, at place: Dictionary<ConversationID, Roster>.Index) -> Set<UserID> {
        var members = rosters.values[place].members
        size -= members.count
        let crossing = parcel.arrivals + (Mutation.hidesRemovals.isOn ? [] : parcel.departures)
        let seeing = members.union(crossing.map(\.user))
        for entry in parcel.entries {
            guard case .member(let action, let member) = entry.change else { continue }
            if action.endsMembership {
                members.remove(member.user.id)
            } else if !Mutation.forgetsArrivals.isOn {
                members.insert(member.user.id)
            }
        }
        size += members.count
        rosters.values[place].members = members
        rosters.values[place].audience = nil
        return seeing
    }

    private static func founders(in parcel: Parcel) -> [UserID]? {
        guard case .created(_, let members)? = parcel.entries.first?.change else { return nil }
        return members.map(\.user.id)
    }

    mutating func trim() {
        guard size > Self.limit else { return }
        rosters = rosters.filter { $0.value.isFresh }
        size = 0
        for place in rosters.indices {
            rosters.values[place].isFresh = false
            size += rosters.values[place].members.count
        }
    }
}

/// The users whom outlets follow.
struct Followers {
    private var byUser: [UserID: [Follower]] = [:]
    /// What keeps the outlets, and for how many followers.
    private var outlets: [ObjectIdentifier: (outlet: any Outlet, count: Int)] = [:]
    /// Counts the changes, so that what was derived from them can be kept.
    private(set) var generation: UInt64 = 0

    var isEmpty: Bool { byUser.isEmpty }

    var all: some Sequence<Follower> { byUser.values.joined() }

    mutating func add(_ follower: Follower) {
        let outlet = follower.outlet
        byUser[follower.user, default: []].append(follower)
        outlets[ObjectIdentifier(outlet), default: (outlet, 0)].count += 1
        generation += 1
    }

    mutating func remove(_ follower: Follower) {
        guard let at = byUser[follower.user]?.firstIndex(where: { $0 === follower }) else { return }
        let outlet = ObjectIdentifier(follower.outlet)
        byUser[follower.user]?.remove(at: at)
        outlets[outlet]?.count -= 1
        if outlets[outlet]?.count == 0 { outlets[outlet] = nil }
        if byUser[follower.user]?.isEmpty == true { byUser[follower.user] = nil }
        generation += 1
    }

    /// Those of an audience whom one outlet follows.
    struct Party {
        let outlet: any Outlet
        fileprivate(set) var followers: [Follower]
    }

    /// Those who are among these members. Walks over the smaller of the two, and is in an order that no hash table decides: that in
    /// which an outlet has its places, and so mostly its memory.
    func audience(of members: Set<UserID>) -> [Party] {
        var audience: [Follower] = []
        if members.count <= byUser.count {
            for member in members { if let here = byUser[member] { audience += here } }
        } else {
            for (user, here) in byUser where members.contains(user) { audience += here }
        }
        audience.sort { ($0.place, $0.user) < ($1.place, $1.user) }
        var parties: [Party] = []
        for follower in audience {
            if let at = parties.firstIndex(where: { $0.outlet === follower.outlet }) {
                parties[at].followers.append(follower)
            } else {
                parties.append(Party(outlet: follower.outlet, followers: [follower]))
            }
        }
        return parties
    }
}
