import CLinux
import TLSTesting

/// A blocking TCP client, as plain as can be. Every wait ends after ten seconds with an error, so a broken server
/// fails a test instead of hanging it.
final class TestClient: @unchecked Sendable {
    struct Trouble: Error, CustomStringConvertible {
        var description: String
    }

    private var socket: Int32
    private var buffered: [UInt8] = []
    /// Sends a byte at a time.
    var trickles = false
    /// What is held back while corked.
    private var corked: [UInt8]?
    /// Nil without TLS.
    private(set) var tls: TLSClient?

    /// - Parameters:
    ///   - receiveBuffer: small, for a peer that shall notice that nothing is read.
    ///   - tls: to shake hands with; nil for a plain connection.
    init(port: UInt16, receiveBuffer: Int32? = nil, tls options: TLSClient.Options? = nil) throws {
        socket = CLinux.socket(AF_INET, Int32(SOCK_STREAM.rawValue), 0)
        if var size = receiveBuffer { unsafe setsockopt(socket, SOL_SOCKET, SO_RCVBUF, &size, 4) }
        var patience = timeval(tv_sec: 10, tv_usec: 0)
        unsafe setsockopt(socket, SOL_SOCKET, SO_RCVTIMEO, &patience, socklen_t(MemoryLayout<timeval>.size))
        unsafe setsockopt(socket, SOL_SOCKET, SO_SNDTIMEO, &patience, socklen_t(MemoryLayout<timeval>.size))
        var address = sockaddr_in()
        address.sin_family = sa_family_t(AF_INET)
        address.sin_port = port.bigEndian
        address.sin_addr.s_addr = UInt32(0x7F00_0001).bigEndian
        let result = unsafe withUnsafePointer(to: &address) { pointer in
            unsafe pointer.withMemoryRebound(to: sockaddr.self, capacity: 1) {
                unsafe chat_connect(socket, $0, socklen_t(MemoryLayout<sockaddr_in>.size))
            }
        }
        guard result == 0 else { throw Trouble(description: "connect: errno \(chat_errno())") }
        if let options { try secure(options) }
    }

    /// Shakes hands. A first text goes in one piece with the client's last word.
    func secure(_ options: TLSClient.Options, and first: String = "") throws {
        let client = TLSClient(
            options, carry: { [unowned self] in try sendPlain($0) }, fetch: { [unowned self] in try receivePlain() })
        tls = client
        guard !first.isEmpty else { return try client.shakeHands() }
        corked = []
        try client.shakeHands(whenever: { [unowned self] in try uncork() })
        try client.send(Array(first.utf8))
        try uncork()
        corked = nil
    }

    private func uncork() throws {
        guard let held = corked else { return }
        corked = nil
        try sendPlain(held)
        corked = []
    }

    deinit { close() }

    func close() {
        if socket >= 0 { _ = CLinux.close(socket) }
        socket = -1
    }

    /// Closes with a reset instead of a farewell.
    func reset() {
        var hard = linger(l_onoff: 1, l_linger: 0)
        unsafe setsockopt(socket, SOL_SOCKET, SO_LINGER, &hard, socklen_t(MemoryLayout<linger>.size))
        close()
    }

    func halfClose() {
        _ = shutdown(socket, Int32(SHUT_WR))
    }

    func send(_ text: String) throws { try send(Array(text.utf8)) }

    func send(_ bytes: [UInt8]) throws {
        if let tls { try tls.send(bytes) } else { try sendPlain(bytes) }
    }

    /// Sends all of it in one piece, records of TLS too.
    func together(_ body: () throws -> Void) throws {
        corked = []
        try body()
        let held = corked ?? []
        corked = nil
        try sendPlain(held)
    }

    private func sendPlain(_ bytes: [UInt8]) throws {
        if corked != nil {
            corked? += bytes
            return
        }
        var done = 0
        while done < bytes.count {
            let end = trickles ? done + 1 : bytes.count
            let sent = unsafe bytes[done..<end].withUnsafeBytes {
                unsafe CLinux.send(socket, $0.baseAddress, $0.count, Int32(MSG_NOSIGNAL))
            }
            guard sent > 0 else { throw Trouble(description: "send: errno \(chat_errno())") }
            done += sent
        }
    }

    /// The next bytes, at least one; nil at the end.
    private func receive() throws -> [UInt8]? {
        if let tls { try tls.receive() } else { try receivePlain() }
    }

    private func receivePlain() throws -> [UInt8]? {
        let bytes = unsafe [UInt8](unsafeUninitializedCapacity: 1 << 16) { buffer, count in
            unsafe count = recv(socket, buffer.baseAddress, buffer.count, 0)
            if count < 0 { count = chat_errno() == EAGAIN ? -1 : -2 }
            if count < 0 { count = 0; failure = true } else { failure = false }
        }
        if failure { throw Trouble(description: "receive: errno \(chat_errno())") }
        return bytes.isEmpty ? nil : bytes
    }

    private var failure = false

    /// Exactly `count` bytes.
    func read(_ count: Int) throws -> [UInt8] {
        while buffered.count < count {
            guard let more = try receive() else {
                throw Trouble(description: "ended after \(buffered.count) of \(count) bytes: \(text(buffered))")
            }
            buffered += more
        }
        defer { buffered.removeFirst(count) }
        return Array(buffered.prefix(count))
    }

    /// All bytes up to the end of the stream.
    func readToEnd() throws -> [UInt8] {
        while let more = try receive() { buffered += more }
        defer { buffered = [] }
        return buffered
    }

    /// Everything up to and including a text.
    func read(through end: String) throws -> String {
        let mark = Array(end.utf8)
        var seen = 0
        while true {
            while seen + mark.count <= buffered.count {
                if buffered[seen..<(seen + mark.count)].elementsEqual(mark) { return text(try read(seen + mark.count)) }
                seen += 1
            }
            guard let more = try receive() else {
                throw Trouble(description: "ended before \(end.debugDescription): \(text(buffered))")
            }
            buffered += more
        }
    }
}

func text(_ bytes: [UInt8]) -> String { String(decoding: bytes, as: UTF8.self) }
