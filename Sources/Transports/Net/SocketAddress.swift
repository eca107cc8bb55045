import CLinux

/// The addresses of sockets, as the system writes them.
enum SocketAddress {
    /// The numeric address (an IPv4 one inside IPv6 as plain IPv4) and the port; empty for families we do not speak.
    static func text(of storage: sockaddr_storage) -> (host: String, port: UInt16) {
        switch Int32(storage.ss_family) {
        case AF_INET:
            let address = unsafe withUnsafeBytes(of: storage) { unsafe $0.loadUnaligned(as: sockaddr_in.self) }
            return (numeric(AF_INET, address.sin_addr), UInt16(bigEndian: address.sin_port))
        case AF_INET6:
            let address = unsafe withUnsafeBytes(of: storage) { unsafe $0.loadUnaligned(as: sockaddr_in6.self) }
            var host = numeric(AF_INET6, address.sin6_addr)
            // ::ffff:192.0.2.1 is what an IPv4 peer looks like to a socket that listens for both.
            if host.hasPrefix("::ffff:"), host.contains(".") { host = String(host.dropFirst(7)) }
            return (host, UInt16(bigEndian: address.sin6_port))
        default:
            return ("", 0)
        }
    }

    private static func numeric<Address>(_ family: Int32, _ address: Address) -> String {
        // 46 bytes hold the longest IPv6 text and its end.
        unsafe withUnsafeTemporaryAllocation(of: CChar.self, capacity: 64) { text in
            unsafe withUnsafeBytes(of: address) { bytes in
                guard let found = unsafe inet_ntop(family, bytes.baseAddress, text.baseAddress, 64) else { return "" }
                return unsafe String(cString: found)
            }
        }
    }
}
