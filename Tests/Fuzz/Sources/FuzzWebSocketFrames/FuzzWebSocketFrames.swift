import ChatWebSocketProtocol

@testable import Feeding

/// Any bytes as what a client sends after the handshake: whole, byte by byte and in pieces must give the same events, and after a close
/// or a violation there are none. The first byte chooses limits so tight that they are met.
@_cdecl("LLVMFuzzerTestOneInput")
public func fuzzWebSocketFrames(_ data: UnsafePointer<UInt8>, _ size: Int) -> CInt {
    unsafe feed(data, size) { bytes in
        guard let choice = bytes.first else { return }
        let input = Array(bytes.dropFirst())
        var limits = WebSocketLimits()
        if choice & 1 != 0 {
            limits = WebSocketLimits(frameBytes: 200, messageBytes: 300, fragments: 4)
        }
        let whole = replay(input, cuts: [], limits: limits)
        check(whole)
        for pieceSize in pieceSizes(for: bytes) {
            let cuts = Array(stride(from: 0, to: input.count, by: pieceSize))
            precondition(replay(input, cuts: cuts, limits: limits) == whole, "cut in pieces it differs")
        }
    }
}

private func check(_ events: [Seen]) {
    for (index, event) in events.enumerated() {
        switch event {
        case .text, .binary: break
        case .ping(let payload), .pong(let payload): precondition(payload.count <= 125)
        case .close(let code, let reason):
            precondition(index == events.count - 1, "something after a close")
            precondition(code.map { CloseCode(rawValue: $0).mayBeSent } ?? reason.isEmpty)
            // What the peer said can be said back.
            let answer = FrameWriter.close(code.map(CloseCode.init(rawValue:)), reason: reason)
            precondition(answer.count == 2 + (code == nil ? 0 : 2 + reason.utf8.count))
        case .violation(let violation):
            precondition(index == events.count - 1, "something after a violation")
            precondition(violation.closeCode.mayBeSent)
        case .brokenPromise(let what): preconditionFailure(what)
        }
    }
}
