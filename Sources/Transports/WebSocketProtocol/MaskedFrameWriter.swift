/// The sending side of a client: frames with a mask, never fragmented (RFC 6455 sections 5.2 and 5.3).
public enum MaskedFrameWriter {
    /// One frame.
    ///
    /// - Parameters:
    ///   - payload: at most 125 bytes in a control frame; what is longer is cut there.
    ///   - mask: unpredictable to whoever chose the payload: from the system's generator, a new one for each frame.
    public static func frame(_ opcode: Opcode, _ payload: [UInt8], mask: UInt32) -> [UInt8] {
        let payload = opcode.isControl ? payload.prefix(125) : payload[...]
        let length = FrameWriter.frameLength(payload: payload.count) + 4
        return [UInt8](capacity: length) { out in
            FrameWriter.appendHeader(opcode, payload: payload.count, isMasked: true, to: &out)
            for shift in stride(from: UInt32(0), to: 32, by: 8) { out.append(UInt8(truncatingIfNeeded: mask >> shift)) }
            var rest = mask
            for byte in payload {
                out.append(byte ^ UInt8(truncatingIfNeeded: rest))
                rest = rest >> 8 | rest << 24
            }
        }
    }

    /// A close. Without a code, or with one that must not be on the wire, it has no body.
    public static func close(_ code: CloseCode?, mask: UInt32) -> [UInt8] {
        guard let code, code.mayBeSent else { return frame(.close, [], mask: mask) }
        let number = code.rawValue
        return frame(
            .close, [UInt8(truncatingIfNeeded: number >> 8), UInt8(truncatingIfNeeded: number)], mask: mask)
    }
}
