import CLinux

/// What a descriptor is ready for, or is watched for: epoll's bits.
struct Readiness: OptionSet, Sendable {
    let rawValue: UInt32

    static let read = Readiness(rawValue: EPOLLIN.rawValue)
    static let write = Readiness(rawValue: EPOLLOUT.rawValue)
    /// Reported whether watched for or not: an error, or both directions are over.
    static let over = Readiness(rawValue: EPOLLERR.rawValue | EPOLLHUP.rawValue)
}

/// Level-triggered epoll, and the bell other threads ring to end its wait. Safe: the buffer of events never leaves it.
@safe
final class Poller: @unchecked Sendable {
    private let epoll: Descriptor
    private let bell: Descriptor
    private let events: UnsafeMutableBufferPointer<epoll_event>

    /// Events taken at a time. The rest comes in the next round, which is never far.
    private static let capacity = 512

    /// The ticket of the bell; a watched descriptor never gets it, its number would be negative.
    static let bellTicket = UInt64.max

    init() throws(SystemError) {
        unsafe events = .allocate(capacity: Self.capacity)
        unsafe events.initialize(repeating: epoll_event())
        epoll = Descriptor(owning: epoll_create1(Int32(EPOLL_CLOEXEC)))
        let epollCode = chat_errno()
        bell = Descriptor(owning: eventfd(0, Int32(EFD_NONBLOCK) | Int32(EFD_CLOEXEC)))
        let bellCode = chat_errno()
        guard epoll.number >= 0 else { throw SystemError(call: "epoll_create1", code: epollCode) }
        guard bell.number >= 0 else { throw SystemError(call: "eventfd", code: bellCode) }
        // Edge-triggered: each ring is an edge, so the counter need never be read back.
        let interest = Readiness(rawValue: EPOLLIN.rawValue | EPOLLET.rawValue)
        try control(EPOLL_CTL_ADD, bell.number, interest, Self.bellTicket)
    }

    deinit {
        unsafe events.deallocate()
    }

    /// Ends the wait under way or, when there is none, the next one. From any thread.
    func ring() {
        var one: UInt64 = 1
        _ = unsafe write(bell.number, &one, 8)
    }

    func add(_ number: Int32, _ interest: Readiness, ticket: UInt64) throws(SystemError) {
        try control(EPOLL_CTL_ADD, number, interest, ticket)
    }

    /// For a descriptor that was added and not closed since, so that it cannot fail.
    func change(_ number: Int32, _ interest: Readiness, ticket: UInt64) {
        try? control(EPOLL_CTL_MOD, number, interest, ticket)
    }

    /// Waits and returns how many events there are.
    ///
    /// - Parameter patience: milliseconds; -1 for as long as it takes.
    func wait(_ patience: Int32) -> Int {
        // A negative answer is EINTR: no events.
        Int(max(0, unsafe epoll_wait(epoll.number, events.baseAddress, Int32(Self.capacity), patience)))
    }

    /// One event of the last wait.
    func event(_ position: Int) -> (ticket: UInt64, readiness: Readiness) {
        precondition(position >= 0 && position < Self.capacity)
        let event = unsafe events[position]
        return unsafe (event.data.u64, Readiness(rawValue: event.events))
    }

    private func control(
        _ operation: Int32, _ number: Int32, _ interest: Readiness, _ ticket: UInt64
    ) throws(SystemError) {
        var event = unsafe epoll_event(events: interest.rawValue, data: epoll_data_t(u64: ticket))
        guard unsafe epoll_ctl(epoll.number, operation, number, &event) == 0 else {
            throw SystemError(call: "epoll_ctl", code: chat_errno())
        }
    }
}
