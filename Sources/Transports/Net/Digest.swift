import COpenSSL

/// SHA-1, by which a server proves that it has read the opening handshake (RFC 6455 section 4.1). It protects nothing.
///
/// Both sides of that handshake have their sockets from this target, which knows OpenSSL anyway.
package enum Digest {
    /// The digest's 20 bytes.
    package static func sha1(_ bytes: [UInt8]) -> [UInt8] {
        var digest = [UInt8](repeating: 0, count: 20)
        _ = unsafe bytes.withUnsafeBufferPointer { input in
            unsafe digest.withUnsafeMutableBufferPointer { output in
                unsafe SHA1(input.baseAddress, input.count, output.baseAddress)
            }
        }
        return digest
    }
}
