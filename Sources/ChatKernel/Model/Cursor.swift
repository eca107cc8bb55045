/// Which life of a store a position belongs to: random, and made with the store.
///
/// A store begins a new one when numbers that clients have seen may come again for something else: when its log (the
/// WAL) is broken before its end, when the machine lost its power while a store was open that does not sync, and when
/// the operator says so (`chatd new-epoch`, ``StoreWithEpochs``) after an older copy was put back. By itself a copy
/// that was put back keeps its epoch: cursors from beyond it are `cursor_ahead` until it has come as far again, and are
/// then believed.
public struct Epoch: Hashable, Sendable {
    public let value: UInt64

    public init(_ value: UInt64) { self.value = value }
}

/// One position over all of a user's conversations, the same on every transport. To clients it is opaque text.
///
/// Holding one grants nothing: authorisation is evaluated again for every event it yields.
public struct Cursor: Hashable, Sendable, CustomStringConvertible {
    public let epoch: Epoch
    public let pos: Pos

    public init(epoch: Epoch, pos: Pos) {
        self.epoch = epoch
        self.pos = pos
    }

    /// `1.<epoch in hexadecimal>.<pos>`; the first part is the version of the form.
    public var description: String { "1.\(String(epoch.value, radix: 16)).\(pos)" }

    /// Nil for anything that ``description`` does not make (`cursor_invalid`).
    public init?(_ text: some StringProtocol) {
        guard text.utf8.count <= 48 else { return nil }
        let parts = text.split(separator: ".", omittingEmptySubsequences: false)
        guard parts.count == 3, parts[0] == "1", let epoch = UInt64(parts[1], radix: 16),
            let pos = Pos(parts[2]), pos >= 0
        else { return nil }
        self.init(epoch: Epoch(epoch), pos: pos)
        guard description == text else { return nil }
    }
}
