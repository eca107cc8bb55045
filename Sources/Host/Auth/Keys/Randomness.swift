import COpenSSL
public import ChatKernel
import ChatWire
import Synchronization

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
        let bytes = try bytes(16)
        return UserID(UUIDv7.make(at: time, random: word(bytes.prefix(8)), word(bytes.suffix(8))))
    }

    private static func word(_ bytes: ArraySlice<UInt8>) -> UInt64 { bytes.reduce(0) { $0 << 8 | UInt64($1) } }

    /// A stream of random words for identifiers, for any thread. Drawn a kilobyte at a time: a call for each was 2 % of a busy
    /// host's time. Without entropy the words are the system's own.
    public static func words() -> @Sendable () -> UInt64 {
        let stock = Stock()
        return { stock.take() }
    }

    private final class Stock: Sendable {
        private let words = Mutex<[UInt64]>([])

        func take() -> UInt64 {
            words.withLock { words in
                if let word = words.popLast() { return word }
                words = Self.draw()
                return words.popLast() ?? .random(in: .min ... .max)
            }
        }

        private static func draw() -> [UInt64] {
            var words = [UInt64](repeating: 0, count: 128)
            let filled = unsafe words.withUnsafeMutableBytes { buffer in
                unsafe RAND_bytes(
                    buffer.baseAddress?.assumingMemoryBound(to: UInt8.self), Int32(truncatingIfNeeded: buffer.count))
            }
            if filled == 1 { return words }
            ERR_clear_error()
            return []
        }
    }
}
