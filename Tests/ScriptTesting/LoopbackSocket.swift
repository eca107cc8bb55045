import Glibc

/// A blocking TCP connection to this machine, as plain as can be. Every wait ends after some seconds with an error, so that a broken
/// server fails a test instead of hanging it. Used by one thread at a time, and that is what `@unchecked Sendable` stands on.
package final class LoopbackSocket: @unchecked Sendable {
    private var descriptor: Int32

    /// The server has ended the connection without a farewell.
    package struct Reset: Error {}

    /// - Parameters:
    ///   - seconds: how long to wait for the server, each time.
    ///   - receiveBuffer: small, for a client whose server shall notice that it does not read.
    package init(port: UInt16, patience seconds: Int, receiveBuffer: Int32? = nil) throws {
        // A program that another test starts meanwhile would hold it open, and its end would not be heard.
        descriptor = socket(AF_INET, Int32(SOCK_STREAM.rawValue | SOCK_CLOEXEC.rawValue), 0)
        if var size = receiveBuffer { unsafe setsockopt(descriptor, SOL_SOCKET, SO_RCVBUF, &size, 4) }
        var patience = timeval(tv_sec: seconds, tv_usec: 0)
        unsafe setsockopt(descriptor, SOL_SOCKET, SO_RCVTIMEO, &patience, socklen_t(MemoryLayout<timeval>.size))
        unsafe setsockopt(descriptor, SOL_SOCKET, SO_SNDTIMEO, &patience, socklen_t(MemoryLayout<timeval>.size))
        var address = sockaddr_in()
        address.sin_family = sa_family_t(AF_INET)
        address.sin_port = port.bigEndian
        address.sin_addr.s_addr = UInt32(0x7F00_0001).bigEndian
        let result = unsafe withUnsafePointer(to: &address) { pointer in
            unsafe pointer.withMemoryRebound(to: sockaddr.self, capacity: 1) {
                unsafe connect(descriptor, $0, socklen_t(MemoryLayout<sockaddr_in>.size))
            }
        }
        guard result == 0 else { throw Trouble("connect: errno \(errno)") }
    }

    deinit { close() }

    package func close() {
        if descriptor >= 0 { _ = Glibc.close(descriptor) }
        descriptor = -1
    }

    /// Closes with a reset instead of a farewell.
    package func reset() {
        var hard = linger(l_onoff: 1, l_linger: 0)
        unsafe setsockopt(descriptor, SOL_SOCKET, SO_LINGER, &hard, socklen_t(MemoryLayout<linger>.size))
        close()
    }

    /// Says that nothing more will be sent, and goes on reading.
    package func halfClose() {
        _ = shutdown(descriptor, Int32(SHUT_WR))
    }

    package func send(_ bytes: ArraySlice<UInt8>) throws {
        var rest = bytes
        while !rest.isEmpty {
            let sent = unsafe rest.withUnsafeBytes {
                unsafe Glibc.send(descriptor, $0.baseAddress, $0.count, Int32(MSG_NOSIGNAL))
            }
            guard sent > 0 else { throw Trouble("send: errno \(errno)") }
            rest = rest.dropFirst(sent)
        }
    }

    /// The next bytes, at least one; nil at the end.
    /// - Throws: ``Reset``; ``Trouble`` when nothing has come for too long.
    package func receive() throws -> [UInt8]? {
        var count = 0
        let bytes = unsafe [UInt8](unsafeUninitializedCapacity: 1 << 16) { buffer, filled in
            unsafe count = recv(descriptor, buffer.baseAddress, buffer.count, 0)
            filled = max(0, count)
        }
        if count < 0, errno == ECONNRESET { throw Reset() }
        guard count >= 0 else { throw Trouble("receive: errno \(errno)") }
        return count == 0 ? nil : bytes
    }
}
