import CLinux

/// The one owner of a file descriptor: it is closed when its owner goes, or before by `close()`, never twice.
public struct Descriptor: ~Copyable, Sendable {
    /// The number, or -1 once closed.
    public private(set) var number: Int32

    /// Takes over an open descriptor.
    public init(owning number: Int32) {
        self.number = number
    }

    deinit {
        if number >= 0 { _ = CLinux.close(number) }
    }

    /// Closes it now. Linux frees the number even when `close` reports an error, so there is nothing to retry.
    public mutating func close() {
        guard number >= 0 else { return }
        _ = CLinux.close(number)
        number = -1
    }
}
