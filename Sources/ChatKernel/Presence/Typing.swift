/// Who is typing. It ends by itself, so that it cannot stick when a client is gone. Moments are in monotonic
/// nanoseconds.
public struct Typing: Sendable {
    /// In nanoseconds: 6 s. Who types on says so again before.
    public static let lifetime: Int64 = 6_000_000_000
    /// How many may type at once; the next ones are not told of.
    static let limit = 65_536

    private struct Key: Hashable {
        let conversation: ConversationID
        let user: UserID
    }

    private var ends: [Key: Int64] = [:]
    /// Every lifetime is the same, so what began first ends first; renewed ones are passed over.
    private var line: [(ends: Int64, key: Key, user: UserReference)] = []
    private var head = 0

    public init() {}

    /// Whether ``tick(now:)`` has something to wait for.
    public var isWaiting: Bool { !ends.isEmpty }

    /// Whether there is something to tell.
    public mutating func set(
        _ user: UserReference, in conversation: ConversationID, on: Bool, now: Int64
    ) -> Bool {
        let key = Key(conversation: conversation, user: user.id)
        guard on else { return ends.removeValue(forKey: key) != nil }
        guard ends[key] != nil || ends.count < Self.limit, line.count - head < 2 * Self.limit else { return false }
        ends[key] = now + Self.lifetime
        line.append((now + Self.lifetime, key, user))
        return true
    }

    /// Those whose typing has ended by itself.
    public mutating func tick(now: Int64) -> [(conversation: ConversationID, user: UserReference)] {
        var ended: [(conversation: ConversationID, user: UserReference)] = []
        while head < line.count, line[head].ends <= now, !Mutation.typesForEver.isOn {
            let item = line[head]
            head += 1
            if ends[item.key] == item.ends {
                ends[item.key] = nil
                ended.append((item.key.conversation, item.user))
            }
        }
        if head > 1024, head > line.count / 2 {
            line.removeFirst(head)
            head = 0
        }
        return ended
    }
}
