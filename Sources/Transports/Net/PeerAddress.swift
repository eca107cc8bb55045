import CLinux

/// One address that a connection can be made to.
public struct PeerAddress: Sendable {
    let storage: sockaddr_storage
    let length: socklen_t

    /// The addresses that a name stands for, in the order in which they are to be tried.
    ///
    /// - Parameter answer: called once. For a numeric address at once, on the caller's thread; for a name later, on a thread of its own,
    ///   because the system's look-up blocks for as long as its resolver likes.
    public static func find(
        host: String, port: UInt16, _ answer: @escaping @Sendable (Result<[PeerAddress], LookupError>) -> Void
    ) {
        let numeric = Result { () throws(LookupError) in
            try look(up: host, port: port, flags: AI_NUMERICHOST | AI_NUMERICSERV)
        }
        if case .success = numeric { return answer(numeric) }
        do throws(SystemError) {
            _ = try LoopThread(name: "lookup") {
                answer(
                    Result { () throws(LookupError) in
                        try look(up: host, port: port, flags: AI_ADDRCONFIG | AI_NUMERICSERV)
                    })
            }
        } catch {
            answer(.failure(LookupError(host: host, detail: error.description)))
        }
    }

    private static func look(up host: String, port: UInt16, flags: Int32) throws(LookupError) -> [PeerAddress] {
        var hints = unsafe addrinfo()
        unsafe hints.ai_socktype = Int32(SOCK_STREAM.rawValue)
        unsafe hints.ai_flags = flags
        var found: UnsafeMutablePointer<addrinfo>?
        let code = unsafe getaddrinfo(host, String(port), &hints, &found)
        guard code == 0 else {
            throw LookupError(host: host, detail: unsafe String(cString: gai_strerror(code)))
        }
        defer { if let found = unsafe found { unsafe freeaddrinfo(found) } }
        var addresses: [PeerAddress] = []
        var candidate = unsafe found
        while let entry = unsafe candidate, addresses.count < mostAddresses {
            unsafe candidate = entry.pointee.ai_next
            let length = unsafe entry.pointee.ai_addrlen
            guard let address = unsafe entry.pointee.ai_addr, length <= MemoryLayout<sockaddr_storage>.size else {
                continue
            }
            var storage = sockaddr_storage()
            unsafe withUnsafeMutableBytes(of: &storage) { room in
                unsafe room.copyMemory(from: UnsafeRawBufferPointer(start: address, count: Int(length)))
            }
            addresses.append(PeerAddress(storage: storage, length: length))
        }
        return addresses
    }

    /// Of a name with more the rest is not tried.
    private static let mostAddresses = 16
}

/// A name that no address was found for.
public struct LookupError: Error, Sendable, Equatable, CustomStringConvertible {
    public var host: String
    /// The resolver's sentence.
    public var detail: String

    public var description: String { "cannot find \(host): \(detail)" }
}
