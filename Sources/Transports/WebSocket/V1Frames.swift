import ChatKernel
import ChatWebSocketProtocol
import ChatWire

/// Profile v1 in WebSocket frames: what is made once and shared by all readers.
enum V1Frames {
    static let form = WireForm("v1 in WebSocket frames")

    /// The frames of a parcel, joined in one buffer; empty when v1 shows nothing of it.
    static func bytes(of parcel: Parcel, kernel: Kernel) -> [UInt8] {
        parcel.encoded(as: form) { parcel in
            WireBytes(bytes(of: parcel.entries) { kernel.activeUsers(in: parcel.conversation) })
        }.bytes
    }

    /// The frames of some entries, joined in one buffer.
    static func bytes(of entries: [Entry], activeUsers: () -> [UserID]) -> [UInt8] {
        // By index: an iterator would copy each, with all its texts.
        var size = 0
        for at in entries.indices { size += 10 + V1.sizeEstimate(entries[at]) }
        var bytes: [UInt8] = []
        bytes.reserveCapacity(size)
        var payload: [UInt8] = []
        for at in entries.indices where V1.isVisible(entries[at]) {
            payload.removeAll(keepingCapacity: true)
            V1.append(entries[at], activeUsers: activeUsers, to: &payload)
            unsafe FrameWriter.append(.text, payload.span.bytes, to: &bytes)
        }
        return bytes
    }

    /// The frame of a signal; nil when v1 does not show it.
    static func frame(for signal: Signal) -> [UInt8]? {
        var payload: [UInt8] = []
        switch signal {
        case .typing(let conversation, let user, let on, _):
            guard on else { return nil }
            V1.appendTyping(user, in: conversation, to: &payload)
        case .presence(let notice):
            switch notice.event {
            case .joined:
                V1.appendJoined(notice.user, in: notice.conversation, activeUsers: notice.activeUsers, to: &payload)
            case .left:
                V1.appendLeft(notice.user, in: notice.conversation, activeUsers: notice.activeUsers, to: &payload)
            case .present:
                V1.appendPresent(notice.user, in: notice.conversation, activeUsers: notice.activeUsers, to: &payload)
            }
        }
        return FrameWriter.text(payload)
    }
}
