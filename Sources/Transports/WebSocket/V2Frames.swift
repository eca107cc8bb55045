import ChatKernel
import ChatWebSocketProtocol
import ChatWire

/// Profile v2 in WebSocket frames: what is made once and shared by all readers.
enum V2Frames {
    static let form = WireForm("v2 in WebSocket frames")

    /// The frames of a parcel, one for each event.
    static func bytes(of parcel: Parcel, epoch: Epoch) -> WireBytes {
        parcel.encoded(as: form) { parcel in
            var bytes: [UInt8] = []
            var payload: [UInt8] = []
            let ends = parcel.events().map { event in
                append(event, epoch, &payload, to: &bytes)
                return bytes.count
            }
            return WireBytes(bytes, ends: ends)
        }
    }

    /// The frames of some entries, joined in one buffer.
    static func bytes(of entries: [Entry], epoch: Epoch) -> [UInt8] {
        var bytes: [UInt8] = []
        var payload: [UInt8] = []
        for at in entries.indices { append(entries[at], epoch, &payload, to: &bytes) }
        return bytes
    }

    private static func append(_ entry: Entry, _ epoch: Epoch, _ payload: inout [UInt8], to bytes: inout [UInt8]) {
        payload.removeAll(keepingCapacity: true)
        V2.append(entry, epoch: epoch, to: &payload)
        unsafe FrameWriter.append(.text, payload.span.bytes, to: &bytes)
    }

    /// The frames of a signal: of several users who came or went together there is one for the newest, as in v1, with who is here.
    static func frames(for signal: Signal) -> [UInt8] {
        frame { V2.append(signal, to: &$0) }
    }

    static func frame(_ write: (inout [UInt8]) -> Void) -> [UInt8] {
        var payload: [UInt8] = []
        write(&payload)
        return FrameWriter.text(payload)
    }
}
