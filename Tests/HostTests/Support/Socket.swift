import ScriptTesting
import TLSTesting

/// A blocking TCP client, with TLS if it is asked for. Every wait ends after five minutes with an error, so that a broken server fails a test
/// instead of hanging it. Used by one thread at a time, and that is what `@unchecked Sendable` stands on.
final class Socket: @unchecked Sendable {
    private let wire: LoopbackSocket
    private var buffered: [UInt8] = []
    private var at = 0
    private(set) var tls: TLSClient?

    /// - Parameters:
    ///   - receiveBuffer: small, for a client whose server shall notice that it does not read.
    ///   - tls: whether to shake hands at once.
    init(port: UInt16, receiveBuffer: Int32? = nil, tls isSecure: Bool = false) throws {
        wire = try LoopbackSocket(port: port, patience: 300, receiveBuffer: receiveBuffer)
        if isSecure {
            let client = TLSClient(carry: { [wire] in try wire.send($0[...]) }, fetch: { [wire] in try wire.receive() })
            try client.shakeHands()
            tls = client
        }
    }

    func close() { wire.close() }

    /// Closes with a reset instead of a farewell.
    func reset() { wire.reset() }

    func send(_ bytes: [UInt8]) throws {
        if let tls { try tls.send(bytes) } else { try wire.send(bytes[...]) }
    }

    /// The next byte; nil at the end.
    func byte() throws -> UInt8? {
        if at == buffered.count {
            let more = if let tls { try tls.receive() } else { try wire.receive() }
            guard let more else { return nil }
            (buffered, at) = (more, 0)
        }
        defer { at += 1 }
        return buffered[at]
    }

    /// Exactly so many bytes.
    func read(_ count: Int) throws -> [UInt8] {
        var bytes: [UInt8] = []
        bytes.reserveCapacity(count)
        while bytes.count < count {
            guard let first = try byte() else { throw Trouble("ended after \(bytes.count) of \(count) bytes") }
            bytes.append(first)
            let more = min(count - bytes.count, buffered.count - at)
            bytes += buffered[at..<(at + more)]
            at += more
        }
        return bytes
    }

    /// Up to a line's end, which does not count.
    func line() throws -> String {
        guard let line = try lineOrEnd() else { throw Trouble("ended where a line was due") }
        return line
    }

    /// The same; nil when the stream ends where a line would begin.
    func lineOrEnd() throws -> String? {
        var bytes: [UInt8] = []
        while let byte = try byte() {
            if byte == UInt8(ascii: "\n") {
                if bytes.last == UInt8(ascii: "\r") { bytes.removeLast() }
                return String(decoding: bytes, as: UTF8.self)
            }
            bytes.append(byte)
        }
        if bytes.isEmpty { return nil }
        throw Trouble("ended within a line: \(String(decoding: bytes, as: UTF8.self))")
    }
}
