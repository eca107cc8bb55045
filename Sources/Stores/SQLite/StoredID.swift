import ChatKernel

/// A message's identifier as the log holds it: sixteen bytes for a UUID in its canonical form, which are ours, and
/// text for any other.
enum StoredID: Hashable, Sendable {
    case bits(high: UInt64, low: UInt64)
    case text(String)

    init(_ id: MessageID) {
        // Only for what ``id`` gives back exactly.
        if let (high, low) = UUIDText.bits(of: id.text) {
            self = .bits(high: high, low: low)
        } else {
            self = .text(id.text)
        }
    }

    var id: MessageID {
        switch self {
        case .text(let text): MessageID(text)
        case .bits(let high, let low): MessageID(UUIDText.text(high: high, low: low))
        }
    }
}
