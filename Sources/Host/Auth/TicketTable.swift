import ChatKernel

/// Tickets given out and not used yet: single use, for half a minute. Pure; time is an argument, in monotonic nanoseconds.
///
/// Bounded: of one user the oldest goes when it has ``perUser``, of all the oldest go when there are ``capacity``.
struct TicketTable {
    /// How long a ticket lives, in seconds (`protocol.md` section 8): time enough to open a connection.
    static let lifetimeSeconds = 30
    static let perUser = 64

    private struct Ticket {
        let identity: Identity
        let ends: Int64
    }

    private let capacity: Int
    private var tickets: [String: Ticket] = [:]
    private var byUser: [UserID: [String]] = [:]
    /// In the order in which they end, and among them some that are gone: not many more than there are tickets.
    private var line: [String] = []
    private var head = 0

    init(capacity: Int = 65_536) { self.capacity = max(1, capacity) }

    var count: Int { tickets.count }
    /// How many are in memory, with those that are gone.
    var remembered: Int { line.count - head }

    /// - Parameter text: random, and nobody else's.
    mutating func add(_ text: String, for identity: Identity, now: Int64) {
        while head < line.count, tickets[line[head]].map({ $0.ends <= now }) ?? true { dropOldest() }
        while tickets.count >= capacity { dropOldest() }
        let user = identity.user.id
        if byUser[user]?.count ?? 0 >= Self.perUser, let oldest = byUser[user]?.first { remove(oldest) }
        tickets[text] = Ticket(identity: identity, ends: now &+ Int64(Self.lifetimeSeconds) * 1_000_000_000)
        byUser[user, default: []].append(text)
        line.append(text)
        // Behind one that lasts the others would stay, however fast they are taken and used.
        if remembered > 2 * tickets.count + Self.perUser {
            line = line[head...].filter { tickets[$0] != nil }
            head = 0
        }
    }

    /// Whose ticket this is; it is spent with that.
    mutating func redeem(_ text: String, now: Int64) -> Identity? {
        guard let ticket = remove(text), now < ticket.ends else { return nil }
        return ticket.identity
    }

    private mutating func dropOldest() {
        guard head < line.count else { return }
        remove(line[head])
        head += 1
        if head > 1024, head > line.count / 2 {
            line.removeFirst(head)
            head = 0
        }
    }

    @discardableResult
    private mutating func remove(_ text: String) -> Ticket? {
        guard let ticket = tickets.removeValue(forKey: text) else { return nil }
        let user = ticket.identity.user.id
        byUser[user]?.removeAll { $0 == text }
        if byUser[user]?.isEmpty == true { byUser[user] = nil }
        return ticket
    }
}
