import Glibc
import TLSTesting

/// What went wrong for a client, in words.
struct Trouble: Error, CustomStringConvertible {
    let description: String
    init(_ description: String) { self.description = description }
}

/// A blocking TCP client, with TLS if it is asked for. Every wait ends after half a minute with an error, so that a broken server fails a test
/// instead of hanging it. Used by one thread at a time, and that is what `@unchecked Sendable` stands on.
final class Socket: @unchecked Sendable {
    private var descriptor: Int32
    private var buffered: [UInt8] = []
    private var at = 0
    private(set) var tls: TLSClient?

    /// - Parameters:
    ///   - receiveBuffer: small, for a client whose server shall notice that it does not read.
    ///   - tls: whether to shake hands at once.
    init(port: UInt16, receiveBuffer: Int32? = nil, tls isSecure: Bool = false) throws {
        descriptor = Glibc.socket(AF_INET, Int32(SOCK_STREAM.rawValue), 0)
        if var size = receiveBuffer { unsafe setsockopt(descriptor, SOL_SOCKET, SO_RCVBUF, &size, 4) }
        var patience = timeval(tv_sec: 30, tv_usec: 0)
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
        if isSecure {
            let client = TLSClient(
                carry: { [unowned self] in try sendPlain($0) }, fetch: { [unowned self] in try receivePlain() })
            try client.shakeHands()
            tls = client
        }
    }

    deinit { close() }

    func close() {
        if descriptor >= 0 { _ = Glibc.close(descriptor) }
        descriptor = -1
    }

    /// Closes with a reset instead of a farewell.
    func reset() {
        var hard = linger(l_onoff: 1, l_linger: 0)
        unsafe setsockopt(descriptor, SOL_SOCKET, SO_LINGER, &hard, socklen_t(MemoryLayout<linger>.size))
        close()
    }

    func send(_ bytes: [UInt8]) throws {
        if let tls { try tls.send(bytes) } else { try sendPlain(bytes) }
    }

    private func sendPlain(_ bytes: [UInt8]) throws {
        var done = 0
        while done < bytes.count {
            let sent = unsafe bytes[done...].withUnsafeBytes {
                unsafe Glibc.send(descriptor, $0.baseAddress, $0.count, Int32(MSG_NOSIGNAL))
            }
            guard sent > 0 else { throw Trouble("send: errno \(errno)") }
            done += sent
        }
    }

    /// The next byte; nil at the end.
    func byte() throws -> UInt8? {
        if at == buffered.count {
            let more = if let tls { try tls.receive() } else { try receivePlain() }
            guard let more else { return nil }
            (buffered, at) = (more, 0)
        }
        defer { at += 1 }
        return buffered[at]
    }

    /// The next bytes as they are on the wire; nil at the end.
    private func receivePlain() throws -> [UInt8]? {
        var count = 0
        let bytes = unsafe [UInt8](unsafeUninitializedCapacity: 1 << 16) { buffer, filled in
            unsafe count = recv(descriptor, buffer.baseAddress, buffer.count, 0)
            filled = max(0, count)
        }
        guard count >= 0 else { throw Trouble("receive: errno \(errno)") }
        return count == 0 ? nil : bytes
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
        var bytes: [UInt8] = []
        while let byte = try byte() {
            if byte == UInt8(ascii: "\n") {
                if bytes.last == UInt8(ascii: "\r") { bytes.removeLast() }
                return String(decoding: bytes, as: UTF8.self)
            }
            bytes.append(byte)
        }
        throw Trouble("ended within a line: \(String(decoding: bytes, as: UTF8.self))")
    }
}

/// Runs a blocking script on a thread of its own: those of the cooperative pool belong to the host. It stays the test's
/// task, so that what it finds wrong is the test's.
func onThread<Value: Sendable>(_ script: @escaping @Sendable () throws -> Value) async throws -> Value {
    try await withTaskExecutorPreference(ThreadEach()) { try await run(script) }
}

@concurrent
private func run<Value: Sendable>(_ script: @Sendable () throws -> Value) async throws -> Value { try script() }

/// A thread for each piece of work.
private final class ThreadEach: TaskExecutor {
    private final class Errand {
        let job: UnownedJob
        let executor: ThreadEach

        init(_ job: UnownedJob, _ executor: ThreadEach) {
            self.job = job
            self.executor = executor
        }
    }

    func enqueue(_ job: consuming ExecutorJob) {
        let errand = unsafe Unmanaged.passRetained(Errand(UnownedJob(job), self))
        var thread = pthread_t()
        let code = unsafe pthread_create(
            &thread, nil,
            { context in
                guard let context = unsafe context else { return nil }
                let errand = unsafe Unmanaged<Errand>.fromOpaque(context).takeRetainedValue()
                unsafe errand.job.runSynchronously(on: errand.executor.asUnownedTaskExecutor())
                return nil
            }, errand.toOpaque())
        precondition(code == 0)
        pthread_detach(thread)
    }
}
