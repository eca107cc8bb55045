import COpenSSL
public import ChatKernel

/// Random bytes fit for keys, salts and identifiers, from OpenSSL's generator, which the operating system seeds.
public enum Randomness {
    /// Up to 1 KiB of random bytes.
    /// - Throws: `internal` when the generator has no entropy. Then nothing secret may be made.
    public static func bytes(_ count: Int) throws(ChatError) -> [UInt8] {
        var bytes = [UInt8](repeating: 0, count: min(max(0, count), 1024))
        let filled = unsafe bytes.withUnsafeMutableBufferPointer { buffer in
            unsafe RAND_bytes(buffer.baseAddress, Int32(truncatingIfNeeded: buffer.count))
        }
        guard filled == 1 else {
            ERR_clear_error()
            throw ChatError(.internal, "Something went wrong on our side.")
        }
        return bytes
    }

    /// `count` random bytes as base64url text: what a first run keeps as its secret.
    public static func text(_ count: Int) throws(ChatError) -> String {
        String(decoding: Base64.url.encode(try bytes(count)), as: UTF8.self)
    }

    /// A user's identifier made at `time`.
    static func userID(at time: Timestamp) throws(ChatError) -> UserID {
        func word(_ bytes: ArraySlice<UInt8>) -> UInt64 { bytes.reduce(0) { $0 << 8 | UInt64($1) } }
        let bytes = try bytes(16)
        return UserID(UUIDv7.make(at: time, random: word(bytes.prefix(8)), word(bytes.suffix(8))))
    }
}
