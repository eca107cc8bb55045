import ChatKernel

/// What is to be sent, and how far that has come (pure).
///
/// In a conversation one message is under way at a time, and the next follows when it is answered: so a message that is put off
/// (`rate_limited`) is never overtaken by what was written after it.
struct Outbox {
    private struct Slot {
        let item: OutboxItem
        /// By which attempt it is under way.
        var attempt: Int?
        /// When it may be sent again.
        var due: Int64 = .min
        var refusals = 0
    }

    private var slots: [Slot] = []
    let limit: Int

    /// Under way at a time, over all conversations.
    static let window = 8
    /// A server that fails at a message this often will not take it.
    static let refusalLimit = 10

    init(limit: Int) { self.limit = limit }

    var isEmpty: Bool { slots.isEmpty }
    var isFull: Bool { slots.count >= limit }
    var items: [OutboxItem] { slots.map(\.item) }

    mutating func add(_ item: OutboxItem) { slots.append(Slot(item: item)) }

    /// The next item to be sent, which is under way from now on; nil when there is none for the time being.
    mutating func next(by attempt: Int, now: Int64) -> OutboxItem? {
        var busy: Set<ConversationID> = []
        var underWay = 0
        for slot in slots where slot.attempt != nil {
            underWay += 1
            busy.insert(slot.item.conversation)
        }
        guard underWay < Self.window else { return nil }
        for place in slots.indices where busy.insert(slots[place].item.conversation).inserted {
            guard slots[place].due <= now else { continue }
            slots[place].attempt = attempt
            return slots[place].item
        }
        return nil
    }

    /// When the first of those that were put off may be sent; nil when none was.
    func due(after now: Int64) -> Int64? {
        var due: Int64?
        for slot in slots where slot.attempt == nil && slot.due > now { due = min(due ?? .max, slot.due) }
        return due
    }

    /// The server has it. Nil when it is not (any more) in the outbox.
    mutating func settled(_ id: ClientID, in conversation: ConversationID) -> OutboxItem? {
        guard let place = slots.firstIndex(where: { $0.item.clientID == id && $0.item.conversation == conversation })
        else { return nil }
        return slots.remove(at: place).item
    }

    /// The item under way by this attempt; of one connection's many the one with this name.
    func item(_ attempt: Int, _ id: ClientID? = nil) -> OutboxItem? {
        slots.first { $0.attempt == attempt && (id == nil || $0.item.clientID == id) }?.item
    }

    /// How often the server has put it off.
    func refusals(of item: OutboxItem) -> Int { slots.first { $0.item == item }?.refusals ?? 0 }

    /// The server refused it. The item when it is given up, nil when it is put off.
    ///
    /// - Parameter wait: how long to put it off at least.
    mutating func refused(_ item: OutboxItem, _ error: ChatError, now: Int64, wait: Int64) -> OutboxItem? {
        guard let place = slots.firstIndex(where: { $0.item == item }) else { return nil }
        slots[place].attempt = nil
        slots[place].refusals += 1
        let isLasting = error.code == .internal && slots[place].refusals >= Self.refusalLimit
        guard error.code.isRetryable, !isLasting else { return slots.remove(at: place).item }
        let asked = Int64(error.retryAfterMilliseconds ?? 0) * 1_000_000
        slots[place].due = now &+ max(asked, wait)
        return nil
    }

    /// Whatever was under way by this attempt has had no answer, and will have none: it is to be sent again.
    mutating func lost(_ attempt: Int, due: Int64 = .min) {
        for place in slots.indices where slots[place].attempt == attempt {
            slots[place].attempt = nil
            slots[place].due = due
        }
    }
}
