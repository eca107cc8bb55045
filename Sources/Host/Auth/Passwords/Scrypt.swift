import COpenSSL

/// The cost of a password hash (RFC 7914 section 2).
public struct ScryptParameters: Hashable, Sendable {
    /// The binary logarithm of N.
    public let logN: Int
    public let r: Int
    public let p: Int

    /// N = 2^15, r = 8, p = 1: 32 MiB and about a tenth of a second on our two-core machine. Twice what RFC 7914's
    /// author advised for logins; more would let a small host be kept busy by a few strangers, and the attempts are
    /// limited besides. Every hash carries its own parameters, so the cost can be raised for new ones at any time.
    public static let standard = ScryptParameters(uncheckedLogN: 15, r: 8, p: 1)

    /// The bytes a derivation needs, about.
    public var memory: Int { 128 * r * (1 << logN) + 128 * r * p }

    /// Nil for a cost outside what we are willing to pay for a stored hash: 2^20, r and p at most 16, 128 MiB.
    public init?(logN: Int, r: Int, p: Int) {
        guard (1...20).contains(logN), (1...16).contains(r), (1...16).contains(p) else { return nil }
        self.init(uncheckedLogN: logN, r: r, p: p)
        guard memory <= 128 << 20 + 1 << 16 else { return nil }
    }

    private init(uncheckedLogN: Int, r: Int, p: Int) {
        logN = uncheckedLogN
        self.r = r
        self.p = p
    }
}

public enum Scrypt {
    /// RFC 7914. Blocks for as long as the parameters say. Nil when there is not the memory for it.
    public static func derive(
        password: [UInt8], salt: [UInt8], parameters: ScryptParameters, length: Int
    ) -> [UInt8]? {
        defer { ERR_clear_error() }
        var key = [UInt8](repeating: 0, count: min(max(1, length), 1024))
        // OpenSSL refuses 32 MiB and more unless told otherwise; its own tables come on top.
        let allowed = UInt64(parameters.memory) + 1 << 20
        let made = unsafe password.withUnsafeBytes { password in
            unsafe key.withUnsafeMutableBufferPointer { key in
                unsafe EVP_PBE_scrypt(
                    password.baseAddress?.assumingMemoryBound(to: CChar.self), password.count, salt, salt.count,
                    UInt64(1) << UInt64(parameters.logN), UInt64(parameters.r), UInt64(parameters.p), allowed,
                    key.baseAddress, key.count)
            }
        }
        return made == 1 ? key : nil
    }
}
