import COpenSSL

/// SHA-1, which the opening handshake of RFC 6455 asks for. It protects nothing there.
enum Digest {
    static func sha1(_ bytes: [UInt8]) -> [UInt8] {
        var digest = [UInt8](repeating: 0, count: 20)
        _ = unsafe bytes.withUnsafeBufferPointer { input in
            unsafe digest.withUnsafeMutableBufferPointer { output in
                unsafe SHA1(input.baseAddress, input.count, output.baseAddress)
            }
        }
        return digest
    }
}
