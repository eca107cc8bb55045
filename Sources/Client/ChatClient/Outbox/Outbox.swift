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
        /// The server may have it: it was under way before, by this client or by the one that left it behind.
        var isDoubtful: Bool
        /// When it may be sent again.
        var due: Int64 = .min
        /// How often it was put off, or had no answer to a request of its own: for the pause.
        var setbacks = 0
        /// How often the server failed at it.
        var failures = 0
    }

    private var slots: [Slot] = []
    let limit: Int

    /// Under way at a time, over all conversations.
    static let window = 8
    /// A server that fails at a message this often will not take it.
    static let failureLimit = 10

    init(limit: Int) { self.limit = limit }

    var isEmpty: Bool { slots.isEmpty }
    var isFull: Bool { slots.count >= limit }
    var items: [OutboxItem] { slots.map(\.item) }

    /// - Parameter isKept: whether an earlier client has left it behind.
    mutating func add(_ item: OutboxItem, isKept: Bool) { slots.append(Slot(item: item, isDoubtful: isKept)) }

    /// The next item to be sent, which is under way from now on; nil when there is none for the time being.
    ///
    /// - Parameter repeats: whether those that the server may have are sent too.
    mutating func next(by attempt: Int, now: Int64, repeats: Bool) -> OutboxItem? {
        var busy: Set<ConversationID> = []
        var underWay = 0
        for slot in slots where slot.attempt != nil {
            underWay += 1
            busy.insert(slot.item.conversation)
        }
        guard underWay < Self.window else { return nil }
        for place in slots.indices where busy.insert(slots[place].item.conversation).inserted {
            guard slots[place].due <= now, repeats || !slots[place].isDoubtful else { continue }
            slots[place].attempt = attempt
            slots[place].isDoubtful = true
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

    /// The server has it. False when it is not (any more) in the outbox.
    mutating func settled(_ item: OutboxItem) -> Bool {
        guard let place = slots.firstIndex(where: { $0.item == item }) else { return false }
        slots.remove(at: place)
        return true
    }

    /// The item that this message may be, because it has its name and the server may have it.
    func doubtful(_ id: ClientID, in conversation: ConversationID) -> OutboxItem? {
        slots.first { $0.isDoubtful && $0.item.clientID == id && $0.item.conversation == conversation }?.item
    }

    /// The item under way by this attempt; of one connection's many the one with this name.
    func item(_ attempt: Int, _ id: ClientID? = nil) -> OutboxItem? {
        slots.first { $0.attempt == attempt && (id == nil || $0.item.clientID == id) }?.item
    }

    /// How often it was put off, or had no answer to a request of its own.
    func setbacks(of item: OutboxItem) -> Int { slots.first { $0.item == item }?.setbacks ?? 0 }

    /// The server refused it. The item when it is given up, nil when it is put off.
    ///
    /// - Parameter wait: how long to put it off at least.
    mutating func refused(_ item: OutboxItem, _ error: ChatError, now: Int64, wait: Int64) -> OutboxItem? {
        guard let place = slots.firstIndex(where: { $0.item == item }) else { return nil }
        slots[place].attempt = nil
        slots[place].setbacks &+= 1
        if error.code == .internal { slots[place].failures &+= 1 }
        guard error.code.isRetryable, slots[place].failures < Self.failureLimit else {
            return slots.remove(at: place).item
        }
        let asked = Int64(error.retryAfterMilliseconds ?? 0) * 1_000_000
        slots[place].due = now &+ max(asked, wait)
        return nil
    }

    /// Whatever was under way by this attempt has had no answer, and will have none: it is to be sent again.
    mutating func lost(_ attempt: Int) {
        for place in slots.indices where slots[place].attempt == attempt { slots[place].attempt = nil }
    }

    /// The item under way by this attempt has had no answer, and is to be sent again after a while.
    mutating func lost(_ attempt: Int, now: Int64, wait: Int64) {
        guard let place = slots.firstIndex(where: { $0.attempt == attempt }) else { return }
        slots[place].attempt = nil
        slots[place].setbacks &+= 1
        slots[place].due = now &+ wait
    }
}
