import CLinux

/// What a failed `accept` asks for (pure). See `accept(2)`.
public enum AcceptVerdict: Equatable, Sendable {
    /// Nothing is waiting; the next event will tell.
    case wait
    /// That connection is gone before it was taken, the next may be fine.
    case next
    /// No descriptor, buffer or memory is left. The connection stays in the backlog, and epoll would report it in
    /// every round, so accepting must rest for a while.
    case rest
    /// The listening socket itself is broken.
    case broken

    public init(errno code: Int32) {
        switch code {
        case EAGAIN: self = .wait
        case EINTR, ECONNABORTED, EPROTO, EPERM, ENETDOWN, ENOPROTOOPT, EHOSTDOWN, ENONET, EHOSTUNREACH, EOPNOTSUPP,
            ENETUNREACH, ETIMEDOUT:
            self = .next
        case EMFILE, ENFILE, ENOBUFS, ENOMEM: self = .rest
        default: self = .broken
        }
    }
}
